/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which sequence numbers of a flow have arrived: tells new datagrams from
 * duplicates, and those in order from those that others overtook (RFC 4737,
 * section 3: a datagram is reordered if one sent later was there before it).
 */
#ifndef KTURN_BENCH_SEQUENCE_H
#define KTURN_BENCH_SEQUENCE_H

#include <stdint.h>

/* How far a datagram may fall behind the latest one and still be judged. */
#define SEQUENCE_WINDOW 1024

/**
 * enum arrival_kind - what a sequence number tells
 * @ARRIVAL_IN_ORDER: the first, and nothing sent later has come before
 * @ARRIVAL_REORDERED: the first, but something sent later was here before
 * @ARRIVAL_DUPLICATE: it was here before
 * @ARRIVAL_STALE: SEQUENCE_WINDOW or more behind, so nobody knows
 */
enum arrival_kind {
	ARRIVAL_IN_ORDER,
	ARRIVAL_REORDERED,
	ARRIVAL_DUPLICATE,
	ARRIVAL_STALE,
};

/**
 * struct sequence - a flow's arrivals; zero-initialise it
 * @next: one more than the greatest number that has arrived
 * @seen: a bit for each of the SEQUENCE_WINDOW numbers before @next
 */
struct sequence {
	uint64_t next;
	uint64_t seen[SEQUENCE_WINDOW / 64];
};

/**
 * sequence_arrived() - a datagram has come
 * @s: its flow's arrivals
 * @number: its sequence number
 */
enum arrival_kind sequence_arrived(struct sequence *s, uint64_t number);

#endif /* KTURN_BENCH_SEQUENCE_H */
