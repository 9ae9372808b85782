// SPDX-License-Identifier: BSD-3-Clause
/*
 * The module comes and goes while packets arrive: they go up to the server's
 * socket meanwhile, and none is lost.
 */
#include "relay_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "flood.h"

#define CYCLES 3
#define POLLS 5000
#define POLL_MS 1

static int load(void)
{
	const char *file = getenv("KTURN_KO");
	int fd, ret;

	if (!file) {
		printf("# KTURN_KO has to name kturn.ko; tests/fastpath/run does\n");
		return -EINVAL;
	}
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

/* A program that was taken off a device holds the module until it is freed. */
static int unload_unheld(bool was_held)
{
	int i, err = -EAGAIN;

	for (i = 0; i < (was_held ? POLLS : 1) && err == -EAGAIN; i++) {
		if (i)
			poll(NULL, 0, POLL_MS);
		err = syscall(SYS_delete_module, "kturn", O_NONBLOCK) ?
			      -errno : 0;
	}
	return err;
}

/* Where XDP comes first, it has to go first, as `kturnctl unload` sees to. */
static int unload(struct relay *r, struct relay *other)
{
	int err = relay_door_shut(r->door, &r->ns);

	if (!err && other)
		err = relay_door_shut(other->door, &other->ns);
	return err ? err : unload_unheld(r->door);
}

static int load_below(struct relay *r, struct relay *other)
{
	int err = load();

	if (!err && other)
		err = relay_door_reopen(other->door, &other->ns);
	return err ? err : relay_door_reopen(r->door, &r->ns);
}

FIXTURE(module) {
	struct relay r;
};

FIXTURE_VARIANT(module) {
	int family;
	enum direction dir;
};

FIXTURE_VARIANT_ADD(module, ipv4_to_peer) {
	.family = AF_INET,
	.dir = TO_PEER,
};

FIXTURE_VARIANT_ADD(module, ipv4_to_client) {
	.family = AF_INET,
	.dir = TO_CLIENT,
};

FIXTURE_VARIANT_ADD(module, ipv6_to_peer) {
	.family = AF_INET6,
	.dir = TO_PEER,
};

FIXTURE_VARIANT_ADD(module, ipv6_to_client) {
	.family = AF_INET6,
	.dir = TO_CLIENT,
};

FIXTURE_SETUP(module)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	ASSERT_EQ(0, relay_open(&self->r, variant->family));
}

FIXTURE_TEARDOWN(module)
{
	relay_close(&self->r);
	/* The next test, and the script, find it loaded whatever happened. */
	load();
}

TEST_F(module, unload_and_load)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	struct fastpath_error err;
	int i;

	for (i = 0; i < CYCLES; i++) {
		EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
		EXPECT_TRUE(relay_settled(&self->r));
		ASSERT_EQ(0, unload(&self->r, NULL));
		EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in, 0));
		EXPECT_TRUE(relay_quiet(&self->r));
		ASSERT_EQ(0, load_below(&self->r, NULL));
		memset(&self->r.want, 0, sizeof(self->r.want));
		EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in, 0));
		ASSERT_EQ(0, fastpath_attach(self->r.fastpath, &err));
		ASSERT_EQ(0, relay_install(&self->r, RELAY_TIMEOUT_MS));
	}
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(module, unload_with_state_in_two_namespaces)
{
	static struct relay other;
	struct fastpath_error err;

	ASSERT_EQ(0, relay_open(&other, variant->family));
	EXPECT_TRUE(relay_forwards_bytes(&other, variant->dir, 10));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 10));
	ASSERT_EQ(0, unload(&self->r, &other));
	ASSERT_EQ(0, load_below(&self->r, &other));
	ASSERT_EQ(0, fastpath_attach(other.fastpath, &err));
	ASSERT_EQ(0, relay_install(&other, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(relay_forwards_bytes(&other, variant->dir, 10));
	relay_close(&other);
}

TEST_F_TIMEOUT(module, unload_under_traffic, 120)
{
	struct relay *r = &self->r;
	bool to_peer = variant->dir == TO_PEER;
	uint8_t buf[200];
	struct udp_packet in = relay_message(r, variant->dir, buf, 100);
	int fds[2] = { wire_out(r, variant->dir)->fd,
		       to_peer ? r->server_fd : r->relayed_fd };
	uint64_t seen[2] = { 0 }, sent;
	static struct flood flood;
	struct fastpath_error err;
	int i;

	ASSERT_EQ(0, flood_start(&flood, wire_in(r, variant->dir), &in, 1));
	for (i = 0; i < CYCLES; i++) {
		EXPECT_TRUE(flood_wait_for(100, 0, fds, seen, 2))
			TH_LOG("nothing was forwarded");
		ASSERT_EQ(0, unload(r, NULL));
		EXPECT_TRUE(flood_wait_for(100, 1, fds, seen, 2))
			TH_LOG("nothing went up");
		ASSERT_EQ(0, load_below(r, NULL));
		ASSERT_EQ(0, fastpath_attach(r->fastpath, &err));
		/* An allocation without its channels would have drops. */
		ASSERT_EQ(0, relay_set_hook(r, KTURN_HOOK_NONE));
		ASSERT_EQ(0, relay_install(r, RELAY_TIMEOUT_MS));
		ASSERT_EQ(0, relay_set_hook(r, KTURN_HOOK_PREROUTING));
	}
	sent = flood_stop(&flood);
	EXPECT_EQ(sent, flood_wait_for_all(sent, fds, seen, 2));
}

TEST_HARNESS_MAIN
