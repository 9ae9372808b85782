// SPDX-License-Identifier: BSD-3-Clause
/*
 * XDP in front of the hook.
 */
#include "relay_door.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef KTURN_HAVE_XDP
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "kturn_xdp.skel.h"

#define NARROW "build/tests/fastpath/narrow.bpf.o"

/**
 * struct relay_door - the door
 * @program: the one that kturnd has
 * @narrow: of relay_door_narrow(), or NULL
 * @mode: XDP_FLAGS_DRV_MODE or XDP_FLAGS_SKB_MODE
 */
struct relay_door {
	struct kturn_xdp *program;
	struct bpf_object *narrow;
	uint32_t mode;
};

static int complain(const char *what, int err)
{
	printf("# %s: %s\n", what, strerror(-err));
	return err;
}

static int attach(const struct bpf_program *program, const char *device,
		  uint32_t mode)
{
	int err, index = (int)if_nametoindex(device);

	if (!index)
		return complain(device, -errno);
	err = bpf_xdp_attach(index, bpf_program__fd(program), mode, NULL);
	return err ? complain("bpf_xdp_attach", err) : 0;
}

int relay_door_attach(const struct relay_door *door, const char *device)
{
	if (!door)
		return 0;
	return attach(door->program->progs.kturn_xdp, device, door->mode);
}

int relay_door_narrow(struct relay_door *door, const char *device)
{
	struct bpf_program *program;
	int err;

	door->narrow = bpf_object__open_file(NARROW, NULL);
	if (!door->narrow)
		return complain(NARROW, -errno);
	err = bpf_object__load(door->narrow);
	if (err)
		return complain(NARROW, err);
	program = bpf_object__find_program_by_name(door->narrow, "narrow");
	if (!program)
		return complain(NARROW, -ENOENT);
	return attach(program, device, door->mode);
}

/* A veth takes frames only if who is beyond polls for them. */
static int prepare(const struct netns *n)
{
	int i, err = 0;

	for (i = 0; i < NETNS_ENDS && !err; i++)
		err = netns_set_gro(n, netns_ends[i].id, netns_ends[i].device,
				    1);
	return err ? err : netns_enter(n, NETNS_RELAY);
}

static int open_door(struct relay_door *door)
{
	int err;

	door->program = kturn_xdp__open_and_load();
	if (!door->program)
		return complain("kturn_xdp__open_and_load", -errno);
	err = relay_door_attach(door, "rc");
	return err ? err : relay_door_attach(door, "rp");
}

static int detach(const struct relay_door *door, const char *device)
{
	int err = bpf_xdp_detach((int)if_nametoindex(device), door->mode, NULL);

	return err ? complain("bpf_xdp_detach", err) : 0;
}

int relay_door_shut(struct relay_door *door, const struct netns *n)
{
	int err;

	if (!door)
		return 0;
	err = netns_enter(n, NETNS_RELAY);
	if (!err)
		err = detach(door, "rc");
	if (!err)
		err = detach(door, "rp");
	kturn_xdp__destroy(door->program);
	door->program = NULL;
	return err;
}

int relay_door_reopen(struct relay_door *door, const struct netns *n)
{
	int err;

	if (!door)
		return 0;
	err = netns_enter(n, NETNS_RELAY);
	return err ? err : open_door(door);
}

int relay_door_open(struct relay_door **door, const struct netns *n)
{
	const char *which = getenv("KTURN_DOOR");
	int err;

	*door = NULL;
	if (!which || !*which)
		return 0;
	*door = calloc(1, sizeof(**door));
	if (!*door)
		return complain("calloc", -ENOMEM);
	if (!strcmp(which, "xdp"))
		(*door)->mode = XDP_FLAGS_DRV_MODE;
	else if (!strcmp(which, "xdp-generic"))
		(*door)->mode = XDP_FLAGS_SKB_MODE;
	else
		return complain("KTURN_DOOR", -EINVAL);
	err = (*door)->mode == XDP_FLAGS_DRV_MODE ? prepare(n) :
						    netns_enter(n, NETNS_RELAY);
	return err ? err : open_door(*door);
}

static void write_tally(struct fastpath *fastpath)
{
	const char *name = getenv("KTURN_DOOR_TALLY");
	struct fastpath_stats stats;
	struct fastpath_error err;
	FILE *file;

	if (!name || !fastpath || fastpath_stats_get(fastpath, &stats, &err))
		return;
	file = fopen(name, "a");
	if (!file)
		return;
	fprintf(file, "%llu %llu\n", (unsigned long long)stats.xdp.forwarded,
		(unsigned long long)(stats.to_peer.packets +
				     stats.to_client.packets - stats.hairpin));
	fclose(file);
}

void relay_door_close(struct relay_door *door, struct fastpath *fastpath)
{
	if (!door)
		return;
	write_tally(fastpath);
	bpf_object__close(door->narrow);
	kturn_xdp__destroy(door->program);
	free(door);
}

#else

int relay_door_open(struct relay_door **door, const struct netns *n)
{
	const char *which = getenv("KTURN_DOOR");

	(void)n;
	*door = NULL;
	if (!which || !*which)
		return 0;
	printf("# KTURN_DOOR=%s: built without XDP: it needs clang, bpftool and libbpf\n",
	       which);
	return -EOPNOTSUPP;
}

int relay_door_attach(const struct relay_door *door, const char *device)
{
	(void)door;
	(void)device;
	return 0;
}

int relay_door_narrow(struct relay_door *door, const char *device)
{
	return relay_door_attach(door, device);
}

int relay_door_shut(struct relay_door *door, const struct netns *n)
{
	(void)door;
	(void)n;
	return 0;
}

int relay_door_reopen(struct relay_door *door, const struct netns *n)
{
	(void)door;
	(void)n;
	return 0;
}

void relay_door_close(struct relay_door *door, struct fastpath *fastpath)
{
	(void)door;
	(void)fastpath;
}

#endif /* KTURN_HAVE_XDP */
