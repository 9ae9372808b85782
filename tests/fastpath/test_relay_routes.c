// SPDX-License-Identifier: BSD-3-Clause
/*
 * Addresses, routes, neighbours and devices that change while a channel is in
 * use: the datagram after a change goes the new way, or nowhere.
 */
#include "relay_fixture.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "relay_leg.h"
#include "relay_mtu.h"
#include "rtnl.h"

#define TABLE 100

static const uint8_t other_mac[6] = { 2, 0, 0, 0, 0, 0x99 };
static const uint8_t third_mac[6] = { 2, 0, 0, 0, 0, 0x9a };

/* Neither exists but as a neighbour. */
static const char *gateway(const struct relay *r, enum direction dir, int which)
{
	static const char *const v4[2][2] = {
		{ "198.51.100.9", "198.51.100.10" },
		{ "192.0.2.9", "192.0.2.10" },
	};
	static const char *const v6[2][2] = {
		{ "2001:db8:2::9", "2001:db8:2::a" },
		{ "2001:db8:1::9", "2001:db8:1::a" },
	};

	return r->family == AF_INET ? v4[dir][which] : v6[dir][which];
}

/* An rtnetlink socket in the relay's namespace, for as long as the test. */
static struct nl_sock *open_rtnl(struct relay *r)
{
	return netns_rtnl(&r->ns, NETNS_RELAY);
}

static int add_gateways(struct relay *r, enum direction dir, struct nl_sock *sk)
{
	const char *device = leg_end(dir)->device;
	int err = rtnl_neighbour(sk, device, gateway(r, dir, 0), other_mac);

	return err ? err : rtnl_neighbour(sk, device, gateway(r, dir, 1),
					  third_mac);
}

/* The next datagram goes to this Ethernet address. */
static bool forwards_to(struct relay *r, enum direction dir,
			const uint8_t mac[6])
{
	struct wire *w = leg_wire(r, dir);
	uint8_t own[6];
	bool ok;

	memcpy(own, w->mac, sizeof(own));
	memcpy(w->mac, mac, sizeof(w->mac));
	ok = relay_forwards_bytes(r, dir, 100);
	memcpy(w->mac, own, sizeof(w->mac));
	return ok;
}

static bool forwards(struct relay *r, enum direction dir)
{
	return forwards_to(r, dir, leg_wire(r, dir)->mac);
}

static bool passes(struct relay *r, enum direction dir, int reason)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(r, dir, buf, 100);

	return relay_passes(r, dir, &in, reason);
}

/* --- neighbours --- */

TEST_F(path, an_unresolved_neighbour_costs_no_packet)
{
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	const struct wire *w = leg_wire(&self->r, !variant->dir);
	struct nl_sock *sk = open_rtnl(&self->r);
	int i;

	ASSERT_EQ(0, rtnl_neighbour_delete(sk, leg_end(variant->dir)->device,
					   leg_host(&self->r, variant->dir)));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, wire_send_udp(w, &in));
	}
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(relay_expect_output(&self->r, variant->dir, &in));
	}
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

TEST_F(path, a_neighbour_moves)
{
	const struct netns_end *out = leg_end(variant->dir);
	struct nl_sock *sk = open_rtnl(&self->r);
	const char *host = leg_host(&self->r, variant->dir);

	EXPECT_TRUE(forwards(&self->r, variant->dir));
	ASSERT_EQ(0, rtnl_neighbour(sk, out->device, host, other_mac));
	EXPECT_TRUE(forwards_to(&self->r, variant->dir, other_mac));
	ASSERT_EQ(0, rtnl_neighbour(sk, out->device, host,
				    out->neighbour_mac));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

/* How often a neighbour is asked, every 20 ms, before it is given up. */
static int ask_neighbours(struct relay *r, enum direction dir,
			  const char *times)
{
	const char *family = r->family == AF_INET ? "ipv4" : "ipv6";
	char path[80];
	int err;

	snprintf(path, sizeof(path), "net/%s/neigh/%s/retrans_time_ms", family,
		 leg_end(dir)->device);
	err = netns_sysctl(&r->ns, NETNS_RELAY, path, "20");
	snprintf(path, sizeof(path), "net/%s/neigh/%s/mcast_solicit", family,
		 leg_end(dir)->device);
	return err ? err : netns_sysctl(&r->ns, NETNS_RELAY, path, times);
}

/* The far host's addresses come and go, and with them its answers. */
static int far_host_answers(struct relay *r, enum direction dir, bool answers)
{
	const struct netns_end *far = leg_far_end(dir);
	const char *addr = far->addr[r->family != AF_INET];
	struct nl_sock *sk = netns_rtnl(&r->ns, far->id);
	int err;

	err = answers ? rtnl_address(sk, far->device, addr) :
			rtnl_address_delete(sk, far->device, addr);
	rtnl_close(sk);
	return err;
}

/*
 * What waits for a neighbour that does not answer is lost, and its sender, the
 * socket that has its source address, is told.
 */
TEST_F(path, a_neighbour_does_not_answer)
{
	struct relay *r = &self->r;
	uint8_t buf[300];
	struct udp_packet in = relay_message(r, variant->dir, buf, 100);
	struct fastpath_flow *flow = variant->dir == TO_PEER ?
				     &r->want.to_peer : &r->want.to_client;
	struct pollfd poller = { .fd = leg_socket(r, variant->dir) };
	struct nl_sock *sk = open_rtnl(r);

	ASSERT_LE(0, poller.fd);
	ASSERT_EQ(0, ask_neighbours(r, variant->dir, "1"));
	ASSERT_EQ(0, far_host_answers(r, variant->dir, false));
	ASSERT_EQ(0, netns_enter(&r->ns, NETNS_RELAY));
	ASSERT_EQ(0, rtnl_neighbour_delete(sk, leg_end(variant->dir)->device,
					   leg_host(r, variant->dir)));
	ASSERT_EQ(0, wire_send_udp(leg_wire(r, !variant->dir), &in));
	flow->packets++;
	flow->bytes += 100;
	EXPECT_EQ(1, poll(&poller, 1, PACKET_TIMEOUT_MS));
	EXPECT_TRUE(relay_counted(r));

	ASSERT_EQ(0, far_host_answers(r, variant->dir, true));
	ASSERT_EQ(0, ask_neighbours(r, variant->dir, "100"));
	EXPECT_TRUE(forwards(r, variant->dir));
	EXPECT_TRUE(forwards(r, variant->dir));
	EXPECT_TRUE(relay_counted(r));
	rtnl_close(sk);
}

/* --- routes --- */

TEST_F(path, a_route_that_comes_and_goes)
{
	static const uint8_t types[] = { RTN_UNREACHABLE, RTN_BLACKHOLE,
					 RTN_PROHIBIT };
	struct rtnl_route route = {
		.dst = leg_host(&self->r, variant->dir),
	};
	struct nl_sock *sk = open_rtnl(&self->r);
	size_t i;

	for (i = 0; i < sizeof(types); i++) {
		EXPECT_TRUE(forwards(&self->r, variant->dir));
		route.type = types[i];
		ASSERT_EQ(0, rtnl_route(sk, &route));
		EXPECT_TRUE(passes(&self->r, variant->dir,
				   KTURN_A_PASSED_NO_ROUTE))
			TH_LOG("route type %d", types[i]);
		ASSERT_EQ(0, rtnl_route_delete(sk, &route));
	}
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

TEST_F(path, a_gateway_that_changes)
{
	struct rtnl_route route = {
		.dst = leg_host(&self->r, variant->dir),
		.device = leg_end(variant->dir)->device,
		.gateway = gateway(&self->r, variant->dir, 0),
	};
	struct nl_sock *sk = open_rtnl(&self->r);

	ASSERT_EQ(0, add_gateways(&self->r, variant->dir, sk));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	ASSERT_EQ(0, rtnl_route(sk, &route));
	EXPECT_TRUE(forwards_to(&self->r, variant->dir, other_mac));
	route.gateway = gateway(&self->r, variant->dir, 1);
	ASSERT_EQ(0, rtnl_route(sk, &route));
	EXPECT_TRUE(forwards_to(&self->r, variant->dir, third_mac));
	ASSERT_EQ(0, rtnl_route_delete(sk, &route));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

/* RFC 8950: IPv4 by way of a neighbour that is known by its IPv6 address. */
TEST_F(path, an_ipv6_gateway_of_an_ipv4_route)
{
	bool to_peer = variant->dir == TO_PEER;
	const struct rtnl_route route = {
		.dst = leg_host(&self->r, variant->dir),
		.device = leg_end(variant->dir)->device,
		.gateway = to_peer ? "2001:db8:2::9" : "2001:db8:1::9",
	};
	struct nl_sock *sk = open_rtnl(&self->r);

	if (variant->family != AF_INET)
		SKIP(return, "IPv6 has IPv6 gateways");
	ASSERT_EQ(0, rtnl_neighbour(sk, route.device, route.gateway,
				    other_mac));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	ASSERT_EQ(0, rtnl_route(sk, &route));
	EXPECT_TRUE(forwards_to(&self->r, variant->dir, other_mac));
	EXPECT_TRUE(forwards_to(&self->r, variant->dir, other_mac));
	ASSERT_EQ(0, rtnl_route_delete(sk, &route));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

TEST_F(relay, a_peer_behind_a_gateway)
{
	bool v4 = variant->family == AF_INET;
	const char *peer = v4 ? "203.0.113.5" : "2001:db8:5::5";
	struct rtnl_route route = {
		.dst = peer,
		.gateway = leg_host(&self->r, TO_PEER),
	};
	struct nl_sock *sk = open_rtnl(&self->r);
	struct fastpath_error err;

	ASSERT_EQ(0, fastpath_flush(self->r.fastpath, &err));
	ASSERT_EQ(0, transport_addr_parse(&self->r.peer_addr, peer));
	self->r.peer_addr.port = RELAY_PEER_PORT;
	ASSERT_EQ(0, rtnl_route(sk, &route));
	ASSERT_EQ(0, relay_install(&self->r, RELAY_TIMEOUT_MS));
	EXPECT_TRUE(forwards(&self->r, TO_PEER));
	EXPECT_TRUE(forwards(&self->r, TO_CLIENT));
	ASSERT_EQ(0, rtnl_route_delete(sk, &route));
	EXPECT_TRUE(passes(&self->r, TO_PEER, KTURN_A_PASSED_NO_ROUTE));
	EXPECT_TRUE(forwards(&self->r, TO_CLIENT));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

/* A flow stays on its path, as its datagrams are not to overtake each other. */
TEST_F(path, two_gateways_at_once)
{
	struct rtnl_route route = {
		.dst = leg_host(&self->r, variant->dir),
		.device = leg_end(variant->dir)->device,
		.gateway = gateway(&self->r, variant->dir, 0),
		.gateway2 = gateway(&self->r, variant->dir, 1),
	};
	struct wire *w = leg_wire(&self->r, variant->dir), was = *w;
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 100);
	struct udp_packet out = relay_output(&self->r, variant->dir, &in);
	struct nl_sock *sk = open_rtnl(&self->r);
	static struct frame f;
	int i;

	ASSERT_EQ(0, add_gateways(&self->r, variant->dir, sk));
	ASSERT_EQ(0, rtnl_route(sk, &route));
	/* The first datagram shows which one it is. */
	ASSERT_EQ(0, wire_send_udp(leg_wire(&self->r, !variant->dir), &in));
	ASSERT_EQ(0, wire_receive(w, &f, PACKET_TIMEOUT_MS));
	ASSERT_TRUE(!memcmp(f.data, other_mac, 6) ||
		    !memcmp(f.data, third_mac, 6));
	memcpy(w->mac, f.data, sizeof(w->mac));
	EXPECT_TRUE(frame_is_udp(&f, w, &out));
	*(variant->dir == TO_PEER ? &self->r.want.to_peer
				  : &self->r.want.to_client) =
		(struct fastpath_flow){ .packets = 1, .bytes = 100 };
	for (i = 0; i < 20; i++) {
		EXPECT_TRUE(forwards(&self->r, variant->dir));
	}
	/* Only the other one is left. */
	if (!memcmp(w->mac, other_mac, 6))
		route.gateway = route.gateway2;
	route.gateway2 = NULL;
	ASSERT_EQ(0, rtnl_route(sk, &route));
	EXPECT_TRUE(forwards_to(&self->r, variant->dir,
				memcmp(w->mac, other_mac, 6) ? other_mac
							      : third_mac));
	ASSERT_EQ(0, rtnl_route_delete(sk, &route));
	*w = was;
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

TEST_F(path, a_rule_for_the_relays_address)
{
	const char *source = leg_end(variant->dir)->addr[variant->family !=
							 AF_INET];
	struct rtnl_route route = {
		.dst = leg_host(&self->r, variant->dir),
		.device = leg_end(variant->dir)->device,
		.gateway = gateway(&self->r, variant->dir, 0),
		.table = TABLE,
	};
	struct nl_sock *sk = open_rtnl(&self->r);

	ASSERT_EQ(0, add_gateways(&self->r, variant->dir, sk));
	ASSERT_EQ(0, rtnl_route(sk, &route));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	ASSERT_EQ(0, rtnl_rule(sk, source, TABLE));
	EXPECT_TRUE(forwards_to(&self->r, variant->dir, other_mac));
	ASSERT_EQ(0, rtnl_rule_delete(sk, source, TABLE));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

TEST_F(path, an_mtu_that_changes)
{
	struct rtnl_route route = {
		.dst = leg_host(&self->r, variant->dir),
		.device = leg_end(variant->dir)->device,
		.mtu = 1400,
	};
	struct nl_sock *sk = open_rtnl(&self->r);

	ASSERT_EQ(0, rtnl_set_mtu(sk, route.device, 1480));
	EXPECT_TRUE(relay_limit_is(&self->r, variant->dir, 1480));
	ASSERT_EQ(0, rtnl_set_mtu(sk, route.device, 1450));
	EXPECT_TRUE(relay_limit_is(&self->r, variant->dir, 1450));
	ASSERT_EQ(0, rtnl_route(sk, &route));
	EXPECT_TRUE(relay_limit_is(&self->r, variant->dir, 1400));
	route.mtu = 1420;
	ASSERT_EQ(0, rtnl_route(sk, &route));
	EXPECT_TRUE(relay_limit_is(&self->r, variant->dir, 1420));
	ASSERT_EQ(0, rtnl_route_delete(sk, &route));
	EXPECT_TRUE(relay_limit_is(&self->r, variant->dir, 1450));
	ASSERT_EQ(0, rtnl_set_mtu(sk, route.device, 1480));
	EXPECT_TRUE(relay_limit_is(&self->r, variant->dir, 1480));
	EXPECT_TRUE(relay_settled(&self->r));
	rtnl_close(sk);
}

/* --- devices --- */

TEST_F(path, a_route_to_another_device)
{
	struct wire second;
	const struct rtnl_route route = {
		.dst = leg_host(&self->r, variant->dir),
		.device = "second",
	};
	struct nl_sock *sk = open_rtnl(&self->r);

	ASSERT_EQ(0, leg_second_link(&self->r, variant->dir, &second));
	ASSERT_EQ(0, rtnl_neighbour(sk, "second",
				    leg_host(&self->r, variant->dir),
				    leg_far_end(variant->dir)->mac));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	ASSERT_EQ(0, rtnl_route(sk, &route));
	leg_swap(&self->r, variant->dir, &second);
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	ASSERT_EQ(0, rtnl_route_delete(sk, &route));
	leg_swap(&self->r, variant->dir, &second);
	EXPECT_TRUE(forwards(&self->r, variant->dir));

	/* The device goes, and the route with it. */
	ASSERT_EQ(0, rtnl_route(sk, &route));
	leg_swap(&self->r, variant->dir, &second);
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	ASSERT_EQ(0, rtnl_delete(sk, "second"));
	leg_swap(&self->r, variant->dir, &second);
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	EXPECT_TRUE(relay_settled(&self->r));
	wire_close(&second);
	rtnl_close(sk);
}

/* What went with the device: addresses, neighbours. */
static int restore(struct relay *r, enum direction dir, struct nl_sock *sk)
{
	const struct netns_end *out = leg_end(dir);
	int i = r->family != AF_INET;
	int err = netns_wait_for_link(&r->ns, NETNS_RELAY, out->device);

	if (!err && i)
		err = rtnl_address(sk, out->device, out->addr[i]);
	return err ? err : rtnl_neighbour(sk, out->device, out->neighbour[i],
					  out->neighbour_mac);
}

TEST_F(path, a_device_goes_down_and_comes_back)
{
	const char *device = leg_end(variant->dir)->device;
	struct nl_sock *sk = open_rtnl(&self->r);

	EXPECT_TRUE(forwards(&self->r, variant->dir));
	ASSERT_EQ(0, rtnl_down(sk, device));
	EXPECT_TRUE(passes(&self->r, variant->dir, KTURN_A_PASSED_NO_ROUTE));
	ASSERT_EQ(0, rtnl_up(sk, device));
	ASSERT_EQ(0, restore(&self->r, variant->dir, sk));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	EXPECT_TRUE(relay_counted(&self->r));
	rtnl_close(sk);
}

/* A cached route must not hold the device: deleting it would hang. */
TEST_F(path, a_device_is_removed)
{
	struct nl_sock *sk = open_rtnl(&self->r);
	struct timespec began, ended;

	EXPECT_TRUE(forwards(&self->r, TO_PEER));
	EXPECT_TRUE(forwards(&self->r, TO_CLIENT));
	clock_gettime(CLOCK_MONOTONIC, &began);
	ASSERT_EQ(0, rtnl_delete(sk, leg_end(variant->dir)->device));
	clock_gettime(CLOCK_MONOTONIC, &ended);
	EXPECT_GT(5, ended.tv_sec - began.tv_sec);
	EXPECT_TRUE(passes(&self->r, variant->dir, KTURN_A_PASSED_NO_ROUTE));
	EXPECT_TRUE(relay_counted(&self->r));
	rtnl_close(sk);
}

/* --- the relay's own addresses --- */

/* The address that a direction's datagrams are sent from. */
TEST_F(path, the_source_address_goes_and_comes_back)
{
	const struct netns_end *out = leg_end(variant->dir);
	const char *addr = out->addr[variant->family != AF_INET];
	struct rtnl_route route = {
		.dst = leg_host(&self->r, variant->dir),
		.device = out->device,
	};
	struct nl_sock *sk = open_rtnl(&self->r);

	/* The far host stays within reach. */
	ASSERT_EQ(0, rtnl_route(sk, &route));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	ASSERT_EQ(0, rtnl_address_delete(sk, out->device, addr));
	EXPECT_TRUE(passes(&self->r, variant->dir, KTURN_A_PASSED_NO_ROUTE));
	ASSERT_EQ(0, rtnl_address(sk, out->device, addr));
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	EXPECT_TRUE(relay_counted(&self->r));
	rtnl_close(sk);
}

/* What comes to an address that is not the host's is not for the relay. */
TEST_F(path, the_address_it_came_to_goes_and_comes_back)
{
	const struct netns_end *in_end = leg_end(!variant->dir);
	const char *addr = in_end->addr[variant->family != AF_INET];
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 50);
	struct nl_sock *sk = open_rtnl(&self->r);

	EXPECT_TRUE(forwards(&self->r, variant->dir));
	ASSERT_EQ(0, rtnl_address_delete(sk, in_end->device, addr));
	ASSERT_EQ(0, wire_send_udp(leg_wire(&self->r, !variant->dir), &in));
	ASSERT_EQ(0, rtnl_address(sk, in_end->device, addr));
	/* Of another size: the first may not come out before it. */
	EXPECT_TRUE(forwards(&self->r, variant->dir));
	rtnl_close(sk);
}

TEST_HARNESS_MAIN
