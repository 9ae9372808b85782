// SPDX-License-Identifier: BSD-3-Clause
/* Which peers clients may reach, and every disguise of an address. */
#include <errno.h>
#include <stdlib.h>

#include <kselftest_harness.h>

#include "turn/peer_filter.h"

FIXTURE(filter)
{
	struct turn_peer_filter f;
};

FIXTURE_SETUP(filter)
{
	turn_peer_filter_init(&self->f);
}

FIXTURE_TEARDOWN(filter)
{
	turn_peer_filter_free(&self->f);
}

static struct transport_addr addr(const char *text)
{
	struct transport_addr a;

	if (transport_addr_parse(&a, text))
		abort();
	return a;
}

static bool permits(const struct turn_peer_filter *f, const char *ip)
{
	struct transport_addr a = addr(ip);

	return turn_peer_filter_permits_ip(f, &a);
}

/* The address if it is judged wrongly, so that a failure names it; else "". */
static const char *wrongly(const struct turn_peer_filter *f, const char *ip,
			   bool permitted)
{
	return permits(f, ip) == permitted ? ip : "";
}

static bool permits_port(const struct turn_peer_filter *f, const char *peer)
{
	struct transport_addr a = addr(peer);

	return turn_peer_filter_permits(f, &a);
}

static int deny(struct turn_peer_filter *f, const char *first, const char *last)
{
	struct transport_addr a = addr(first), b = addr(last);

	return turn_peer_filter_deny(f, &a, &b);
}

static int allow(struct turn_peer_filter *f, const char *first,
		 const char *last)
{
	struct transport_addr a = addr(first), b = addr(last);

	return turn_peer_filter_allow(f, &a, &b);
}

TEST_F(filter, without_rules)
{
	EXPECT_TRUE(permits(&self->f, "198.51.100.1"));
	EXPECT_TRUE(permits(&self->f, "10.0.0.1"));
	EXPECT_TRUE(permits(&self->f, "2001:db8::1"));
	EXPECT_FALSE(permits(&self->f, "127.0.0.1"));
	EXPECT_FALSE(permits(&self->f, "127.255.255.255"));
	EXPECT_FALSE(permits(&self->f, "::1"));
	EXPECT_FALSE(permits(&self->f, "0.0.0.0"));
	EXPECT_FALSE(permits(&self->f, "0.1.2.3"));
	EXPECT_FALSE(permits(&self->f, "::"));
	EXPECT_FALSE(permits(&self->f, "224.0.0.1"));
	EXPECT_FALSE(permits(&self->f, "239.255.255.255"));
	EXPECT_FALSE(permits(&self->f, "255.255.255.255"));
	EXPECT_FALSE(permits(&self->f, "ff02::1"));
}

TEST_F(filter, switches)
{
	self->f.allow_loopback = true;
	EXPECT_TRUE(permits(&self->f, "127.0.0.1"));
	EXPECT_TRUE(permits(&self->f, "::1"));
	self->f.no_multicast = false;
	EXPECT_TRUE(permits(&self->f, "224.0.0.1"));
	EXPECT_TRUE(permits(&self->f, "ff02::1"));
	/* The default list does not undo the switch that names loopback. */
	turn_peer_filter_deny_default(&self->f);
	EXPECT_TRUE(permits(&self->f, "127.0.0.1"));
	EXPECT_TRUE(permits(&self->f, "::1"));
	EXPECT_FALSE(permits(&self->f, "224.0.0.1"));
	/* What the operator denies in so many words stays denied. */
	ASSERT_EQ(0, deny(&self->f, "127.0.0.2", "127.0.0.2"));
	EXPECT_FALSE(permits(&self->f, "127.0.0.2"));
}

TEST_F(filter, ranges_include_both_ends)
{
	ASSERT_EQ(0, deny(&self->f, "198.51.100.10", "198.51.100.20"));
	EXPECT_TRUE(permits(&self->f, "198.51.100.9"));
	EXPECT_FALSE(permits(&self->f, "198.51.100.10"));
	EXPECT_FALSE(permits(&self->f, "198.51.100.20"));
	EXPECT_TRUE(permits(&self->f, "198.51.100.21"));
	ASSERT_EQ(0, deny(&self->f, "2001:db8::10", "2001:db8::1:0"));
	EXPECT_TRUE(permits(&self->f, "2001:db8::f"));
	EXPECT_FALSE(permits(&self->f, "2001:db8::10"));
	EXPECT_FALSE(permits(&self->f, "2001:db8::ffff"));
	EXPECT_TRUE(permits(&self->f, "2001:db8::1:1"));
}

TEST_F(filter, allowed_wins_over_denied)
{
	ASSERT_EQ(0, deny(&self->f, "10.0.0.0", "10.255.255.255"));
	ASSERT_EQ(0, allow(&self->f, "10.1.2.3", "10.1.2.4"));
	EXPECT_FALSE(permits(&self->f, "10.1.2.2"));
	EXPECT_TRUE(permits(&self->f, "10.1.2.3"));
	EXPECT_TRUE(permits(&self->f, "10.1.2.4"));
	/* But not over the switches. */
	ASSERT_EQ(0, allow(&self->f, "127.0.0.1", "127.0.0.1"));
	EXPECT_FALSE(permits(&self->f, "127.0.0.1"));
}

TEST_F(filter, malformed_ranges)
{
	EXPECT_EQ(-EINVAL, deny(&self->f, "10.0.0.2", "10.0.0.1"));
	EXPECT_EQ(-EINVAL, deny(&self->f, "10.0.0.1", "2001:db8::1"));
}

TEST_F(filter, default_list)
{
	static const char *const denied[] = {
		"0.1.1.1", "10.1.1.1", "100.64.0.1", "100.127.255.255",
		"127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1",
		"198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
		"224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1",
		"::ffff:8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "100::1",
		"2001::1", "2001:1ff::1", "2001:db8::1", "2002:808:808::1",
		"3fff::1", "3fff:fff::1", "fc00::1", "fdff::1", "fe80::1",
		"febf::1", "fec0::1", "feff::1", "ff02::1",
	};
	static const char *const permitted[] = {
		"8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255",
		"172.32.0.0", "192.0.1.1", "192.169.0.0", "198.20.0.0",
		"223.255.255.255", "2001:200::1", "2001:4860::8888",
		"2a00::1", "3fff:1000::1",
	};
	size_t i;

	turn_peer_filter_deny_default(&self->f);
	for (i = 0; i < sizeof(denied) / sizeof(*denied); i++)
		EXPECT_STREQ("", wrongly(&self->f, denied[i], true));
	for (i = 0; i < sizeof(permitted) / sizeof(*permitted); i++)
		EXPECT_STREQ("", wrongly(&self->f, permitted[i], false));
}

TEST_F(filter, cve_2026_27624_mapped_addresses)
{
	EXPECT_FALSE(permits(&self->f, "::ffff:127.0.0.1"));
	EXPECT_FALSE(permits(&self->f, "::ffff:8.8.8.8"));
	ASSERT_EQ(0, allow(&self->f, "::ffff:0:0", "::ffff:ffff:ffff"));
	EXPECT_FALSE(permits(&self->f, "::ffff:127.0.0.1"));
}

TEST_F(filter, embedded_addresses_are_judged_too)
{
	ASSERT_EQ(0, deny(&self->f, "10.0.0.0", "10.255.255.255"));
	EXPECT_FALSE(permits(&self->f, "64:ff9b::7f00:1"));	/* 127.0.0.1 */
	EXPECT_FALSE(permits(&self->f, "64:ff9b::a01:203"));	/* 10.1.2.3 */
	EXPECT_TRUE(permits(&self->f, "64:ff9b::808:808"));
	EXPECT_FALSE(permits(&self->f, "2002:7f00:1::1"));
	EXPECT_FALSE(permits(&self->f, "2002:a01:203::1"));
	/* Teredo carries the address inverted. */
	EXPECT_FALSE(permits(&self->f, "2001:0:1:2:0:ffff:80ff:fffe"));
	EXPECT_FALSE(permits(&self->f, "2001:0:1:2:0:ffff:f5fe:fdfc"));
	EXPECT_FALSE(permits(&self->f, "::127.0.0.1"));
	EXPECT_FALSE(permits(&self->f, "::ffff:0:127.0.0.1"));
	EXPECT_TRUE(permits(&self->f, "::ffff:0:8.8.8.8"));
	EXPECT_FALSE(permits(&self->f, "64:ff9b:1:abcd::10.1.2.3"));
	EXPECT_TRUE(permits(&self->f, "64:ff9b:1:abcd::8.8.8.8"));
	/* Allowing the outside does not allow what is inside. */
	ASSERT_EQ(0, allow(&self->f, "64:ff9b::", "64:ff9b::ffff:ffff"));
	EXPECT_FALSE(permits(&self->f, "64:ff9b::a01:203"));
}

/* Without the default list, too; but an operator may know his own. */
TEST_F(filter, rfc8656_21_4_tunneled_addresses)
{
	EXPECT_FALSE(permits(&self->f, "2002:808:808::1"));
	EXPECT_FALSE(permits(&self->f, "2001:0:1:2:0:ffff:f7f7:f7f7"));
	EXPECT_TRUE(permits(&self->f, "2001:1::1"));
	ASSERT_EQ(0, allow(&self->f, "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	EXPECT_TRUE(permits(&self->f, "2002:808:808::1"));
	EXPECT_FALSE(permits(&self->f, "2002:7f00:1::1"));
}

static int add_nat64(struct turn_peer_filter *f, const char *first,
		     const char *last)
{
	struct transport_addr a = addr(first), b = addr(last);

	return turn_peer_filter_add_nat64(f, &a, &b);
}

/* The addresses of RFC 6052's table, with 10.1.2.3 in place of 192.0.2.33. */
TEST_F(filter, rfc6052_2_4_a_networks_own_prefixes)
{
	static const struct {
		const char *first, *last, *denied, *permitted;
	} v[] = {
		{ "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		  "2001:db8:a01:203::", "2001:db8:808:808::" },
		{ "2001:db9:100::", "2001:db9:1ff:ffff:ffff:ffff:ffff:ffff",
		  "2001:db9:10a:102:3::", "2001:db9:108:808:8::" },
		{ "2001:dba:122::", "2001:dba:122:ffff:ffff:ffff:ffff:ffff",
		  "2001:dba:122:a01:2:300::", "2001:dba:122:808:8:800::" },
		{ "2001:dbb:122:300::", "2001:dbb:122:3ff:ffff:ffff:ffff:ffff",
		  "2001:dbb:122:30a:1:203::", "2001:dbb:122:308:8:808::" },
		{ "2001:dbc:122:344::", "2001:dbc:122:344:ffff:ffff:ffff:ffff",
		  "2001:dbc:122:344:a:102:300::",
		  "2001:dbc:122:344:8:808:800::" },
		{ "2001:dbd:122:344::", "2001:dbd:122:344::ffff:ffff",
		  "2001:dbd:122:344::10.1.2.3", "2001:dbd:122:344::8.8.8.8" },
	};

	ASSERT_EQ(0, deny(&self->f, "10.0.0.0", "10.255.255.255"));
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		EXPECT_TRUE(permits(&self->f, v[i].denied));
		ASSERT_EQ(0, add_nat64(&self->f, v[i].first, v[i].last));
		EXPECT_STREQ("", wrongly(&self->f, v[i].denied, true));
		EXPECT_STREQ("", wrongly(&self->f, v[i].permitted, false));
	}
}

TEST_F(filter, rfc6052_2_2_other_prefixes_are_none)
{
	EXPECT_EQ(-EINVAL, add_nat64(&self->f, "2001:db8::", "2001:dbf:ffff:ffff:ffff:ffff:ffff:ffff"));
	EXPECT_EQ(-EINVAL, add_nat64(&self->f, "2001:db8::", "2001:db8::ffff"));
	EXPECT_EQ(-EINVAL, add_nat64(&self->f, "2001:db8::1", "2001:db8::ffff:ffff"));
	EXPECT_EQ(-EINVAL, add_nat64(&self->f, "10.0.0.0", "10.255.255.255"));
	EXPECT_EQ(-EINVAL, add_nat64(&self->f, "2001:db8::1", "2001:db8::1"));
}

/* Name of the default range that refuses the peer, "" if it is not that. */
static const char *by_default(const struct turn_peer_filter *f, const char *peer)
{
	struct transport_addr a = addr(peer);
	const char *name = "";

	return turn_peer_filter_default_range(f, &a, &name) < 0 ? "" : name;
}

TEST_F(filter, the_default_range_that_refuses_is_named)
{
	EXPECT_STREQ("", by_default(&self->f, "10.0.0.1:9"));
	turn_peer_filter_deny_default(&self->f);
	EXPECT_STREQ("10.0.0.0/8", by_default(&self->f, "10.0.0.1:9"));
	EXPECT_STREQ("172.16.0.0/12", by_default(&self->f, "172.31.0.1:0"));
	EXPECT_STREQ("fc00::/7", by_default(&self->f, "fd00::1"));
	EXPECT_STREQ("64:ff9b::/96", by_default(&self->f, "64:ff9b::808:808"));
	/* Others refuse, so allowing the range would change nothing. */
	EXPECT_STREQ("", by_default(&self->f, "127.0.0.1"));
	EXPECT_STREQ("", by_default(&self->f, "224.0.0.1"));
	EXPECT_STREQ("", by_default(&self->f, "::ffff:10.0.0.1"));
	ASSERT_EQ(0, deny(&self->f, "10.0.0.7", "10.0.0.7"));
	EXPECT_STREQ("", by_default(&self->f, "10.0.0.7"));
	/* What is inside, once the outside is allowed. */
	ASSERT_EQ(0, allow(&self->f, "64:ff9b::", "64:ff9b::ffff:ffff"));
	EXPECT_STREQ("10.0.0.0/8", by_default(&self->f, "64:ff9b::a00:1"));
}

TEST_F(filter, own_addresses_on_relay_ports)
{
	struct transport_addr own = addr("10.1.2.3");

	turn_peer_filter_deny_default(&self->f);
	ASSERT_EQ(0, turn_peer_filter_add_own(&self->f, &own));
	self->f.own_port_min = 50000;
	self->f.own_port_max = 51000;
	EXPECT_TRUE(permits(&self->f, "10.1.2.3"));
	EXPECT_FALSE(permits(&self->f, "10.1.2.4"));
	EXPECT_TRUE(permits_port(&self->f, "10.1.2.3:50000"));
	EXPECT_TRUE(permits_port(&self->f, "10.1.2.3:51000"));
	EXPECT_FALSE(permits_port(&self->f, "10.1.2.3:49999"));
	EXPECT_FALSE(permits_port(&self->f, "10.1.2.3:51001"));
	EXPECT_FALSE(permits_port(&self->f, "10.1.2.3:53"));
	/* What the operator denies in so many words stays denied. */
	ASSERT_EQ(0, deny(&self->f, "10.1.2.3", "10.1.2.3"));
	EXPECT_FALSE(permits(&self->f, "10.1.2.3"));
	EXPECT_FALSE(permits_port(&self->f, "10.1.2.3:50000"));
	/* Nothing of that concerns others. */
	EXPECT_TRUE(permits_port(&self->f, "8.8.8.8:53"));
	EXPECT_FALSE(permits_port(&self->f, "8.8.8.8:0"));
}

TEST_HARNESS_MAIN
