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
 * Whole words are written, because whole words are hashed and compared: what
 * goes in by halves would have to come back from memory.
 */
static __always_inline void kturn_tuple4_set(struct kturn_tuple4 *tuple,
					     const struct iphdr *iph,
					     const struct udphdr *udp,
					     __be16 number)
{
	u64 *words = (u64 *)tuple;

	memcpy(words, &iph->addrs, sizeof(iph->addrs));
	words[1] = kturn_tuple_ports(udp, number);
}

static __always_inline void kturn_tuple6_set(struct kturn_tuple6 *tuple,
					     const struct ipv6hdr *ip6h,
					     const struct udphdr *udp,
					     __be16 number)
{
	u64 *words = (u64 *)tuple;

	memcpy(words, &ip6h->addrs, sizeof(ip6h->addrs));
	words[4] = kturn_tuple_ports(udp, number);
}

/* 64 bits of a product of 128 that depend on all bits of both. */
static __always_inline u64 kturn_hash_mix(u64 a, u64 b)
{
	return (a * b) ^ mul_u64_u64_shr(a, b, 64);
}

/*
 * Multiplication by secret numbers: who does not know them cannot aim at a
 * bucket. A third of what jhash() costs for these lengths, and an eighth of
 * siphash().
 */
static __always_inline u32 kturn_tuple4_hash(const void *data, u32 len,
					     u32 seed)
{
	const u64 *k = kturn_hash_keys, *t = data;

	return kturn_hash_mix(t[0] ^ k[0] ^ seed, t[1] ^ k[1]);
}

static __always_inline u32 kturn_tuple6_hash(const void *data, u32 len,
					     u32 seed)
{
	const u64 *k = kturn_hash_keys, *t = data;

	return kturn_hash_mix(t[0] ^ k[0] ^ seed, t[1] ^ k[1]) +
	       kturn_hash_mix(t[2] ^ k[2], t[3] ^ k[3]) +
	       kturn_hash_mix(t[4] ^ k[4], k[5]);
}

static __always_inline int
kturn_tuple4_differs(struct rhashtable_compare_arg *arg, const void *obj)
{
	const u64 *a = arg->key;
	const u64 *b = (const u64 *)&((const struct kturn_flow *)obj)->tuple4;

	return ((a[0] ^ b[0]) | (a[1] ^ b[1])) != 0;
}

static __always_inline int
kturn_tuple6_differs(struct rhashtable_compare_arg *arg, const void *obj)
{
	const u64 *a = arg->key;
	const u64 *b = (const u64 *)&((const struct kturn_flow *)obj)->tuple6;

	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) |
		(a[3] ^ b[3]) | (a[4] ^ b[4])) != 0;
}

/* Tables begin small and grow: idle namespaces are to cost next to nothing. */
#define KTURN_TABLE_HINT	4

static const struct rhashtable_params kturn_flow4_params = {
	.nelem_hint = KTURN_TABLE_HINT,
	.key_len = sizeof_field(struct kturn_flow, tuple4),
	.key_offset = offsetof(struct kturn_flow, tuple4),
	.head_offset = offsetof(struct kturn_flow, node),
	.hashfn = kturn_tuple4_hash,
	.obj_cmpfn = kturn_tuple4_differs,
	.automatic_shrinking = true,
};

static const struct rhashtable_params kturn_flow6_params = {
	.nelem_hint = KTURN_TABLE_HINT,
	.key_len = sizeof_field(struct kturn_flow, tuple6),
	.key_offset = offsetof(struct kturn_flow, tuple6),
	.head_offset = offsetof(struct kturn_flow, node),
	.hashfn = kturn_tuple6_hash,
	.obj_cmpfn = kturn_tuple6_differs,
	.automatic_shrinking = true,
};

/**
 * kturn_flow4_find() - find the channel direction of an IPv4 datagram
 * @kn: namespace
 * @tuple: its addresses and, of ChannelData, the number
 *
 * Context: RCU read side.
 */
static inline struct kturn_flow *__flatten
kturn_flow4_find(struct kturn_net *kn, const struct kturn_tuple4 *tuple)
{
	return rhashtable_lookup(&kn->flows4, tuple, kturn_flow4_params);
}

/**
 * kturn_flow6_find() - find the channel direction of an IPv6 datagram
 * @kn: namespace
 * @tuple: its addresses and, of ChannelData, the number
 *
 * Context: RCU read side.
 */
static inline struct kturn_flow *__flatten
kturn_flow6_find(struct kturn_net *kn, const struct kturn_tuple6 *tuple)
{
	return rhashtable_lookup(&kn->flows6, tuple, kturn_flow6_params);
}

#endif /* _KTURN_FLOW_H */
