// SPDX-License-Identifier: BSD-3-Clause
/*
 * Metrics, without a server: counters of a module that comes and goes, and
 * labels made of anything.
 */
#include <string.h>

#include <kselftest_harness.h>

#include "kturnd/metrics_text.h"

static struct fastpath_stats module_stats(uint64_t packets)
{
	struct fastpath_stats stats = { .received = packets };

	stats.to_peer.packets = packets;
	stats.to_peer.bytes = 100 * packets;
	stats.dropped[KTURN_A_DROPPED_MAX] = packets / 10;
	return stats;
}

static void take(struct kernel_totals *totals, uint64_t packets)
{
	struct fastpath_stats stats = module_stats(packets);

	kernel_totals_take(totals, &stats);
}

TEST(counters_do_not_go_back_when_the_module_is_loaded_anew)
{
	struct kernel_totals totals = { 0 };
	struct fastpath_stats sum;

	take(&totals, 50);
	take(&totals, 80);
	kernel_totals_get(&totals, &sum);
	EXPECT_EQ(80, sum.to_peer.packets);
	take(&totals, 30);
	kernel_totals_get(&totals, &sum);
	EXPECT_EQ(110, sum.to_peer.packets);
	EXPECT_EQ(11000, sum.to_peer.bytes);
	EXPECT_EQ(11, sum.dropped[KTURN_A_DROPPED_MAX]);
	take(&totals, 40);
	take(&totals, 0);
	kernel_totals_get(&totals, &sum);
	EXPECT_EQ(120, sum.to_peer.packets);
}

TEST(labels_are_escaped)
{
	char out[64];

	EXPECT_STREQ("example.org", metrics_label("example.org", 11, out,
						  sizeof(out)));
	EXPECT_STREQ("a\\\"b\\\\c", metrics_label("a\"b\\c", 5, out,
						  sizeof(out)));
	EXPECT_STREQ("%0a%c3%7f%25",
		     metrics_label("\n\xc3\x7f%", 4, out, sizeof(out)));
	EXPECT_STREQ("", metrics_label("", 0, out, sizeof(out)));
}

TEST(long_labels_are_cut)
{
	char text[600], out[64];

	memset(text, '\n', sizeof(text));
	metrics_label(text, sizeof(text), out, sizeof(out));
	EXPECT_LT(strlen(out), sizeof(out));
	/* Not within an escape. */
	EXPECT_EQ(0, strlen(out) % strlen("%0a"));
	memset(text, 'a', sizeof(text));
	metrics_label(text, sizeof(text), out, sizeof(out));
	EXPECT_LT(strlen(out), sizeof(out));
}

TEST_HARNESS_MAIN
