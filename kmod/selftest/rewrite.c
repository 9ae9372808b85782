// SPDX-License-Identifier: GPL-2.0-only
/*
 * Header rewriting held against the checksum computed in full, at load of a
 * debug build.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>

#include "../rewrite.h"
#include "../state.h"

#define SELFTEST_ROUNDS		2000
#define SELFTEST_DATA_MAX	64
#define SELFTEST_HEADROOM	8

/* A datagram of either family, with room for a ChannelData header in front. */
struct selftest {
	struct kturn_flow flow[KTURN_DIRS];
	struct kturn_rewrite rw;
	u8 room[SELFTEST_HEADROOM];
	u8 datagram[sizeof(struct kturn_headers6) + SELFTEST_DATA_MAX + 4];
	unsigned int data_len;
	unsigned int udp_len;
	bool v6;
};

static unsigned int headers_len(const struct selftest *t)
{
	return t->v6 ? sizeof(struct kturn_headers6) :
		       sizeof(struct kturn_headers4);
}

static struct udphdr *udp_of(const struct selftest *t, void *ip)
{
	return ip + headers_len(t) - sizeof(struct udphdr);
}

/* Sum over pseudo header, UDP header and data: 0 where the checksum is right. */
static __sum16 full_check(const struct selftest *t, void *ip)
{
	struct udphdr *udp = udp_of(t, ip);
	unsigned int len = ntohs(udp->len);
	__wsum sum = csum_partial(udp, len, 0);

	if (t->v6) {
		struct ipv6hdr *h = ip;

		return csum_ipv6_magic(&h->saddr, &h->daddr, len, IPPROTO_UDP,
				       sum);
	} else {
		struct iphdr *h = ip;

		return csum_tcpudp_magic(h->saddr, h->daddr, len, IPPROTO_UDP,
					 sum);
	}
}

static void random_tuples(struct selftest *t)
{
	__be16 number = htons(0x4000 | (get_random_u32() & 0xfff));
	enum kturn_dir dir;

	for (dir = 0; dir < KTURN_DIRS; dir++) {
		struct kturn_flow *flow = &t->flow[dir];

		get_random_bytes(flow, sizeof(*flow));
		if (t->v6)
			flow->tuple6.number = dir == KTURN_TO_PEER ? number : 0;
		else
			flow->tuple4.number = dir == KTURN_TO_PEER ? number : 0;
	}
	kturn_rewrite_prepare(t->flow, t->v6 ? AF_INET6 : AF_INET);
}

static void write_headers(struct selftest *t, void *ip, enum kturn_dir dir)
{
	const struct kturn_flow *flow = &t->flow[dir];
	struct udphdr *udp = udp_of(t, ip);

	if (t->v6) {
		struct ipv6hdr *h = ip;

		h->version = 6;
		h->payload_len = htons(t->udp_len);
		h->saddr = flow->tuple6.saddr;
		h->daddr = flow->tuple6.daddr;
		udp->source = flow->tuple6.sport;
		udp->dest = flow->tuple6.dport;
	} else {
		struct iphdr *h = ip;

		h->version = 4;
		h->ihl = 5;
		h->tot_len = htons(t->udp_len + sizeof(*h));
		h->saddr = flow->tuple4.saddr;
		h->daddr = flow->tuple4.daddr;
		h->check = 0;
		h->check = ip_fast_csum(h, sizeof(*h) / 4);
		udp->source = flow->tuple4.sport;
		udp->dest = flow->tuple4.dport;
	}
	udp->len = htons(t->udp_len);
	udp->check = 0;
	udp->check = full_check(t, ip) ?: CSUM_MANGLED_0;
}

/* A random datagram as the relay receives it in direction @dir. */
static void *random_datagram(struct selftest *t, enum kturn_dir dir)
{
	struct kturn_channel_data *cd;
	void *ip = t->datagram;

	get_random_bytes(t->datagram, sizeof(t->datagram));
	t->data_len = get_random_u32() % (SELFTEST_DATA_MAX + 1);
	t->udp_len = sizeof(struct udphdr) + t->data_len;
	if (dir == KTURN_TO_PEER) {
		t->udp_len += sizeof(*cd);
		cd = ip + headers_len(t);
		cd->number = t->v6 ? t->flow[dir].tuple6.number :
				     t->flow[dir].tuple4.number;
		cd->len = htons(t->data_len);
	}
	write_headers(t, ip, dir);
	return ip;
}

static void *rewrite(struct selftest *t, void *ip, enum kturn_dir dir)
{
	const u16 word = (__force u16)htons(t->data_len);
	int delta = dir == KTURN_TO_PEER ? -4 : 4;
	void *to = ip - delta;

	t->rw = (struct kturn_rewrite) {
		.flow = &t->flow[dir],
		.out = &t->flow[!dir],
		.csum = KTURN_CSUM_FULL,
		.len_delta = delta,
		.csum_delta = dir == KTURN_TO_PEER ? (u16)~word : word,
	};
	if (t->v6)
		kturn_rewrite6(to, ip, &t->rw);
	else
		kturn_rewrite4(to, ip, &t->rw);
	if (dir == KTURN_TO_CLIENT) {
		struct kturn_channel_data *cd = to + headers_len(t);

		cd->number = t->v6 ? t->rw.out->tuple6.number :
				     t->rw.out->tuple4.number;
		cd->len = htons(t->data_len);
	}
	return to;
}

/* @damage is added to the data on its way here; it has to show afterwards. */
static bool round_ok(struct selftest *t, enum kturn_dir dir, bool damage)
{
	void *ip = random_datagram(t, dir);
	u8 *last = ip + headers_len(t) + t->udp_len - sizeof(struct udphdr) - 1;

	damage = damage && t->data_len;
	if (damage)
		*last ^= 1;
	ip = rewrite(t, ip, dir);
	if (!t->v6 && ip_fast_csum(ip, 5))
		return false;
	return !full_check(t, ip) == !damage;
}

/**
 * kturn_rewrite_selftest() - hold rewriting against full checksums
 *
 * Return: true if it holds
 */
bool __init kturn_rewrite_selftest(void)
{
	static struct selftest t __initdata;
	int i;

	for (i = 0; i < SELFTEST_ROUNDS; i++) {
		enum kturn_dir dir = i & 1;

		t.v6 = i & 2;
		random_tuples(&t);
		if (!round_ok(&t, dir, i & 4)) {
			pr_err("kturn: self-test of rewriting failed: IPv%d, direction %d, %u bytes\n",
			       t.v6 ? 6 : 4, dir, t.data_len);
			return false;
		}
	}
	pr_info("kturn: self-test of rewriting passed\n");
	return true;
}
