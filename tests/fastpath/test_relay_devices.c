// SPDX-License-Identifier: BSD-3-Clause
/*
 * A leg of the relay over something else than a plain Ethernet device: what is
 * forwarded both ways, byte by byte, tags included.
 */
#include "relay_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>		/* before the kernel's own, which gives way */
#include <linux/if_bonding.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/ip6_tunnel.h>
#include <linux/netlink.h>
#include <string.h>
#include <unistd.h>

#include "relay_leg.h"
#include "relay_mtu.h"
#include "rtnl.h"

static bool forwards_both_ways(struct relay *r)
{
	static const size_t sizes[] = { 0, 1, 172, 1200 };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (!relay_forwards_bytes(r, TO_PEER, sizes[i]) ||
		    !relay_forwards_bytes(r, TO_CLIENT, sizes[i]))
			return false;
	return true;
}

/* Take a leg's addresses from its device and give them to another. */
static int move_leg(struct relay *r, enum direction leg, const char *device)
{
	enum netns_end_id end = leg_end_id(leg);
	int err = netns_unsettle(&r->ns, end);

	if (!err)
		err = netns_wait_for_link(&r->ns, NETNS_RELAY, device);
	if (!err)
		err = netns_settle(&r->ns, end, device,
				   netns_ends[end].neighbour_mac);
	return err;
}

/* A device of some kind on top of a leg's or on its own, and up. */
static int make_device(struct relay *r, enum netns_id id, const char *name,
		       const char *kind, const char *under,
		       const uint8_t *mac, const struct rtnl_attr *attrs)
{
	struct nl_sock *sk = netns_rtnl(&r->ns, id);
	int err;

	if (!sk)
		return -EIO;
	err = rtnl_link(sk, name, kind, under, mac, attrs);
	if (!err)
		err = rtnl_up(sk, name);
	rtnl_close(sk);
	return err;
}

/* --- VLANs --- */

static const uint8_t vlan_5[] = { 0x81, 0x00, 0x00, 0x05 };
static const uint8_t vlan_7_5[] = { 0x88, 0xa8, 0x00, 0x07,
				    0x81, 0x00, 0x00, 0x05 };

/* What an skb's priority, 4 for DSCP 46, makes of the tag's. */
static const struct {
	struct nlattr header;
	struct ifla_vlan_qos_mapping mapping;
} egress_4_to_6 = {
	{ sizeof(egress_4_to_6), IFLA_VLAN_QOS_MAPPING },
	{ .from = 4, .to = 6 },
};

static int make_vlan(struct relay *r, const char *name, const char *under,
		     uint16_t protocol, uint16_t id)
{
	const uint16_t tpid = htons(protocol);
	const struct rtnl_attr attrs[] = {
		{ IFLA_VLAN_ID, sizeof(id), &id },
		{ IFLA_VLAN_PROTOCOL, sizeof(tpid), &tpid },
		{ IFLA_VLAN_EGRESS_QOS | NLA_F_NESTED, sizeof(egress_4_to_6),
		  &egress_4_to_6 },
		{ 0 }
	};
	int err = netns_modprobe("8021q");

	return err ? err : make_device(r, NETNS_RELAY, name, "vlan", under,
				       NULL, attrs);
}

static int leg_over_vlan(struct relay *r, enum direction leg)
{
	int err = make_vlan(r, "vlan5", leg_end(leg)->device,
			    ETH_P_8021Q, 5);

	if (!err)
		err = move_leg(r, leg, "vlan5");
	wire_set_tags(leg_wire(r, leg), vlan_5, sizeof(vlan_5));
	return err;
}

/* The DSCP gives a packet its priority, and that the tag its own. */
TEST_F(path, a_vlan)
{
	static const uint8_t vlan_5_priority_6[] = { 0x81, 0x00, 0xc0, 0x05 };
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 172);
	struct wire *w = leg_wire(&self->r, variant->dir);

	ASSERT_EQ(0, leg_over_vlan(&self->r, variant->dir));
	EXPECT_TRUE(forwards_both_ways(&self->r));
	in.tos = 0xb8;
	wire_set_tags(w, vlan_5_priority_6, sizeof(vlan_5_priority_6));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	wire_set_tags(w, vlan_5, sizeof(vlan_5));
	EXPECT_TRUE(forwards_both_ways(&self->r));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* From VLAN to VLAN; the first one's tag is left behind. */
TEST_F(relay, two_vlans)
{
	static const uint8_t vlan_6[] = { 0x81, 0x00, 0x00, 0x06 };

	ASSERT_EQ(0, leg_over_vlan(&self->r, TO_CLIENT));
	ASSERT_EQ(0, make_vlan(&self->r, "vlan6", "rp", ETH_P_8021Q, 6));
	ASSERT_EQ(0, move_leg(&self->r, TO_PEER, "vlan6"));
	wire_set_tags(&self->r.peer, vlan_6, sizeof(vlan_6));
	EXPECT_TRUE(forwards_both_ways(&self->r));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, a_vlan_in_a_vlan)
{
	const char *device = leg_end(variant->dir)->device;
	struct relay *r = &self->r;

	ASSERT_EQ(0, make_vlan(r, "outer", device, ETH_P_8021AD, 7));
	ASSERT_EQ(0, make_vlan(r, "inner", "outer", ETH_P_8021Q, 5));
	ASSERT_EQ(0, move_leg(r, variant->dir, "inner"));
	wire_set_tags(leg_wire(r, variant->dir), vlan_7_5, sizeof(vlan_7_5));
	EXPECT_TRUE(forwards_both_ways(r));
	EXPECT_TRUE(relay_settled(r));
}

/* VLAN 0 is no VLAN, only a priority (IEEE 802.1Q section 6.9). */
TEST_F(path, a_priority_tag)
{
	static const uint8_t priority_5[] = { 0x81, 0x00, 0xa0, 0x00 };
	struct wire *w = wire_in(&self->r, variant->dir);
	uint8_t buf[300];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 172);

	ASSERT_EQ(0, netns_modprobe("8021q"));
	wire_set_tags(w, priority_5, sizeof(priority_5));
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	wire_set_tags(w, NULL, 0);
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* --- more devices on one --- */

TEST_F(path, a_macvlan)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0xa0 };
	static const uint32_t mode = MACVLAN_MODE_PRIVATE;
	static const struct rtnl_attr attrs[] = {
		{ IFLA_MACVLAN_MODE, sizeof(mode), &mode },
		{ 0 }
	};
	struct relay *r = &self->r;

	ASSERT_EQ(0, netns_modprobe("macvlan"));
	ASSERT_EQ(0, make_device(r, NETNS_RELAY, "mv", "macvlan",
				 leg_end(variant->dir)->device,
				 mac, attrs));
	ASSERT_EQ(0, move_leg(r, variant->dir, "mv"));
	memcpy(leg_wire(r, variant->dir)->remote_mac, mac, sizeof(mac));
	EXPECT_TRUE(forwards_both_ways(r));
	EXPECT_TRUE(relay_settled(r));
}

/* --- one device on two links --- */

/* A bond or bridge over a leg's device and a second one. */
static int join(struct relay *r, enum direction leg, const char *master,
		bool down_first)
{
	const char *devices[] = { leg_end(leg)->device, "second" };
	struct nl_sock *sk = netns_rtnl(&r->ns, NETNS_RELAY);
	int i, err = 0;

	if (!sk)
		return -EIO;
	for (i = 0; i < 2 && !err; i++) {
		if (down_first)
			err = rtnl_down(sk, devices[i]);
		if (!err)
			err = rtnl_enslave(sk, devices[i], master);
	}
	rtnl_close(sk);
	return err;
}

/* The bond takes the place of the leg's device, and its Ethernet address. */
static int leg_over_bond(struct relay *r, enum direction leg, uint8_t mode,
			 struct wire *second)
{
	static const uint32_t poll_ms = 10;
	const struct rtnl_attr attrs[] = {
		{ IFLA_BOND_MODE, sizeof(mode), &mode },
		{ IFLA_BOND_MIIMON, sizeof(poll_ms), &poll_ms },
		{ 0 }
	};
	int err = netns_modprobe("bonding");

	if (!err)
		err = leg_second_link(r, leg, second);
	memcpy(second->remote_mac, leg_end(leg)->mac,
	       sizeof(second->remote_mac));
	if (!err)
		err = netns_unsettle(&r->ns, leg_end_id(leg));
	if (!err)
		err = make_device(r, NETNS_RELAY, "bond", "bond", NULL, NULL,
				  attrs);
	if (!err)
		err = join(r, leg, "bond", true);
	if (!err)
		err = netns_wait_for_link(&r->ns, NETNS_RELAY, "bond");
	if (!err)
		err = netns_settle(&r->ns, leg_end_id(leg), "bond",
				   leg_end(leg)->neighbour_mac);
	return err;
}

/*
 * Send until a datagram comes out of the other link. What goes to the dead one
 * before the bond notices is either refused, or taken and lost there.
 */
static bool fails_over(struct relay *r, enum direction dir,
		       const struct wire *second)
{
	struct fastpath_flow *flow = dir == TO_PEER ? &r->want.to_peer
						    : &r->want.to_client;
	const struct wire *in_wire = leg_wire(r, !dir);
	uint64_t *refused = &r->want.dropped[KTURN_A_DROPPED_OUTPUT];
	uint8_t buf[300];
	struct udp_packet in = relay_message(r, dir, buf, 100);
	struct udp_packet out = relay_output(r, dir, &in);
	static struct frame f;
	int sent, err = -ETIME;

	for (sent = 0; sent < 500 && err; sent++) {
		if (wire_send_udp(in_wire, &in))
			return false;
		err = wire_receive(second, &f, 20);
	}
	*refused = relay_stats(r).dropped[KTURN_A_DROPPED_OUTPUT];
	flow->packets += sent - *refused;
	flow->bytes += 100 * (sent - *refused);
	if (err) {
		printf("# the bond did not fail over\n");
		return false;
	}
	return frame_is_udp(&f, second, &out);
}

TEST_F(path, a_bond_fails_over)
{
	const struct netns_end *far = leg_far_end(variant->dir);
	struct relay *r = &self->r;
	struct wire second;
	struct nl_sock *sk;

	ASSERT_EQ(0, leg_over_bond(r, variant->dir, BOND_MODE_ACTIVEBACKUP,
				   &second));
	EXPECT_TRUE(forwards_both_ways(r));
	EXPECT_TRUE(relay_settled(r));

	sk = netns_rtnl(&r->ns, far->id);
	ASSERT_EQ(0, rtnl_down(sk, far->device));
	rtnl_close(sk);
	EXPECT_TRUE(fails_over(r, variant->dir, &second));
	leg_swap(r, variant->dir, &second);
	EXPECT_TRUE(forwards_both_ways(r));
	EXPECT_TRUE(relay_settled(r));
	wire_close(&second);
}

/* Which of two wires does a datagram come out of? Neither: -1. */
static int comes_out_of(struct relay *r, enum direction dir,
			const struct wire *const wires[2])
{
	struct fastpath_flow *flow = dir == TO_PEER ? &r->want.to_peer
						    : &r->want.to_client;
	uint8_t buf[300];
	struct udp_packet in = relay_message(r, dir, buf, 100);
	struct udp_packet out = relay_output(r, dir, &in);
	static struct frame f;
	int i;

	if (wire_send_udp(leg_wire(r, !dir), &in))
		return -1;
	flow->packets++;
	flow->bytes += 100;
	for (i = 0; i < 200; i++)
		if (!wire_receive(wires[i & 1], &f, 10))
			return frame_is_udp(&f, wires[i & 1], &out) ? i & 1 :
								      -1;
	return -1;
}

TEST_F(path, a_bond_shares_its_load)
{
	struct relay *r = &self->r;
	struct wire second;
	const struct wire *wires[] = { leg_wire(r, variant->dir), &second };
	int i, which, seen[2] = { 0, 0 };

	ASSERT_EQ(0, leg_over_bond(r, variant->dir, BOND_MODE_ROUNDROBIN,
				   &second));
	for (i = 0; i < 8; i++) {
		which = comes_out_of(r, variant->dir, wires);
		ASSERT_LE(0, which);
		seen[which]++;
		EXPECT_TRUE(relay_forwards_bytes(r, !variant->dir, 100));
		leg_swap(r, variant->dir, &second);
		EXPECT_TRUE(relay_forwards_bytes(r, !variant->dir, 100));
		leg_swap(r, variant->dir, &second);
	}
	EXPECT_LT(0, seen[0]);
	EXPECT_LT(0, seen[1]);
	EXPECT_TRUE(relay_counted(r));
	wire_close(&second);
}

/* --- bridges --- */

/* The bridge takes the place of the leg's device, which becomes its port. */
static int leg_over_bridge(struct relay *r, enum direction leg,
			   struct wire *second)
{
	static const uint8_t no;
	static const struct rtnl_attr attrs[] = {
		{ IFLA_BR_MCAST_SNOOPING, sizeof(no), &no },
		{ 0 }
	};
	int err = netns_modprobe("bridge");

	if (!err)
		err = leg_second_link(r, leg, second);
	if (!err)
		err = make_device(r, NETNS_RELAY, "bridge", "bridge", NULL,
				  leg_end(leg)->mac, attrs);
	if (!err)
		err = join(r, leg, "bridge", false);
	return err ? err : move_leg(r, leg, "bridge");
}

/*
 * Let IPv4 and IPv6 hooks see bridged frames, or not. br_netfilter stays once
 * it is loaded, and is on in every new namespace.
 */
static int set_bridge_hooks(const struct relay *r, const char *on)
{
	int err = netns_sysctl(&r->ns, NETNS_RELAY,
			       "net/bridge/bridge-nf-call-iptables", on);

	return err ? err : netns_sysctl(&r->ns, NETNS_RELAY,
					"net/bridge/bridge-nf-call-ip6tables",
					on);
}

/* From one port to the other: not the relay's, whatever it looks like. */
static bool bridges(struct relay *r, enum direction leg,
		    const struct wire *second)
{
	static const uint8_t other[6] = { 2, 0, 0, 0, 0, 0xb2 };
	enum direction dir = leg == TO_PEER ? TO_CLIENT : TO_PEER;
	uint8_t buf[300];
	struct udp_packet in = relay_message(r, dir, buf, 100);
	struct wire from = *leg_wire(r, leg), to = *second;
	static struct frame f;
	int err;

	memcpy(from.remote_mac, other, sizeof(other));
	memcpy(to.mac, other, sizeof(other));
	memcpy(to.remote_mac, from.mac, sizeof(from.mac));
	wire_drain(second->fd);		/* flooded before the bridge knew */
	if (wire_send_udp(&from, &in))
		return false;
	err = wire_receive(&to, &f, PACKET_TIMEOUT_MS);
	if (err) {
		printf("# the frame was not bridged\n");
		return false;
	}
	return frame_is_udp(&f, &to, &in);
}

TEST_F(path, a_bridge)
{
	struct relay *r = &self->r;
	struct wire second;

	if (!access("/proc/sys/net/bridge", F_OK))
		ASSERT_EQ(0, set_bridge_hooks(r, "0"));
	ASSERT_EQ(0, leg_over_bridge(r, variant->dir, &second));
	EXPECT_TRUE(forwards_both_ways(r));
	EXPECT_TRUE(relay_settled(r));
	EXPECT_TRUE(bridges(r, variant->dir, &second));
	EXPECT_TRUE(forwards_both_ways(r));
	EXPECT_TRUE(relay_settled(r));
	EXPECT_EQ(0, wire_drain(second.fd));
	wire_close(&second);
}

/*
 * With br_netfilter a frame is shown to IP hooks before the bridge has decided
 * whose it is, and a second time never: the server gets what comes that way.
 */
TEST_F(path, a_bridge_with_netfilter)
{
	enum direction in_dir = variant->dir == TO_PEER ? TO_CLIENT : TO_PEER;
	struct relay *r = &self->r;
	uint8_t buf[300];
	struct udp_packet in = relay_message(r, in_dir, buf, 100);
	struct wire second;

	ASSERT_EQ(0, netns_modprobe("br_netfilter"));
	ASSERT_EQ(0, leg_over_bridge(r, variant->dir, &second));
	ASSERT_EQ(0, set_bridge_hooks(r, "1"));
	EXPECT_TRUE(relay_forwards_bytes(r, variant->dir, 100));
	EXPECT_TRUE(relay_passes(r, in_dir, &in, KTURN_A_PASSED_OTHER));
	r->want.passed[KTURN_A_PASSED_OTHER]++;
	EXPECT_TRUE(bridges(r, variant->dir, &second));
	EXPECT_TRUE(relay_settled(r));

	ASSERT_EQ(0, set_bridge_hooks(r, "0"));
	EXPECT_TRUE(forwards_both_ways(r));
	EXPECT_TRUE(relay_settled(r));
	wire_close(&second);
}

/* --- tunnels --- */

/* A tunnel's ends in the outer network, one for each family. */
#define OUTER(n) "203.0.113." #n, "2001:db8:9::" #n

static const char *const outer[2][2] = { { OUTER(1) }, { OUTER(2) } };

struct tunnel {
	const char *module, *kind;
	bool over_ipv6;
	uint16_t local, remote;		/* attributes */
	struct rtnl_attr attrs[5];	/* the others */
	size_t mtu;
};

static bool on_relay(enum netns_end_id end)
{
	return netns_ends[end].id == NETNS_RELAY;
}

/* The link gets other addresses. */
static int move_to_outer(struct relay *r, enum netns_end_id end)
{
	const struct netns_end *e = &netns_ends[end];
	int i, near = on_relay(end), err = netns_unsettle(&r->ns, end);
	struct nl_sock *sk = netns_rtnl(&r->ns, e->id);

	if (!sk)
		return -EIO;
	for (i = 0; i < 2 && !err; i++) {
		err = rtnl_address(sk, e->device, outer[near][i]);
		if (!err)
			err = rtnl_neighbour(sk, e->device, outer[!near][i],
					     e->neighbour_mac);
	}
	rtnl_close(sk);
	return err;
}

/* One end of a tunnel through a leg's link. */
static int make_tunnel_end(struct relay *r, enum netns_end_id end,
			   const struct tunnel *t, const uint8_t *mac)
{
	struct transport_addr local, remote;
	struct rtnl_attr attrs[8];
	uint16_t len = t->over_ipv6 ? 16 : 4;
	uint32_t index;
	int near = on_relay(end), err = move_to_outer(r, end);

	if (!err)
		err = transport_addr_parse(&local, outer[near][t->over_ipv6]);
	if (!err)
		err = transport_addr_parse(&remote, outer[!near][t->over_ipv6]);
	if (err)
		return err;
	attrs[0] = (struct rtnl_attr){ t->local, len, local.ip };
	attrs[1] = (struct rtnl_attr){ t->remote, len, remote.ip };
	index = if_nametoindex(netns_ends[end].device);
	attrs[2] = (struct rtnl_attr){ IFLA_VXLAN_LINK, 4, &index };
	memcpy(&attrs[mac ? 3 : 2], t->attrs, sizeof(t->attrs));
	return make_device(r, netns_ends[end].id, "tunnel", t->kind, NULL, mac,
			   attrs);
}

static int leg_over_tunnel(struct relay *r, enum direction leg,
			   const struct tunnel *t)
{
	enum netns_end_id end = leg_end_id(leg);
	int err = netns_modprobe(t->module);

	if (!err)
		err = make_tunnel_end(r, end, t, NULL);
	if (!err)
		err = make_tunnel_end(r, end ^ 1, t, NULL);
	if (!err)
		err = netns_settle(&r->ns, end, "tunnel", NULL);
	if (err)
		return err;
	wire_close(leg_wire(r, leg));
	return wire_open_bare(leg_wire(r, leg), &r->ns, netns_ends[end ^ 1].id,
			      "tunnel");
}

static bool tunnels(struct relay *r, enum direction leg, const struct tunnel *t)
{
	return !leg_over_tunnel(r, leg, t) && forwards_both_ways(r) &&
	       relay_limit_is(r, leg, t->mtu) && relay_settled(r);
}

TEST_F(path, gre)
{
	static const struct tunnel gre = {
		.module = "ip_gre", .kind = "gre", .mtu = 1476,
		.local = IFLA_GRE_LOCAL, .remote = IFLA_GRE_REMOTE,
	};

	EXPECT_TRUE(tunnels(&self->r, variant->dir, &gre));
}

static const uint8_t both_families;	/* IPPROTO_IP: whatever it is */

TEST_F(path, ip_in_ipv4)
{
	static const struct tunnel sit = {
		.module = "sit", .kind = "sit", .mtu = 1480,
		.local = IFLA_IPTUN_LOCAL, .remote = IFLA_IPTUN_REMOTE,
		.attrs = { { IFLA_IPTUN_PROTO, 1, &both_families } },
	};

	EXPECT_TRUE(tunnels(&self->r, variant->dir, &sit));
}

TEST_F(path, ip_in_ipv6)
{
	static const uint32_t flags = IP6_TNL_F_IGN_ENCAP_LIMIT;
	static const struct tunnel ip6tnl = {
		.module = "ip6_tunnel", .kind = "ip6tnl", .mtu = 1460,
		.over_ipv6 = true,
		.local = IFLA_IPTUN_LOCAL, .remote = IFLA_IPTUN_REMOTE,
		.attrs = { { IFLA_IPTUN_PROTO, 1, &both_families },
			   { IFLA_IPTUN_FLAGS, 4, &flags } },
	};

	EXPECT_TRUE(tunnels(&self->r, variant->dir, &ip6tnl));
}

/* An Ethernet in UDP, to a port that is none of the relay's. */
TEST_F(path, vxlan)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0xa2 };
	static const uint8_t port[2] = { 4789 >> 8, 4789 & 0xff };
	static const uint32_t id = 42;
	static const struct tunnel vxlan = {
		.module = "vxlan", .kind = "vxlan",
		.local = IFLA_VXLAN_LOCAL, .remote = IFLA_VXLAN_GROUP,
		.attrs = { { IFLA_VXLAN_ID, 4, &id },
			   { IFLA_VXLAN_PORT, 2, port } },
	};
	enum netns_end_id end = leg_end_id(variant->dir);
	const struct netns_end *far = leg_far_end(variant->dir);
	struct relay *r = &self->r;
	struct wire *w = leg_wire(r, variant->dir);

	ASSERT_EQ(0, netns_modprobe(vxlan.module));
	ASSERT_EQ(0, make_tunnel_end(r, end, &vxlan, mac));
	ASSERT_EQ(0, make_tunnel_end(r, end ^ 1, &vxlan, far->mac));
	ASSERT_EQ(0, netns_settle(&r->ns, end, "tunnel", far->mac));
	wire_close(w);
	ASSERT_EQ(0, wire_open(w, &r->ns, far->id, "tunnel", far->mac, mac));
	EXPECT_TRUE(forwards_both_ways(r));
	EXPECT_TRUE(relay_limit_is(r, variant->dir, 1450));
	EXPECT_TRUE(relay_settled(r));
}

TEST_HARNESS_MAIN
