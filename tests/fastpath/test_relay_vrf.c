// SPDX-License-Identifier: BSD-3-Clause
/*
 * A relay in a VRF: both legs' devices belong to it, the server's sockets are
 * bound to it, and only its routes count. Such packets meet PRE_ROUTING twice,
 * as the device's and as the VRF's; they are forwarded once and counted once.
 */
#include "relay_fixture.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "relay_leg.h"
#include "relay_mtu.h"
#include "rtnl.h"

#define TABLE 100

static const uint8_t gateway_mac[6] = { 2, 0, 0, 0, 0, 0x99 };

static int make_vrf(struct nl_sock *sk)
{
	static const uint32_t table = TABLE;
	static const struct rtnl_attr attrs[] = {
		{ IFLA_VRF_TABLE, sizeof(table), &table },
		{ 0 }
	};
	int err = netns_modprobe("vrf");

	if (!err)
		err = rtnl_link(sk, "red", "vrf", NULL, NULL, attrs);
	return err ? err : rtnl_up(sk, "red");
}

/* The device starts anew in the VRF, with the addresses that it had. */
static int move_into_vrf(struct relay *r, struct nl_sock *sk,
			 enum netns_end_id id)
{
	const struct netns_end *end = &netns_ends[id];
	int err = netns_unsettle(&r->ns, id);

	if (!err)
		err = rtnl_enslave(sk, end->device, "red");
	if (!err)
		err = netns_wait_for_link(&r->ns, NETNS_RELAY, end->device);
	return err ? err : netns_settle(&r->ns, id, end->device,
					end->neighbour_mac);
}

static int bind_to_vrf(int fd)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "red",
			  sizeof("red")) ? -errno : 0;
}

/* The allocation again, as a server with such sockets installs it. */
static int install_in_vrf(struct relay *r)
{
	struct fastpath_error err;
	int ret = fastpath_flush(r->fastpath, &err);

	r->allocation.server_device = if_nametoindex("red");
	r->allocation.relayed_device = if_nametoindex("red");
	return ret ? ret : relay_install(r, RELAY_TIMEOUT_MS);
}

/* The whole relay; returns a socket for what changes later, or NULL. */
static struct nl_sock *enter_vrf(struct relay *r)
{
	struct nl_sock *sk = netns_rtnl(&r->ns, NETNS_RELAY);
	int err;

	if (!sk)
		return NULL;
	err = make_vrf(sk);
	if (!err)
		err = move_into_vrf(r, sk, NETNS_RC);
	if (!err)
		err = move_into_vrf(r, sk, NETNS_RP);
	if (!err)
		err = bind_to_vrf(r->server_fd);
	if (!err)
		err = bind_to_vrf(r->relayed_fd);
	if (!err)
		err = bind_to_vrf(r->fence_fd);
	if (!err)
		err = install_in_vrf(r);
	if (!err)
		return sk;
	printf("# cannot move the relay into a VRF: %s\n", strerror(-err));
	rtnl_close(sk);
	return NULL;
}

TEST_F(path, sizes_from_nothing_to_mtu)
{
	static const size_t sizes[] = { 0, 1, 172, 1200 };
	struct nl_sock *sk = enter_vrf(&self->r);
	size_t i;

	ASSERT_TRUE(sk);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir,
						 sizes[i]));
	}
	ASSERT_EQ(0, rtnl_set_mtu(sk, leg_end(variant->dir)->device, 1400));
	EXPECT_TRUE(relay_limit_is(&self->r, variant->dir, 1400));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

TEST_F(path, routes_of_the_vrf)
{
	const char *gateway = variant->family == AF_INET ?
		(variant->dir == TO_PEER ? "198.51.100.9" : "192.0.2.9") :
		(variant->dir == TO_PEER ? "2001:db8:2::9" : "2001:db8:1::9");
	struct rtnl_route route = {
		.dst = leg_host(&self->r, variant->dir),
		.type = RTN_UNREACHABLE,
	};
	struct wire *w = leg_wire(&self->r, variant->dir);
	const char *device = leg_end(variant->dir)->device;
	struct nl_sock *sk = enter_vrf(&self->r);
	uint8_t last = w->mac[5];

	ASSERT_TRUE(sk);
	/* The main table is none of its business. */
	ASSERT_EQ(0, rtnl_route(sk, &route));
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 100));
	ASSERT_EQ(0, rtnl_route_delete(sk, &route));

	ASSERT_EQ(0, rtnl_neighbour(sk, device, gateway, gateway_mac));
	route.type = RTN_UNICAST;
	route.device = device;
	route.gateway = gateway;
	route.table = TABLE;
	ASSERT_EQ(0, rtnl_route(sk, &route));
	w->mac[5] = gateway_mac[5];
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 100));
	ASSERT_EQ(0, rtnl_route_delete(sk, &route));
	w->mac[5] = last;
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 100));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

TEST_F(path, what_is_left_to_the_server)
{
	struct rtnl_route route = {
		.dst = leg_host(&self->r, variant->dir),
		.type = RTN_UNREACHABLE,
		.table = TABLE,
	};
	struct nl_sock *sk = enter_vrf(&self->r);
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);

	ASSERT_TRUE(sk);
	ASSERT_EQ(0, rtnl_route(sk, &route));
	EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in,
				 KTURN_A_PASSED_NO_ROUTE));
	ASSERT_EQ(0, rtnl_route_delete(sk, &route));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

/* Odd in both of the places where a VRF shows it: counted once. */
TEST_F(path, what_is_odd_is_counted_once)
{
	struct nl_sock *sk = enter_vrf(&self->r);
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);

	ASSERT_TRUE(sk);
	/* A UDP length beyond the packet: the stack drops it further on. */
	in.length_lie = 4;
	self->r.want.passed[KTURN_A_PASSED_OTHER]++;
	ASSERT_EQ(0, wire_send_udp(leg_wire(&self->r, !variant->dir), &in));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

TEST_F(path, what_is_dropped)
{
	struct nl_sock *sk = enter_vrf(&self->r);
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	const struct fastpath_permission permission = {
		.allocation_id = self->r.allocation.id,
		.peer = self->r.peer_addr,
	};
	struct fastpath_error err;

	ASSERT_TRUE(sk);
	ASSERT_EQ(0, fastpath_permission_del(self->r.fastpath, &permission,
					     &err));
	EXPECT_TRUE(relay_drops(&self->r, variant->dir, &in,
				KTURN_A_DROPPED_NO_PERMISSION));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

/* Who is told of no VRF does not forward in one: addresses may be others'. */
TEST_F(path, of_an_allocation_outside)
{
	struct nl_sock *sk = enter_vrf(&self->r);
	struct fastpath_error err;
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);

	ASSERT_TRUE(sk);
	ASSERT_EQ(0, fastpath_flush(self->r.fastpath, &err));
	self->r.allocation.server_device = 0;
	self->r.allocation.relayed_device = 0;
	ASSERT_EQ(0, relay_install(&self->r, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in,
				 KTURN_A_PASSED_OTHER));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

/* Sockets may be bound to plain devices as well. */
TEST_F(path, of_an_allocation_that_keeps_to_devices)
{
	const char *way_in = variant->dir == TO_PEER ? "rc" : "rp";
	struct relay *r = &self->r;
	struct fastpath_error err;
	struct fastpath_allocation a;
	uint8_t buf[300];
	struct udp_packet in = relay_message(r, variant->dir, buf, 100);

	ASSERT_EQ(0, fastpath_flush(r->fastpath, &err));
	r->allocation.server_device = if_nametoindex("rc");
	r->allocation.relayed_device = if_nametoindex("rp");
	ASSERT_EQ(0, relay_install(r, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(relay_forwards(r, variant->dir, &in));
	ASSERT_EQ(0, fastpath_allocation_get(r->fastpath, r->allocation.id, &a,
					     &err));
	EXPECT_EQ(if_nametoindex("rc"), a.server_device);
	EXPECT_EQ(if_nametoindex("rp"), a.relayed_device);

	/* It comes by another device than the sockets are bound to. */
	ASSERT_EQ(0, fastpath_flush(r->fastpath, &err));
	*(variant->dir == TO_PEER ? &r->allocation.server_device :
	  &r->allocation.relayed_device) = if_nametoindex("lo");
	ASSERT_EQ(0, relay_install(r, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(relay_passes(r, variant->dir, &in, KTURN_A_PASSED_OTHER))
		TH_LOG("by %s", way_in);
	EXPECT_TRUE(relay_settled(r));
}

TEST_HARNESS_MAIN
