/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a packet finds the channel direction it belongs to. Inline: the packet
 * path does this for every datagram.
 */
#ifndef _KTURN_FLOW_H
#define _KTURN_FLOW_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/math64.h>
#include <linux/rhashtable.h>
#include <linux/udp.h>

#include "state.h"

/*
 * The keys of the hash, random for each load of the module; a table's own
 * seed comes on top of them.
 */
extern u64 kturn_hash_keys[6];

/* What follows the addresses in a tuple: ports, number, zero. */
static __always_inline u64 kturn_tuple_ports(const struct udphdr *udp,
					     __be16 number)
{
	const u32 ports = *(const u32 *)udp;

#ifdef __LITTLE_ENDIAN
	return (u64)(__force u16)number << 32 | ports;
#else
	return (u64)ports << 32 | (u32)(__force u16)number << 16;
#endif
}

/*
 * Tuples as they are hashed and compared, in whole words: what went in by
 * halves would have to come back from memory. Nor is there an array, for which
 * the compiler would put a canary into the frame of the packet path, or a
 * variable of 128 bits, for which it would align it.
 */
struct kturn_words4 {
	u64 addrs;
	u64 ports;
};

struct kturn_words6 {
	u64 saddr_prefix;
	u64 saddr_id;
	u64 daddr_prefix;
	u64 daddr_id;
	u64 ports;
};

static __always_inline u64 kturn_load64(const void *at)
{
	u64 word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static __always_inline struct kturn_words4
kturn_words4(const struct iphdr *iph, const struct udphdr *udp, __be16 number)
{
	return (struct kturn_words4) {
		.addrs = kturn_load64(&iph->addrs),
		.ports = kturn_tuple_ports(udp, number),
	};
}

static __always_inline struct kturn_words6
kturn_words6(const struct ipv6hdr *ip6h, const struct udphdr *udp,
	     __be16 number)
{
	return (struct kturn_words6) {
		.saddr_prefix = kturn_load64(&ip6h->saddr),
		.saddr_id = kturn_load64(&ip6h->saddr.s6_addr32[2]),
		.daddr_prefix = kturn_load64(&ip6h->daddr),
		.daddr_id = kturn_load64(&ip6h->daddr.s6_addr32[2]),
		.ports = kturn_tuple_ports(udp, number),
	};
}

/*
 * Both halves of a product, one xor the other: all bits of both factors are in
 * it. Where a product of 128 bits is no variable of C, see above.
 */
static __always_inline u64 kturn_hash_mix(u64 a, u64 b)
{
#ifdef CONFIG_X86_64
	u64 low, high;

	asm("mulq %3" : "=a" (low), "=d" (high) : "%a" (a), "rm" (b) : "cc");
	return low ^ high;
#else
	return (a * b) ^ mul_u64_u64_shr(a, b, 64);
#endif
}

/*
 * Multiplication by secret numbers: who does not know them cannot aim at a
 * bucket. A third of what jhash() costs for these lengths, and an eighth of
 * siphash().
 */
static __always_inline u32 kturn_tuple4_hash(const void *data, u32 len,
					     u32 seed)
{
	const struct kturn_words4 *w = data;
	const u64 *k = kturn_hash_keys;

	return kturn_hash_mix(w->addrs ^ k[0] ^ seed, w->ports ^ k[1]);
}

static __always_inline u32 kturn_tuple6_hash(const void *data, u32 len,
					     u32 seed)
{
	const struct kturn_words6 *w = data;
	const u64 *k = kturn_hash_keys;

	return kturn_hash_mix(w->saddr_prefix ^ k[0] ^ seed,
			      w->saddr_id ^ k[1]) +
	       kturn_hash_mix(w->daddr_prefix ^ k[2], w->daddr_id ^ k[3]) +
	       kturn_hash_mix(w->ports ^ k[4], k[5]);
}

static __always_inline bool
kturn_words4_differ(const struct kturn_words4 *a, const struct kturn_tuple4 *tuple)
{
	const struct kturn_words4 *b = (const void *)tuple;

	return ((a->addrs ^ b->addrs) | (a->ports ^ b->ports)) != 0;
}

static __always_inline bool
kturn_words6_differ(const struct kturn_words6 *a, const struct kturn_tuple6 *tuple)
{
	const struct kturn_words6 *b = (const void *)tuple;

	return ((a->saddr_prefix ^ b->saddr_prefix) |
		(a->saddr_id ^ b->saddr_id) |
		(a->daddr_prefix ^ b->daddr_prefix) |
		(a->daddr_id ^ b->daddr_id) | (a->ports ^ b->ports)) != 0;
}

/*
 * rhashtable_lookup() reads for every packet where in a flow the node is, and
 * what it looks for has to lie in memory. What is in the first table, as nearly
 * all of it is, is found with less; here is the rest.
 */
struct kturn_flow *kturn_flow4_lookup(struct kturn_net *kn,
				      struct kturn_words4 words);
struct kturn_flow *kturn_flow6_lookup(struct kturn_net *kn,
				      struct kturn_words6 words);

/**
 * kturn_flow4_find() - find the channel direction of an IPv4 datagram
 * @kn: namespace
 * @words: its addresses and, of ChannelData, the number: a struct kturn_tuple4
 *
 * Context: RCU read side.
 */
static __always_inline struct kturn_flow *
kturn_flow4_find(struct kturn_net *kn, const struct kturn_words4 words)
{
	const struct bucket_table *table = rcu_dereference(kn->flows4.tbl);
	const u32 hash = kturn_tuple4_hash(&words, sizeof(words),
					   table->hash_rnd);
	const u32 bucket = rht_bucket_index(table, hash);
	struct kturn_flow *flow;
	struct rhash_head *head;

	rht_for_each_entry_rcu_from(flow, head,
				    rht_ptr_rcu(rht_bucket(table, bucket)),
				    table, bucket, node)
		if (likely(!kturn_words4_differ(&words, &flow->tuple4)))
			return flow;
	return kturn_flow4_lookup(kn, words);
}

/**
 * kturn_flow6_find() - find the channel direction of an IPv6 datagram
 * @kn: namespace
 * @words: its addresses and, of ChannelData, the number: a struct kturn_tuple6
 *
 * Context: RCU read side.
 */
static __always_inline struct kturn_flow *
kturn_flow6_find(struct kturn_net *kn, const struct kturn_words6 words)
{
	const struct bucket_table *table = rcu_dereference(kn->flows6.tbl);
	const u32 hash = kturn_tuple6_hash(&words, sizeof(words),
					   table->hash_rnd);
	const u32 bucket = rht_bucket_index(table, hash);
	struct kturn_flow *flow;
	struct rhash_head *head;

	rht_for_each_entry_rcu_from(flow, head,
				    rht_ptr_rcu(rht_bucket(table, bucket)),
				    table, bucket, node)
		if (likely(!kturn_words6_differ(&words, &flow->tuple6)))
			return flow;
	return kturn_flow6_lookup(kn, words);
}

#endif /* _KTURN_FLOW_H */
