// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of deadlines of kmod/wheel.c, outside the kernel, where a second
 * takes no time: a deadline is found when it has passed and not before, and
 * no turn looks at more than it may.
 */
#include <stdlib.h>

#include <kselftest_harness.h>

#include "wheel.c"

unsigned long jiffies;

FIXTURE(wheel)
{
	struct kturn_wheel wheel;
};

FIXTURE_SETUP(wheel)
{
	/* Short of where jiffies begin anew. */
	jiffies = -10UL * HZ;
	kturn_wheel_init(&self->wheel);
}

FIXTURE_TEARDOWN(wheel)
{
}

/* Takes what has passed, looking at any number; returns how many. */
static unsigned int take_all(struct kturn_wheel *wheel)
{
	unsigned int budget = -1U, n = 0;
	struct kturn_due *due;

	while ((due = kturn_wheel_expired(wheel, &budget))) {
		kturn_wheel_del(due);
		n++;
	}
	return n;
}

static void add(struct kturn_wheel *wheel, struct kturn_due *due,
		unsigned long seconds)
{
	kturn_wheel_add(wheel, due, KTURN_DUE_CHANNEL, jiffies + seconds * HZ);
}

TEST_F(wheel, found_within_a_second_of_its_deadline)
{
	static const unsigned long times[] = { 0, 1, 2, 254, 255, 256, 257,
					       600, 3600, 100000 };

	for (unsigned int i = 0; i < sizeof(times) / sizeof(*times); i++) {
		struct kturn_due due = { .kind = 0 };
		unsigned long waited = 0;

		add(&self->wheel, &due, times[i]);
		while (!take_all(&self->wheel) && waited <= times[i] + 2) {
			jiffies += HZ;
			waited++;
		}
		EXPECT_LE(times[i], waited);
		EXPECT_GE(times[i] + 1, waited);
	}
}

TEST_F(wheel, moved_deadlines)
{
	struct kturn_due due = { .kind = 0 };

	add(&self->wheel, &due, 5);
	jiffies += 4 * HZ;
	EXPECT_EQ(0, take_all(&self->wheel));
	kturn_wheel_move(&self->wheel, &due, jiffies + 300 * HZ);
	for (int i = 0; i < 299; i++) {
		jiffies += HZ;
		EXPECT_EQ(0, take_all(&self->wheel));
	}
	kturn_wheel_move(&self->wheel, &due, jiffies);
	jiffies += 2 * HZ;
	EXPECT_EQ(1, take_all(&self->wheel));
}

#define CROWD 10000
#define BUDGET 64

/* A crowd with deadlines beyond the ring lies in one slot, to be filed anew. */
TEST_F(wheel, a_crowd_beyond_the_ring_is_filed_anew_bit_by_bit)
{
	struct kturn_due *crowd = calloc(CROWD, sizeof(*crowd)), *due;
	unsigned int turns = 0, budget;

	ASSERT_NE(NULL, crowd);
	for (int i = 0; i < CROWD; i++)
		add(&self->wheel, &crowd[i], 3600);
	jiffies += (KTURN_WHEEL_SLOTS - 1) * HZ;
	do {
		budget = BUDGET;
		EXPECT_EQ(NULL, kturn_wheel_expired(&self->wheel, &budget));
		turns++;
	} while (!budget && turns <= CROWD);
	EXPECT_LE(CROWD / BUDGET, turns);
	EXPECT_GE(CROWD / BUDGET + 1, turns);

	/* None is lost by that, nor found twice. */
	jiffies += 3600 * HZ;
	for (turns = 0; turns < CROWD; turns++) {
		budget = 2 * CROWD;
		due = kturn_wheel_expired(&self->wheel, &budget);
		if (!due)
			break;
		kturn_wheel_del(due);
	}
	EXPECT_EQ(CROWD, turns);
	EXPECT_EQ(0, take_all(&self->wheel));
	free(crowd);
}

TEST_F(wheel, passed_deadlines_count_as_well)
{
	struct kturn_due crowd[10] = { 0 };
	unsigned int budget = 3, n = 0;
	struct kturn_due *due;

	for (int i = 0; i < 10; i++)
		add(&self->wheel, &crowd[i], 1);
	jiffies += 3 * HZ;
	while ((due = kturn_wheel_expired(&self->wheel, &budget))) {
		kturn_wheel_del(due);
		n++;
	}
	EXPECT_EQ(3, n);
	EXPECT_EQ(0, budget);
	EXPECT_EQ(7, take_all(&self->wheel));
}

TEST_HARNESS_MAIN
