// SPDX-License-Identifier: BSD-3-Clause
/*
 * Requests that the module has to refuse: each with the right errno and a text
 * that names what is wrong.
 */
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/genetlink.h>

#include "netlink_fixture.h"
#include "netlink_raw.h"

#define REFUSED(error, names, msg) \
	EXPECT_TRUE(raw_refused(&self->raw, msg, error, names))

/* An IPv4-only allocation with one permission and one channel. */
FIXTURE(refusal)
{
	struct raw raw;
	struct fastpath *fp;
	struct fastpath_error err;
	uint32_t id;
};

FIXTURE_SETUP(refusal)
{
	struct fastpath_allocation a = make_allocation(0);
	struct fastpath_channel c = {
		.number = 0x4000,
		.peer = addr("203.0.113.1:5000"),
		.timeout_ms = 10 * MINUTE_MS,
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, raw_open(&self->raw));
	ASSERT_DONE(fastpath_open(&self->fp, &self->err));
	a.relayed_ipv6.family = 0;
	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));
	self->id = c.allocation_id = a.id;
	ASSERT_DONE(fastpath_bind(self->fp, &c, 5 * MINUTE_MS, &self->err));
}

FIXTURE_TEARDOWN(refusal)
{
	fastpath_close(self->fp);
	raw_close(&self->raw);
}

/* Which attributes of a request to leave out. */
enum leave_out {
	NOTHING = 0,
	CLIENT = 1 << 0,
	SERVER = 1 << 1,
	RELAYED = 1 << 2,
	TIMEOUT = 1 << 3,
	ID = 1 << 4,
	NUMBER = 1 << 5,
	PEER = 1 << 6,
};

static struct nl_msg *allocation_new(struct raw *raw, unsigned int without)
{
	struct nl_msg *msg = raw_request(raw, KTURN_CMD_ALLOCATION_NEW, 0);

	if (!(without & CLIENT))
		raw_put_endpoint(msg, KTURN_A_ALLOCATION_CLIENT,
				 "192.0.2.9:9");
	if (!(without & SERVER))
		raw_put_endpoint(msg, KTURN_A_ALLOCATION_SERVER,
				 "198.51.100.1:3478");
	if (!(without & RELAYED))
		raw_put_endpoint(msg, KTURN_A_ALLOCATION_RELAYED_IPV4,
				 "198.51.100.1:9");
	if (!(without & TIMEOUT))
		nla_put_u32(msg, KTURN_A_ALLOCATION_TIMEOUT, 60000);
	return msg;
}

static struct nl_msg *allocation_move(struct raw *raw, uint32_t id,
				      const char *client, const char *server)
{
	struct nl_msg *msg = raw_request(raw, KTURN_CMD_ALLOCATION_SET, 0);

	nla_put_u32(msg, KTURN_A_ALLOCATION_ID, id);
	if (client)
		raw_put_endpoint(msg, KTURN_A_ALLOCATION_CLIENT, client);
	if (server)
		raw_put_endpoint(msg, KTURN_A_ALLOCATION_SERVER, server);
	return msg;
}

static struct nl_msg *permission(struct raw *raw, uint8_t cmd, uint32_t id,
				 const char *peer, unsigned int without)
{
	struct nl_msg *msg = raw_request(raw, cmd, 0);

	if (!(without & ID))
		nla_put_u32(msg, KTURN_A_PERMISSION_ALLOCATION_ID, id);
	if (!(without & PEER))
		raw_put_endpoint(msg, KTURN_A_PERMISSION_PEER, peer);
	if (!(without & TIMEOUT))
		nla_put_u32(msg, KTURN_A_PERMISSION_TIMEOUT, 60000);
	return msg;
}

static struct nl_msg *channel(struct raw *raw, uint8_t cmd, uint32_t id,
			      uint16_t number, const char *peer,
			      unsigned int without)
{
	struct nl_msg *msg = raw_request(raw, cmd, 0);

	if (!(without & ID))
		nla_put_u32(msg, KTURN_A_CHANNEL_ALLOCATION_ID, id);
	if (!(without & NUMBER))
		nla_put_u16(msg, KTURN_A_CHANNEL_NUMBER, number);
	if (!(without & PEER))
		raw_put_endpoint(msg, KTURN_A_CHANNEL_PEER, peer);
	if (!(without & TIMEOUT))
		nla_put_u32(msg, KTURN_A_CHANNEL_TIMEOUT, 60000);
	return msg;
}

static struct nl_msg *channel_new(struct raw *raw, uint32_t id,
				  uint16_t number, const char *peer)
{
	return channel(raw, KTURN_CMD_CHANNEL_NEW, id, number, peer, NOTHING);
}

/* What is refused below is refused for the reason that the test says. */
TEST_F(refusal, complete_requests_are_not_refused)
{
	struct raw_verdict v;

	ASSERT_EQ(0, raw_ask(&self->raw, allocation_new(&self->raw, NOTHING),
			     &v));
	EXPECT_EQ(0, v.error) { TH_LOG("%s", v.words); }
	ASSERT_EQ(0, raw_ask(&self->raw,
			     permission(&self->raw, KTURN_CMD_PERMISSION_NEW,
					self->id, "203.0.113.9", NOTHING),
			     &v));
	EXPECT_EQ(0, v.error) { TH_LOG("%s", v.words); }
	ASSERT_EQ(0, raw_ask(&self->raw,
			     channel_new(&self->raw, self->id, 0x4009,
					 "203.0.113.9:9"),
			     &v));
	EXPECT_EQ(0, v.error) { TH_LOG("%s", v.words); }
}

TEST_F(refusal, allocation_without_an_attribute)
{
	struct raw *raw = &self->raw;

	REFUSED(EINVAL, "client", allocation_new(raw, CLIENT));
	REFUSED(EINVAL, "server", allocation_new(raw, SERVER));
	REFUSED(EINVAL, "relayed", allocation_new(raw, RELAYED));
	REFUSED(EINVAL, "timeout", allocation_new(raw, TIMEOUT));
	REFUSED(EINVAL, "id", raw_request(raw, KTURN_CMD_ALLOCATION_SET, 0));
	REFUSED(EINVAL, "client",
		allocation_move(raw, self->id, NULL, "198.51.100.1:3478"));
	REFUSED(EINVAL, "server",
		allocation_move(raw, self->id, "192.0.2.9:9", NULL));
	REFUSED(EINVAL, "id", raw_request(raw, KTURN_CMD_ALLOCATION_GET, 0));
	REFUSED(EINVAL, "id", raw_request(raw, KTURN_CMD_ALLOCATION_DEL, 0));
}

TEST_F(refusal, permission_without_an_attribute)
{
	static const uint8_t cmds[] = {
		KTURN_CMD_PERMISSION_NEW, KTURN_CMD_PERMISSION_SET,
		KTURN_CMD_PERMISSION_GET, KTURN_CMD_PERMISSION_DEL,
	};

	for (int i = 0; i < 4; i++) {
		unsigned int timeout = i < 2 ? 0 : TIMEOUT;

		REFUSED(EINVAL, "allocation-id",
			permission(&self->raw, cmds[i], 0, "203.0.113.1",
				   ID | timeout));
		REFUSED(EINVAL, "peer",
			permission(&self->raw, cmds[i], self->id, NULL,
				   PEER | timeout));
		if (timeout)
			continue;
		REFUSED(EINVAL, "timeout",
			permission(&self->raw, cmds[i], self->id,
				   "203.0.113.1", TIMEOUT));
	}
}

TEST_F(refusal, channel_without_an_attribute)
{
	static const struct {
		uint8_t cmd;
		unsigned int never;
	} cmds[] = {
		{ KTURN_CMD_CHANNEL_NEW, NOTHING },
		{ KTURN_CMD_CHANNEL_SET, PEER },
		{ KTURN_CMD_CHANNEL_GET, PEER | TIMEOUT },
		{ KTURN_CMD_CHANNEL_DEL, PEER | TIMEOUT },
	};
	struct raw *raw = &self->raw;

	for (int i = 0; i < 4; i++) {
		unsigned int never = cmds[i].never;
		uint8_t cmd = cmds[i].cmd;

		REFUSED(EINVAL, "allocation-id",
			channel(raw, cmd, 0, 0x4000, "203.0.113.1:5000",
				never | ID));
		REFUSED(EINVAL, "number",
			channel(raw, cmd, self->id, 0, "203.0.113.1:5000",
				never | NUMBER));
		if (!(never & PEER))
			REFUSED(EINVAL, "peer",
				channel(raw, cmd, self->id, 0x4000, NULL,
					never | PEER));
		if (!(never & TIMEOUT))
			REFUSED(EINVAL, "timeout",
				channel(raw, cmd, self->id, 0x4000,
					"203.0.113.1:5000", never | TIMEOUT));
	}
}

TEST_F(refusal, channel_number_out_of_range)
{
	static const uint16_t numbers[] = { 0, 0x3fff, 0x8000, 0xffff };

	for (int i = 0; i < 4; i++)
		REFUSED(ERANGE, "number",
			channel_new(&self->raw, self->id, numbers[i],
				    "203.0.113.1:5000"));
}

TEST_F(refusal, timeout_out_of_range)
{
	static const uint32_t timeouts[] = {
		0, KTURN_TIMEOUT_MAX + 1, UINT32_MAX,
	};
	struct raw *raw = &self->raw;
	struct nl_msg *msg;

	for (int i = 0; i < 3; i++) {
		msg = allocation_new(raw, TIMEOUT);
		nla_put_u32(msg, KTURN_A_ALLOCATION_TIMEOUT, timeouts[i]);
		REFUSED(ERANGE, "timeout", msg);

		msg = permission(raw, KTURN_CMD_PERMISSION_NEW, self->id,
				 "203.0.113.1", TIMEOUT);
		nla_put_u32(msg, KTURN_A_PERMISSION_TIMEOUT, timeouts[i]);
		REFUSED(ERANGE, "timeout", msg);

		msg = channel(raw, KTURN_CMD_CHANNEL_NEW, self->id, 0x4000,
			      "203.0.113.1:5000", TIMEOUT);
		nla_put_u32(msg, KTURN_A_CHANNEL_TIMEOUT, timeouts[i]);
		REFUSED(ERANGE, "timeout", msg);
	}
}

TEST_F(refusal, unknown_ids)
{
	static const uint32_t ids[] = { 0x7ffffff0, UINT32_MAX };
	struct raw *raw = &self->raw;
	struct nl_msg *msg;

	for (int i = 0; i < 2; i++) {
		for (int cmd = KTURN_CMD_ALLOCATION_SET;
		     cmd <= KTURN_CMD_ALLOCATION_DEL; cmd++) {
			msg = raw_request(raw, (uint8_t)cmd, 0);
			nla_put_u32(msg, KTURN_A_ALLOCATION_ID, ids[i]);
			if (cmd == KTURN_CMD_ALLOCATION_SET)
				nla_put_u32(msg, KTURN_A_ALLOCATION_TIMEOUT,
					    1000);
			REFUSED(ENOENT, "allocation", msg);
		}
		REFUSED(ENOENT, "allocation",
			permission(raw, KTURN_CMD_PERMISSION_NEW, ids[i],
				   "203.0.113.1", NOTHING));
		REFUSED(ENOENT, "allocation",
			channel_new(raw, ids[i], 0x4000, "203.0.113.1:5000"));
	}
}

TEST_F(refusal, unknown_permission)
{
	struct raw *raw = &self->raw;

	REFUSED(ENOENT, "permission",
		permission(raw, KTURN_CMD_PERMISSION_SET, self->id,
			   "203.0.113.2", NOTHING));
	REFUSED(ENOENT, "permission",
		permission(raw, KTURN_CMD_PERMISSION_GET, self->id,
			   "203.0.113.2", TIMEOUT));
	REFUSED(ENOENT, "permission",
		permission(raw, KTURN_CMD_PERMISSION_DEL, self->id,
			   "203.0.113.2", TIMEOUT));
	REFUSED(ENOENT, "permission",
		channel_new(raw, self->id, 0x4002, "203.0.113.2:5000"));
}

TEST_F(refusal, unknown_channel)
{
	struct raw *raw = &self->raw;

	REFUSED(ENOENT, "channel",
		channel(raw, KTURN_CMD_CHANNEL_SET, self->id, 0x4001, NULL,
			PEER));
	REFUSED(ENOENT, "channel",
		channel(raw, KTURN_CMD_CHANNEL_GET, self->id, 0x4001, NULL,
			PEER | TIMEOUT));
	REFUSED(ENOENT, "channel",
		channel(raw, KTURN_CMD_CHANNEL_DEL, self->id, 0x4001, NULL,
			PEER | TIMEOUT));
}

TEST_F(refusal, duplicate_number_and_duplicate_peer)
{
	struct raw *raw = &self->raw;
	struct nl_msg *msg;

	/* The same number to another port of the peer, or another peer. */
	REFUSED(EEXIST, "number",
		channel_new(raw, self->id, 0x4000, "203.0.113.1:5001"));
	/* The same peer on another number. */
	REFUSED(EEXIST, "peer",
		channel_new(raw, self->id, 0x4001, "203.0.113.1:5000"));

	/* A plain repetition refreshes, unless that is not wanted. */
	msg = channel_new(raw, self->id, 0x4000, "203.0.113.1:5000");
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_EXCL;
	REFUSED(EEXIST, "channel", msg);
	msg = permission(raw, KTURN_CMD_PERMISSION_NEW, self->id,
			 "203.0.113.1", NOTHING);
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_EXCL;
	REFUSED(EEXIST, "permission", msg);
}

TEST_F(refusal, duplicate_allocation)
{
	struct raw *raw = &self->raw;
	struct nl_msg *msg;

	/* make_allocation(0) has these. */
	msg = allocation_new(raw, CLIENT);
	raw_put_endpoint(msg, KTURN_A_ALLOCATION_CLIENT, "192.0.2.1:10000");
	REFUSED(EEXIST, "5-tuple", msg);

	msg = allocation_new(raw, RELAYED);
	raw_put_endpoint(msg, KTURN_A_ALLOCATION_RELAYED_IPV4,
			 "198.51.100.1:10000");
	REFUSED(EEXIST, "relayed", msg);
}

TEST_F(refusal, families_that_do_not_go_together)
{
	struct raw *raw = &self->raw;
	struct nl_msg *msg;

	msg = allocation_new(raw, CLIENT);
	raw_put_endpoint(msg, KTURN_A_ALLOCATION_CLIENT, "[2001:db8::2]:9");
	REFUSED(EINVAL, "families", msg);

	msg = allocation_new(raw, SERVER);
	raw_put_endpoint(msg, KTURN_A_ALLOCATION_SERVER, "[2001:db8::2]:9");
	REFUSED(EINVAL, "families", msg);

	msg = allocation_new(raw, RELAYED);
	raw_put_endpoint(msg, KTURN_A_ALLOCATION_RELAYED_IPV4,
			 "[2001:db8::2]:9");
	REFUSED(EINVAL, "relayed-ipv4", msg);

	msg = allocation_new(raw, RELAYED);
	raw_put_endpoint(msg, KTURN_A_ALLOCATION_RELAYED_IPV6,
			 "198.51.100.1:9");
	REFUSED(EINVAL, "relayed-ipv6", msg);

	/* The allocation relays IPv4 only. */
	REFUSED(EAFNOSUPPORT, "family",
		permission(raw, KTURN_CMD_PERMISSION_NEW, self->id,
			   "2001:db8::3", NOTHING));
	REFUSED(EAFNOSUPPORT, "family",
		channel_new(raw, self->id, 0x4003, "[2001:db8::3]:5000"));
}

TEST_F(refusal, mapped_addresses)
{
	struct raw *raw = &self->raw;
	struct nl_msg *msg;

	REFUSED(EINVAL, "peer",
		permission(raw, KTURN_CMD_PERMISSION_NEW, self->id,
			   "::ffff:203.0.113.1", NOTHING));
	REFUSED(EINVAL, "peer",
		channel_new(raw, self->id, 0x4003,
			    "[::ffff:203.0.113.1]:5000"));
	msg = allocation_new(raw, CLIENT | SERVER);
	raw_put_endpoint(msg, KTURN_A_ALLOCATION_CLIENT,
			 "[::ffff:192.0.2.9]:9");
	raw_put_endpoint(msg, KTURN_A_ALLOCATION_SERVER,
			 "[2001:db8::1]:3478");
	REFUSED(EINVAL, "client", msg);
}

/* An endpoint with chosen members in a channel-new that is right otherwise. */
static struct nl_msg *odd_peer(struct raw *raw, uint32_t id, bool ipv4,
			       bool ipv6, int port)
{
	struct nl_msg *msg = channel(raw, KTURN_CMD_CHANNEL_NEW, id, 0x4000,
				     NULL, PEER);
	static const uint8_t ip[16] = { 203, 0, 113, 1 };
	struct nlattr *nest;

	nest = nla_nest_start(msg, NLA_F_NESTED | KTURN_A_CHANNEL_PEER);
	if (ipv4)
		nla_put(msg, KTURN_A_ENDPOINT_IPV4, 4, ip);
	if (ipv6)
		nla_put(msg, KTURN_A_ENDPOINT_IPV6, 16, ip);
	if (port >= 0)
		nla_put_u16(msg, KTURN_A_ENDPOINT_PORT, htons((uint16_t)port));
	nla_nest_end(msg, nest);
	return msg;
}

TEST_F(refusal, odd_endpoints)
{
	struct raw *raw = &self->raw;

	REFUSED(EINVAL, "peer", odd_peer(raw, self->id, true, true, 5000));
	REFUSED(EINVAL, "peer", odd_peer(raw, self->id, false, false, 5000));
	REFUSED(EINVAL, "port", odd_peer(raw, self->id, true, false, -1));
	REFUSED(ERANGE, "port", odd_peer(raw, self->id, true, false, 0));
}

TEST_F(refusal, permission_with_a_port)
{
	REFUSED(EINVAL, "port",
		permission(&self->raw, KTURN_CMD_PERMISSION_NEW, self->id,
			   "203.0.113.1:5000", NOTHING));
}

TEST_F(refusal, userdata_too_long)
{
	char blob[KTURN_USERDATA_MAX + 1] = { 0 };
	struct nl_msg *msg;

	msg = allocation_new(&self->raw, NOTHING);
	nla_put(msg, KTURN_A_ALLOCATION_USERDATA, sizeof(blob), blob);
	REFUSED(ERANGE, "userdata", msg);
}

TEST_F(refusal, limits)
{
	struct fastpath_net net = {
		.max_allocations = 1,
		.max_permissions = 1,
		.max_channels = 1,
	};
	struct raw *raw = &self->raw;
	struct raw_verdict v;

	ASSERT_DONE(fastpath_net_set(self->fp,
				     FASTPATH_NET_MAX_ALLOCATIONS |
				     FASTPATH_NET_MAX_CHANNELS,
				     &net, &self->err));
	REFUSED(ENOSPC, "allocations", allocation_new(raw, NOTHING));
	/* Permissions are not limited yet. */
	ASSERT_EQ(0, raw_ask(raw, permission(raw, KTURN_CMD_PERMISSION_NEW,
					     self->id, "203.0.113.2",
					     NOTHING), &v));
	ASSERT_EQ(0, v.error) { TH_LOG("%s", v.words); }
	REFUSED(ENOSPC, "channels",
		channel_new(raw, self->id, 0x4002, "203.0.113.2:5000"));

	ASSERT_DONE(fastpath_net_set(self->fp, FASTPATH_NET_MAX_PERMISSIONS,
				     &net, &self->err));
	REFUSED(ENOSPC, "permissions",
		permission(raw, KTURN_CMD_PERMISSION_NEW, self->id,
			   "203.0.113.3", NOTHING));
}

TEST_F(refusal, settings_that_are_not)
{
	struct nl_msg *msg;

	msg = raw_request(&self->raw, KTURN_CMD_NET_SET, 0);
	nla_put_u32(msg, KTURN_A_NET_HOOK, KTURN_HOOK_INPUT + 1);
	REFUSED(ERANGE, "hook", msg);

	/* What can only be read. */
	msg = raw_request(&self->raw, KTURN_CMD_NET_SET, 0);
	nla_put_u32(msg, KTURN_A_NET_CHANNELS, 1);
	REFUSED(EINVAL, "attribute", msg);
}

TEST_F(refusal, junk_attributes)
{
	struct raw *raw = &self->raw;
	struct nl_msg *msg;

	msg = allocation_new(raw, NOTHING);
	nla_put_u32(msg, 1000, 0);
	REFUSED(EINVAL, "attribute", msg);

	/* Answers carry it, requests do not. */
	msg = allocation_new(raw, NOTHING);
	nla_put_u32(msg, KTURN_A_ALLOCATION_CHANNELS, 1);
	REFUSED(EINVAL, "attribute", msg);

	msg = raw_request(raw, KTURN_CMD_FLUSH, 0);
	nla_put_u32(msg, 1, 0);
	REFUSED(EINVAL, "attribute", msg);

	/* Neither a u16 nor a u32. */
	msg = channel(raw, KTURN_CMD_CHANNEL_NEW, self->id, 0,
		      "203.0.113.1:5000", NUMBER);
	nla_put_u8(msg, KTURN_A_CHANNEL_NUMBER, 0x40);
	REFUSED(EINVAL, "number", msg);
	msg = channel(raw, KTURN_CMD_CHANNEL_NEW, self->id, 0,
		      "203.0.113.1:5000", NUMBER);
	nla_put_u64(msg, KTURN_A_CHANNEL_NUMBER, 0x4000);
	REFUSED(EINVAL, "number", msg);
}

TEST_F(refusal, broken_nests)
{
	struct raw *raw = &self->raw;
	struct nlattr *nest, *inner;
	struct nl_msg *msg;

	/* Without the flag that says so it is no nest. */
	msg = channel(raw, KTURN_CMD_CHANNEL_NEW, self->id, 0x4000, NULL,
		      PEER);
	nla_put_u32(msg, KTURN_A_CHANNEL_PEER, 0);
	REFUSED(EINVAL, "peer", msg);

	/* An inner attribute longer than the nest. */
	msg = channel(raw, KTURN_CMD_CHANNEL_NEW, self->id, 0x4000, NULL,
		      PEER);
	nest = nla_nest_start(msg, NLA_F_NESTED | KTURN_A_CHANNEL_PEER);
	inner = nla_reserve(msg, KTURN_A_ENDPOINT_IPV4, 4);
	inner->nla_len = 200;
	nla_nest_end(msg, nest);
	REFUSED(EINVAL, "bytes leftover", msg);

	/* An address that is too short, and one too long. */
	msg = channel(raw, KTURN_CMD_CHANNEL_NEW, self->id, 0x4000, NULL,
		      PEER);
	nest = nla_nest_start(msg, NLA_F_NESTED | KTURN_A_CHANNEL_PEER);
	nla_reserve(msg, KTURN_A_ENDPOINT_IPV6, 15);
	nla_nest_end(msg, nest);
	REFUSED(ERANGE, "ipv6", msg);
	msg = channel(raw, KTURN_CMD_CHANNEL_NEW, self->id, 0x4000, NULL,
		      PEER);
	nest = nla_nest_start(msg, NLA_F_NESTED | KTURN_A_CHANNEL_PEER);
	nla_reserve(msg, KTURN_A_ENDPOINT_IPV6, 17);
	nla_nest_end(msg, nest);
	REFUSED(ERANGE, "ipv6", msg);
}

/* The message ends in the middle of an attribute. */
TEST_F(refusal, truncated_request)
{
	struct nl_msg *msg = channel_new(&self->raw, self->id, 0x4000,
					 "203.0.113.1:5000");

	nlmsg_hdr(msg)->nlmsg_len -= 4;
	REFUSED(EINVAL, "bytes leftover", msg);
}

/* Everything refused so far has left the objects as they were. */
TEST_F(refusal, leaves_no_trace)
{
	struct fastpath_net net;

	REFUSED(EEXIST, "peer",
		channel_new(&self->raw, self->id, 0x4001,
			    "203.0.113.1:5000"));
	REFUSED(EINVAL, "relayed", allocation_new(&self->raw, RELAYED));
	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(1, net.allocations);
	EXPECT_EQ(1, net.permissions);
	EXPECT_EQ(1, net.channels);
}

/* As whoever the caller has become: each command is refused with EPERM. */
static int refused_as_unprivileged(void)
{
	static const uint8_t cmds[] = {
		KTURN_CMD_ALLOCATION_NEW, KTURN_CMD_ALLOCATION_SET,
		KTURN_CMD_ALLOCATION_GET, KTURN_CMD_ALLOCATION_DEL,
		KTURN_CMD_PERMISSION_NEW, KTURN_CMD_PERMISSION_SET,
		KTURN_CMD_PERMISSION_GET, KTURN_CMD_PERMISSION_DEL,
		KTURN_CMD_CHANNEL_NEW, KTURN_CMD_CHANNEL_SET,
		KTURN_CMD_CHANNEL_GET, KTURN_CMD_CHANNEL_DEL,
		KTURN_CMD_NET_GET, KTURN_CMD_NET_SET,
		KTURN_CMD_STATS_GET, KTURN_CMD_FLUSH,
	};
	struct raw_verdict v;
	struct raw raw;
	int wrong = 0;

	if (raw_open(&raw))
		return 100;
	for (size_t i = 0; i < sizeof(cmds); i++) {
		if (raw_ask(&raw, raw_request(&raw, cmds[i], 0), &v) ||
		    v.error != EPERM) {
			printf("# command %d: %s\n", cmds[i], v.words);
			wrong++;
		}
	}
	raw_close(&raw);
	return wrong;
}

static int in_child(int (*prepare)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (prepare()) {
			perror("# prepare");
			_exit(101);
		}
		_exit(refused_as_unprivileged());
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int become_nobody(void)
{
	return setgroups(0, NULL) || setgid(65534) || setuid(65534);
}

/* Root there, and owner of a network namespace, but nobody here. */
static int become_root_elsewhere(void)
{
	return become_nobody() || unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

TEST_F(refusal, unprivileged_callers)
{
	EXPECT_EQ(0, in_child(become_nobody));
	EXPECT_EQ(0, in_child(become_root_elsewhere));
}

/* RFC 8016: where a client cannot have moved to. */
TEST_F(refusal, a_move)
{
	struct fastpath_allocation a = make_allocation(1);

	ASSERT_DONE(fastpath_allocation_new(self->fp, &a, &self->err));
	REFUSED(EEXIST, "5-tuple has an allocation already",
		allocation_move(&self->raw, a.id, "192.0.2.1:10000",
				"198.51.100.1:3478"));
	REFUSED(EINVAL, "different families",
		allocation_move(&self->raw, self->id, "192.0.2.9:9",
				"[2001:db8::1]:3478"));
	REFUSED(EINVAL, "unicast",
		allocation_move(&self->raw, self->id, "224.0.0.1:9",
				"198.51.100.1:3478"));
	REFUSED(ENOENT, "No allocation with this id",
		allocation_move(&self->raw, 4242, "192.0.2.9:9",
				"198.51.100.1:3478"));
}

TEST_HARNESS_MAIN
