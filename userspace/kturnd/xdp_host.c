// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/xdp_host.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef KTURN_HAVE_XDP
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "kturn_xdp.skel.h"

#define PIN_PATH_LEN 64

/* What libbpf said last, for it explains failures that errno cannot. */
static char said[XDP_WHY_LEN];

static int take_word(enum libbpf_print_level level, const char *fmt,
		     va_list args)
{
	if (level == LIBBPF_WARN && !said[0]) {
		vsnprintf(said, sizeof(said), fmt, args);
		said[strcspn(said, "\n")] = '\0';
	}
	return 0;
}

bool xdp_host_built(void)
{
	return true;
}

int xdp_host_load(char why[static XDP_WHY_LEN])
{
	struct kturn_xdp *program;
	int ret;

	said[0] = '\0';
	libbpf_set_print(take_word);
	program = kturn_xdp__open_and_load();
	if (!program) {
		ret = -errno;
		snprintf(why, XDP_WHY_LEN,
			 "the kernel did not take the program: %s%s%.200s",
			 strerror(-ret), said[0] ? ": " : "", said);
		return ret;
	}
	ret = fcntl(bpf_program__fd(program->progs.kturn_xdp), F_DUPFD_CLOEXEC,
		    3);
	if (ret < 0) {
		ret = -errno;
		snprintf(why, XDP_WHY_LEN, "%s", strerror(-ret));
	}
	kturn_xdp__destroy(program);
	return ret;
}

static int load(void *arg, char why[static XDP_WHY_LEN])
{
	const struct xdp_host *host = arg;

	return host->loader ? xdp_loader_load(host->loader, why) :
			      xdp_host_load(why);
}

static int attach(void *arg, int program, uint32_t ifindex, bool generic)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = generic ? XDP_FLAGS_SKB_MODE :
				       XDP_FLAGS_DRV_MODE);

	(void)arg;
	return bpf_link_create(program, (int)ifindex, BPF_XDP, &opts);
}

static int replace(void *arg, int link, int program)
{
	(void)arg;
	return bpf_link_update(link, program, NULL);
}

static int inspect(void *arg, int link, struct xdp_link *info)
{
	struct bpf_link_info raw = { 0 };
	uint32_t len = sizeof(raw);
	int ret = bpf_obj_get_info_by_fd(link, &raw, &len);

	(void)arg;
	if (ret)
		return ret;
	if (raw.type != BPF_LINK_TYPE_XDP)
		return -EINVAL;
	*info = (struct xdp_link){ raw.xdp.ifindex, raw.prog_id };
	return 0;
}

int xdp_host_query(uint32_t ifindex, struct xdp_attached *attached)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);
	int ret = bpf_xdp_query((int)ifindex, 0, &opts);

	if (!ret)
		*attached = (struct xdp_attached){
			opts.drv_prog_id, opts.skb_prog_id, opts.hw_prog_id,
		};
	return ret;
}

/* A user that may not walk to the directory may still use it. */
static const char *pin_path(const struct xdp_host *host, const char *name,
			    char path[static PIN_PATH_LEN])
{
	snprintf(path, PIN_PATH_LEN, "/proc/self/fd/%d/%s", host->pins, name);
	return path;
}

static int pin(void *arg, int link, const char *name)
{
	const struct xdp_host *host = arg;
	char path[PIN_PATH_LEN];

	return host->pins < 0 ? -ENOENT :
				bpf_obj_pin(link, pin_path(host, name, path));
}

static int open_pinned(void *arg, const char *name)
{
	const struct xdp_host *host = arg;
	char path[PIN_PATH_LEN];

	return host->pins < 0 ? -ENOENT :
				bpf_obj_get(pin_path(host, name, path));
}

#else

bool xdp_host_built(void)
{
	return false;
}

int xdp_host_load(char why[static XDP_WHY_LEN])
{
	snprintf(why, XDP_WHY_LEN, "built without XDP");
	return -EOPNOTSUPP;
}

static int load(void *arg, char why[static XDP_WHY_LEN])
{
	(void)arg;
	return xdp_host_load(why);
}

static int attach(void *arg, int program, uint32_t ifindex, bool generic)
{
	(void)arg;
	(void)program;
	(void)ifindex;
	(void)generic;
	return -EOPNOTSUPP;
}

static int replace(void *arg, int link, int program)
{
	(void)arg;
	(void)link;
	(void)program;
	return -EOPNOTSUPP;
}

static int inspect(void *arg, int link, struct xdp_link *info)
{
	(void)arg;
	(void)link;
	(void)info;
	return -EOPNOTSUPP;
}

int xdp_host_query(uint32_t ifindex, struct xdp_attached *attached)
{
	(void)ifindex;
	*attached = (struct xdp_attached){ 0 };
	return 0;
}

static int pin(void *arg, int link, const char *name)
{
	(void)arg;
	(void)link;
	(void)name;
	return -EOPNOTSUPP;
}

static int open_pinned(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return -ENOENT;
}

#endif /* KTURN_HAVE_XDP */

static int query(void *arg, uint32_t ifindex, struct xdp_attached *attached)
{
	(void)arg;
	return xdp_host_query(ifindex, attached);
}

static int unpin(void *arg, const char *name)
{
	const struct xdp_host *host = arg;

	if (host->pins < 0)
		return -ENOENT;
	return unlinkat(host->pins, name, 0) ? -errno : 0;
}

static void pinned(void *arg, void (*fn)(void *fn_arg, const char *name),
		   void *fn_arg)
{
	const struct xdp_host *host = arg;

	if (host->pins >= 0)
		xdp_pins_foreach(host->pins, fn, fn_arg);
}

static void close_it(void *arg, int fd)
{
	(void)arg;
	close(fd);
}

static uint32_t ifindex_of(void *arg, const char *device)
{
	(void)arg;
	return if_nametoindex(device);
}

const struct xdp_kernel xdp_host_kernel = {
	.load = load,
	.attach = attach,
	.replace = replace,
	.inspect = inspect,
	.query = query,
	.pin = pin,
	.open_pinned = open_pinned,
	.unpin = unpin,
	.pinned = pinned,
	.close = close_it,
	.ifindex = ifindex_of,
};
