// SPDX-License-Identifier: BSD-3-Clause
/* The load generator's pure parts: histogram, arrivals, payload, pace, sizes. */
#include <errno.h>
#include <stdlib.h>

#include <kselftest_harness.h>

#include "bench/histogram.h"
#include "bench/pacer.h"
#include "bench/payload.h"
#include "bench/sequence.h"
#include "bench/size_mix.h"

#define MS 1000000ULL

TEST(histogram_buckets_join_up)
{
	uint64_t next = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		struct histogram *h = calloc(1, sizeof(*h));
		uint64_t max = histogram_bucket_max(i);

		ASSERT_NE(NULL, h);
		ASSERT_LE(next, max);
		histogram_add(h, next);
		histogram_add(h, max);
		ASSERT_EQ(2, h->buckets[i]);
		/* the promised precision */
		ASSERT_LE((max - next) * HISTOGRAM_PARTS, next + 1);
		next = max + 1;
		free(h);
	}
	EXPECT_EQ(1ULL << HISTOGRAM_VALUE_BITS, next);
}

TEST(histogram_percentiles)
{
	static const struct {
		uint32_t percentile;
		uint64_t exact;
	} cases[] = {
		{ PERCENTILE(0), 1000 }, { PERCENTILE(50), 500000 },
		{ PERCENTILE(90), 900000 }, { PERCENTILE(99), 990000 },
		{ PERCENTILE(99.9), 999000 }, { PERCENTILE(100), 1000000 },
	};
	static struct histogram h;

	EXPECT_EQ(0, histogram_percentile(&h, PERCENTILE(50)));
	EXPECT_EQ(0, histogram_mean(&h));
	for (uint64_t i = 1; i <= 1000; i++)
		histogram_add(&h, i * 1000);
	EXPECT_EQ(1000, h.min);
	EXPECT_EQ(1000000, h.max);
	EXPECT_EQ(500500, histogram_mean(&h));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t got = histogram_percentile(&h, cases[i].percentile);

		EXPECT_LE(cases[i].exact, got);
		EXPECT_LE(got, cases[i].exact +
			       cases[i].exact / HISTOGRAM_PARTS);
	}
}

TEST(histogram_of_one_and_of_the_endless)
{
	static struct histogram one, endless;

	histogram_add(&one, 123457);
	EXPECT_EQ(123457, histogram_percentile(&one, PERCENTILE(0)));
	EXPECT_EQ(123457, histogram_percentile(&one, PERCENTILE(99.9)));

	histogram_add(&endless, 1ULL << 50);
	EXPECT_EQ(1ULL << 50, histogram_percentile(&endless, PERCENTILE(50)));
	EXPECT_EQ(1, endless.buckets[HISTOGRAM_BUCKETS - 1]);
}

TEST(histogram_merges)
{
	static struct histogram a, b, empty;

	histogram_add(&a, 5000);
	histogram_add(&b, 10);
	histogram_add(&b, 70000);
	histogram_merge(&a, &b);
	histogram_merge(&a, &empty);
	EXPECT_EQ(3, a.count);
	EXPECT_EQ(75010, a.sum);
	EXPECT_EQ(10, a.min);
	EXPECT_EQ(70000, a.max);
	histogram_merge(&empty, &a);
	EXPECT_EQ(10, empty.min);
	EXPECT_EQ(3, empty.count);
}

TEST(arrivals_in_order_with_gaps)
{
	struct sequence s = { 0 };

	for (uint64_t n = 0; n < 10000; n += 1 + n % 3)
		EXPECT_EQ(ARRIVAL_IN_ORDER, sequence_arrived(&s, n));
	EXPECT_EQ(ARRIVAL_IN_ORDER, sequence_arrived(&s, 1ULL << 40));
	EXPECT_EQ((1ULL << 40) + 1, s.next);
}

TEST(arrivals_out_of_order)
{
	struct sequence s = { 0 };

	EXPECT_EQ(ARRIVAL_IN_ORDER, sequence_arrived(&s, 1));
	EXPECT_EQ(ARRIVAL_REORDERED, sequence_arrived(&s, 0));
	EXPECT_EQ(ARRIVAL_IN_ORDER, sequence_arrived(&s, 5));
	EXPECT_EQ(ARRIVAL_REORDERED, sequence_arrived(&s, 3));
	EXPECT_EQ(ARRIVAL_REORDERED, sequence_arrived(&s, 2));
	EXPECT_EQ(ARRIVAL_IN_ORDER, sequence_arrived(&s, 6));
	EXPECT_EQ(ARRIVAL_REORDERED, sequence_arrived(&s, 4));
}

TEST(arrivals_twice)
{
	struct sequence s = { 0 };

	EXPECT_EQ(ARRIVAL_IN_ORDER, sequence_arrived(&s, 0));
	EXPECT_EQ(ARRIVAL_DUPLICATE, sequence_arrived(&s, 0));
	EXPECT_EQ(ARRIVAL_IN_ORDER, sequence_arrived(&s, 2));
	EXPECT_EQ(ARRIVAL_REORDERED, sequence_arrived(&s, 1));
	EXPECT_EQ(ARRIVAL_DUPLICATE, sequence_arrived(&s, 1));
	EXPECT_EQ(ARRIVAL_DUPLICATE, sequence_arrived(&s, 2));
}

/* The window's edge: the last number that is judged, and the first not. */
TEST(arrivals_far_behind)
{
	struct sequence s = { 0 };

	EXPECT_EQ(ARRIVAL_IN_ORDER, sequence_arrived(&s, SEQUENCE_WINDOW));
	EXPECT_EQ(ARRIVAL_REORDERED, sequence_arrived(&s, 1));
	EXPECT_EQ(ARRIVAL_STALE, sequence_arrived(&s, 0));

	/* What was seen a whole window ago is forgotten bit by bit. */
	EXPECT_EQ(ARRIVAL_IN_ORDER, sequence_arrived(&s, SEQUENCE_WINDOW + 1));
	EXPECT_EQ(ARRIVAL_IN_ORDER,
		  sequence_arrived(&s, 2 * SEQUENCE_WINDOW + 1));
	EXPECT_EQ(ARRIVAL_REORDERED,
		  sequence_arrived(&s, SEQUENCE_WINDOW + 2));
	EXPECT_EQ(ARRIVAL_STALE, sequence_arrived(&s, SEQUENCE_WINDOW + 1));
}

TEST(payload_there_and_back)
{
	struct payload in = {
		.run = 0xdeadbeef, .flow = 70000, .way = 1, .measured = true,
		.len = 100, .sequence = 1ULL << 40 | 5, .sent_ns = 7,
	}, out;
	uint8_t buf[101] = { 0 };

	payload_write(buf, &in);
	payload_stamp(buf, 0x0102030405060708);
	ASSERT_EQ(0, payload_read(&out, buf, 100));
	EXPECT_EQ(in.run, out.run);
	EXPECT_EQ(in.flow, out.flow);
	EXPECT_EQ(1, out.way);
	EXPECT_TRUE(out.measured);
	EXPECT_EQ(100, out.len);
	EXPECT_EQ(in.sequence, out.sequence);
	EXPECT_EQ(0x0102030405060708, out.sent_ns);
}

TEST(payload_refused)
{
	struct payload in = { .len = 40 }, out;
	uint8_t buf[41] = { 0 };

	payload_write(buf, &in);
	EXPECT_EQ(-EBADMSG, payload_read(&out, buf, 41));
	EXPECT_EQ(-EBADMSG, payload_read(&out, buf, 39));
	EXPECT_EQ(-EBADMSG, payload_read(&out, buf, PAYLOAD_HEADER_LEN - 1));
	EXPECT_EQ(-EBADMSG, payload_read(&out, buf, 4));
	EXPECT_EQ(-ENOMSG, payload_read(&out, buf, 3));
	EXPECT_EQ(-ENOMSG, payload_read(&out, buf, 0));
	buf[0] ^= 1;
	EXPECT_EQ(-ENOMSG, payload_read(&out, buf, 40));
}

/* However often it is asked, as many come due as the rate says, on time. */
TEST(pacer_keeps_its_rate)
{
	static const uint64_t rates[] = { 1, 3, 1000, 333333, 10000000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct pacer p = { .rate = rates[i], .start = 12345 };
		uint64_t sent = 0;

		for (uint64_t now = 12345; now <= 12345 + 3000 * MS;
		     now += MS / 4)
			sent += pacer_due(&p, now, UINT64_MAX);
		EXPECT_EQ(3 * rates[i], sent);
		EXPECT_EQ(0, p.skipped);
	}
}

TEST(pacer_says_when)
{
	struct pacer p = { .rate = 3, .start = 100 };

	for (uint64_t i = 0; i < 100; i++) {
		uint64_t next = pacer_next(&p);

		ASSERT_EQ(0, pacer_due(&p, next - 1, UINT64_MAX));
		ASSERT_EQ(1, pacer_due(&p, next, UINT64_MAX));
	}
	EXPECT_EQ(100 + 100 * 1000 * MS / 3 + 1, pacer_next(&p) -
		  1000 * MS / 3);
}

TEST(pacer_skips_what_is_long_past)
{
	struct pacer p = { .rate = 1000 };

	EXPECT_EQ(20, pacer_due(&p, 20 * MS, UINT64_MAX));
	EXPECT_EQ(0, p.skipped);
	EXPECT_EQ(21, pacer_due(&p, 1020 * MS, UINT64_MAX));
	EXPECT_EQ(979, p.skipped);
	EXPECT_EQ(1020, p.scheduled);
	EXPECT_EQ(1, pacer_due(&p, 1021 * MS, UINT64_MAX));
}

TEST(pacer_gives_no_more_than_wanted)
{
	struct pacer p = { .rate = 1000000 };

	EXPECT_EQ(100, pacer_due(&p, 1 * MS, 100));
	EXPECT_LE(pacer_next(&p), 1 * MS);
	EXPECT_EQ(900, pacer_due(&p, 1 * MS, 1000));
	EXPECT_EQ(0, pacer_due(&p, 1 * MS, 1000));
	/* what was left so for too long is left out */
	EXPECT_EQ(10, pacer_due(&p, 31 * MS, 10));
	EXPECT_EQ(9999, p.skipped);
	EXPECT_EQ(19991, pacer_due(&p, 31 * MS, UINT64_MAX));
}

/* Months at ten million a second: more than 64 bits of products. */
TEST(pacer_does_not_overflow)
{
	struct pacer p = { .rate = 10000000 };
	uint64_t month = 30ULL * 24 * 3600 * 1000 * MS;

	EXPECT_EQ(200001, pacer_due(&p, month, UINT64_MAX));
	EXPECT_EQ(30ULL * 24 * 3600 * 10000000, p.scheduled);
	EXPECT_EQ(month + 100, pacer_next(&p));
}

TEST(window_bounds_what_is_under_way)
{
	struct window w = { .limit = 3 };

	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(3 - i, window_room(&w));
		window_sent(&w, 10);
	}
	EXPECT_EQ(0, window_room(&w));
	window_arrived(&w, 2, 20);
	EXPECT_EQ(2, window_room(&w));
	window_arrived(&w, 5, 30);
	EXPECT_EQ(3, window_room(&w));
	EXPECT_EQ(UINT64_MAX, window_room(&(struct window){ 0 }));
}

TEST(window_gives_up_when_nothing_comes)
{
	struct window w = { .limit = 2 };

	EXPECT_FALSE(window_stalled(&w, WINDOW_STALL_NS));
	window_sent(&w, 1000 * MS);
	window_sent(&w, 1100 * MS);
	EXPECT_FALSE(window_stalled(&w, 999 * MS));
	EXPECT_FALSE(window_stalled(&w, 1000 * MS + WINDOW_STALL_NS - 1));
	EXPECT_TRUE(window_stalled(&w, 1000 * MS + WINDOW_STALL_NS));
	EXPECT_EQ(2, window_room(&w));
	EXPECT_EQ(1, w.stalls);
	EXPECT_FALSE(window_stalled(&w, 5000 * MS));
}

TEST(sizes)
{
	struct size_mix mix;
	char why[100] = "";

	ASSERT_EQ(0, size_mix_parse(&mix, "172", why, sizeof(why)));
	EXPECT_EQ(1, mix.count);
	EXPECT_EQ(172, size_mix_pick(&mix, 0));
	EXPECT_EQ(172, size_mix_pick(&mix, 1ULL << 40));

	ASSERT_EQ(0, size_mix_parse(&mix, "172:70,1200:30,32", why,
				    sizeof(why)));
	EXPECT_EQ(3, mix.count);
	EXPECT_EQ(101, mix.total);
	EXPECT_EQ(1200, mix.largest);
}

TEST(sizes_in_their_shares)
{
	unsigned int small = 0, large = 0;
	struct size_mix mix;
	char why[100];

	ASSERT_EQ(0, size_mix_parse(&mix, "100:70,1000:30", why, sizeof(why)));
	/* long runs anywhere, and each short one nearly */
	for (uint64_t n = 1ULL << 33; n < (1ULL << 33) + 10000; n++) {
		if (size_mix_pick(&mix, n) == 100)
			small++;
		else
			large++;
		if (small + large >= 20)
			ASSERT_LE(abs((int)small * 30 - (int)large * 70), 200);
	}
	EXPECT_LE(abs((int)small - 7000), 3);
}

TEST(sizes_refused)
{
	static const char *const texts[] = {
		"", "x", "31", "65504", "172,", "172:0", "172:", "172:-1",
		"172 ", "172;80", "-172", "172:1000001", "99999999999999999999",
		"40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56",
	};
	struct size_mix mix;
	char why[100];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		why[0] = '\0';
		EXPECT_EQ(-EINVAL, size_mix_parse(&mix, texts[i], why,
						  sizeof(why)));
		EXPECT_NE('\0', why[0]);
	}
}

TEST_HARNESS_MAIN
