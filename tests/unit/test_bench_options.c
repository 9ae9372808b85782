// SPDX-License-Identifier: BSD-3-Clause
/* The load generator's command line: what it takes, and how it refuses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "bench/options.h"

#define ARGS_MAX 40

/* Parses a command line of words with single spaces between them. */
static int parse(struct options *o, const char *line, char *error)
{
	static char words[512];
	char *argv[ARGS_MAX + 1] = { "kturn-bench" };
	int argc = 1;

	error[0] = '\0';
	strncpy(words, line, sizeof(words) - 1);
	for (char *word = strtok(words, " "); word && argc < ARGS_MAX;
	     word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(o, argc, argv, error);
}

FIXTURE(options) {
	struct options o;
	char error[OPTIONS_ERROR_MAX];
};

FIXTURE_SETUP(options)
{
	unsetenv("KTURN_BENCH_PASSWORD");
	unsetenv("KTURN_BENCH_SECRET");
}

FIXTURE_TEARDOWN(options)
{
}

TEST_F(options, defaults)
{
	ASSERT_EQ(0, parse(&self->o, "relay.example", self->error));
	EXPECT_EQ(TASK_MEASURE, self->o.task);
	EXPECT_STREQ("relay.example", self->o.server);
	EXPECT_EQ(1, self->o.allocations);
	EXPECT_EQ(1, self->o.channels);
	EXPECT_EQ(1000, self->o.rate);
	EXPECT_EQ(172, self->o.sizes.largest);
	EXPECT_EQ(10000000000, self->o.duration_ns);
	EXPECT_EQ(TRAFFIC_BOTH, self->o.traffic);
	EXPECT_LT(self->o.max_loss, 0);
}

TEST_F(options, all_of_them)
{
	ASSERT_EQ(0, parse(&self->o, "-u alice -w secret -a 10 -c 4 -d to-peer -4 --size 100:1,200:3 --flat-out --in-flight 7 --burst 3 -t 2.5 --warm-up 0 --max-loss 0.1 192.0.2.1:99",
			   self->error));
	EXPECT_STREQ("alice", self->o.user);
	EXPECT_STREQ("secret", self->o.password);
	EXPECT_EQ(10, self->o.allocations);
	EXPECT_EQ(4, self->o.channels);
	EXPECT_EQ(TRAFFIC_TO_PEER, self->o.traffic);
	EXPECT_EQ(AF_INET, self->o.family);
	EXPECT_EQ(4, self->o.sizes.total);
	EXPECT_EQ(0, self->o.rate);
	EXPECT_EQ(7, self->o.in_flight);
	EXPECT_EQ(3, self->o.burst);
	EXPECT_EQ(2500000000, self->o.duration_ns);
	EXPECT_EQ(0, self->o.warm_up_ns);
	EXPECT_STREQ("192.0.2.1:99", self->o.server);
	EXPECT_TRUE(options_way_used(&self->o, WAY_TO_PEER));
	EXPECT_FALSE(options_way_used(&self->o, WAY_TO_CLIENT));
}

TEST_F(options, addresses)
{
	ASSERT_EQ(0, parse(&self->o, "--client-address 192.0.2.2 --peer-address 2001:db8::9 --threads 2 -a 2 x",
			   self->error));
	EXPECT_EQ(AF_INET, self->o.client_address.family);
	EXPECT_EQ(AF_INET6, self->o.peer_address.family);

	ASSERT_EQ(0, parse(&self->o, "--remote-peer 192.0.2.9:4000 x",
			   self->error));
	EXPECT_EQ(4000, self->o.remote_peer.port);
	EXPECT_EQ(TRAFFIC_ROUND_TRIP, self->o.traffic);

	ASSERT_EQ(0, parse(&self->o, "--peer [2001:db8::9]:4000 -c 3",
			   self->error));
	EXPECT_EQ(TASK_PEER, self->o.task);
	EXPECT_EQ(4000, self->o.peer_listen.port);
}

TEST_F(options, secrets_from_the_environment)
{
	setenv("KTURN_BENCH_PASSWORD", "hidden", 1);
	ASSERT_EQ(0, parse(&self->o, "-u alice x", self->error));
	EXPECT_STREQ("hidden", self->o.password);
	ASSERT_EQ(0, parse(&self->o, "-u alice -w given x", self->error));
	EXPECT_STREQ("given", self->o.password);
	unsetenv("KTURN_BENCH_PASSWORD");

	setenv("KTURN_BENCH_SECRET", "shared", 1);
	ASSERT_EQ(0, parse(&self->o, "x", self->error));
	EXPECT_STREQ("shared", self->o.secret);
	EXPECT_EQ(NULL, self->o.user);
}

TEST_F(options, tasks_without_a_server)
{
	ASSERT_EQ(0, parse(&self->o, "--help", self->error));
	EXPECT_EQ(TASK_HELP, self->o.task);
	ASSERT_EQ(0, parse(&self->o, "-V", self->error));
	EXPECT_EQ(TASK_VERSION, self->o.task);
}

/* Each refusal names the option and the remedy. */
TEST_F(options, refused)
{
	static const struct {
		const char *line;
		const char *error;
	} cases[] = {
		{ "", "which server? --help tells more" },
		{ "a b", "one server at a time, not \"a\" and \"b\"" },
		{ "--bogus x", "--bogus is not an option" },
		{ "--quiet=1 x", "--quiet=1: that option takes no value" },
		{ "-Z x", "-Z is not an option" },
		{ "--quiet -qZ x", "-Z is not an option" },
		{ "x -u", "-u wants a value" },
		{ "x --rate", "--rate wants a value" },
		{ "-a 0 x", "-a 0: a whole number from 1 to 1000000" },
		{ "--allocations 1e3 x", "--allocations 1e3: a whole number" },
		{ "-c 4097 x", "-c 4097: a whole number from 1 to 4096" },
		{ "-r 0 x", "-r 0: a whole number from 1" },
		{ "-r 99999999999999999999 x", "-r 99999999999999999999:" },
		{ "-t -1 x", "-t -1: a number from 0" },
		{ "-t nan x", "-t nan: a number from 0" },
		{ "-t 1s x", "-t 1s: a number from 0" },
		{ "-t 0 x", "--duration 0 measures nothing" },
		{ "--max-loss 101 x", "--max-loss 101: a number from 0 to 100" },
		{ "-s 10 x", "-s 10: sizes are from 32 to" },
		{ "-d up x", "-d up: it is both, to-peer" },
		{ "-r 5 -f x", "--rate and --flat-out exclude each other" },
		{ "--in-flight 5 x", "--in-flight is for --flat-out" },
		{ "--threads 2 x", "2 threads have nothing to share with 1" },
		{ "-a 1000000 -c 17 x",
		  "1000000 allocations with 17 channels each: at most" },
		{ "-u alice x", "--user is of no use without --password" },
		{ "-w x x", "--password is of no use without --user" },
		{ "-u a -w b --secret c x", "--secret and --password exclude" },
		{ "--peer-address 192.0.2.1:5 x",
		  "--peer-address 192.0.2.1:5: an IP address without a port" },
		{ "--client-address host x", "--client-address host: an IP" },
		{ "--remote-peer 192.0.2.1 x",
		  "--remote-peer 192.0.2.1: an IP address and a port" },
		{ "--remote-peer 192.0.2.1:5 --peer-address 192.0.2.1 x",
		  "--remote-peer and --peer-address exclude each other" },
		{ "--remote-peer 192.0.2.1:5 -d both x",
		  "--remote-peer only sends back what it gets" },
		{ "--remote-peer 192.0.2.1:65000 -c 600 x",
		  "600 channels need as many ports of the peer" },
		{ "--peer 192.0.2.1:5 x", "--peer is a task of its own" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_EQ(-EINVAL, parse(&self->o, cases[i].line,
					 self->error));
		EXPECT_EQ(0, strncmp(cases[i].error, self->error,
				     strlen(cases[i].error))) {
			TH_LOG("%s: %s", cases[i].line, self->error);
		}
	}
}

TEST_HARNESS_MAIN
