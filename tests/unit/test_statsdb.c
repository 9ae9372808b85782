// SPDX-License-Identifier: BSD-3-Clause
/* redis-statsdb: what Redis is told, word by word as coturn tells it. */
#include <kselftest_harness.h>

#include <stdlib.h>

#include "kturnd/statsdb_news.h"

#define PATH "turn/realm/r.example/user/alice/allocation/000000000000000042/"

struct said {
	char text[2048];
};

static void note(void *arg, int argc, const char **argv)
{
	struct said *said = arg;

	for (int i = 0; i < argc; i++) {
		strncat(said->text, argv[i], sizeof(said->text) - 1 -
			strlen(said->text));
		strncat(said->text, i + 1 < argc ? "|" : "\n",
			sizeof(said->text) - 1 - strlen(said->text));
	}
}

static struct turn_session_report report_of(enum turn_session_event event)
{
	struct turn_session_report report = {
		.event = event, .id = 42, .lifetime = 777,
		.username = "alice", .realm = "r.example",
		.to_peer = { 3, 300 }, .to_client = { 4, 400 },
	};

	transport_addr_parse(&report.tuple.client, "198.51.100.7:40356");
	transport_addr_parse(&report.tuple.server, "192.0.2.1:3478");
	return report;
}

static struct said say(const struct turn_session_report *report)
{
	struct statsdb_news *news = statsdb_news_new(report, NULL);
	struct said said = { "" };

	if (!news)
		abort();
	statsdb_news_say(news, note, &said);
	free(news);
	return said;
}

TEST(it_begins)
{
	struct turn_session_report report = report_of(TURN_SESSION_NEW);
	struct said said = say(&report);

	EXPECT_STREQ("SET|" PATH "status|new lifetime=777, type=UDP, local=192.0.2.1:3478, remote=198.51.100.7:40356, ssl=NONE, cipher=NONE|EX|837\n"
		     "PUBLISH|" PATH "status|new lifetime=777, type=UDP, local=192.0.2.1:3478, remote=198.51.100.7:40356, ssl=NONE, cipher=NONE\n",
		     said.text);
}

TEST(it_goes_on)
{
	struct turn_session_report report = report_of(TURN_SESSION_REFRESHED);
	struct said said;

	report.tuple.transport = TURN_TLS;
	said = say(&report);
	EXPECT_NE(NULL, strstr(said.text, "status|refreshed lifetime=777, type=TLS/TCP, "));
}

TEST(it_has_carried)
{
	struct turn_session_report report = report_of(TURN_SESSION_TRAFFIC);
	struct said said = say(&report);

	EXPECT_STREQ("PUBLISH|" PATH "traffic|rcvp=3, rcvb=300, sentp=4, sentb=400\n"
		     "PUBLISH|" PATH "traffic/peer|rcvp=4, rcvb=400, sentp=3, sentb=300\n",
		     said.text);
}

TEST(it_is_over)
{
	struct turn_session_report report = report_of(TURN_SESSION_ENDED);
	struct said said = say(&report);

	EXPECT_STREQ("DEL|" PATH "status\n"
		     "PUBLISH|" PATH "status|deleted\n"
		     "PUBLISH|" PATH "total_traffic|rcvp=3, rcvb=300, sentp=4, sentb=400\n"
		     "PUBLISH|" PATH "total_traffic/peer|rcvp=4, rcvb=400, sentp=3, sentb=300\n",
		     said.text);
}

TEST(names)
{
	struct turn_session_report report = report_of(TURN_SESSION_ENDED);
	char longest[TURN_USERNAME_MAX];
	struct said said;

	report.realm = "";
	report.username = "";
	said = say(&report);
	EXPECT_NE(NULL, strstr(said.text, "|turn/user//allocation/000000000000000042/status"));
	/* A name is a word, whatever is in it. */
	report.realm = "r.example";
	report.username = "1700000000:bob \r\nFLUSHALL %s";
	said = say(&report);
	EXPECT_NE(NULL, strstr(said.text, "/user/1700000000:bob \r\nFLUSHALL %s/allocation/"));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	report.username = longest;
	said = say(&report);
	EXPECT_NE(NULL, strstr(said.text, "x/allocation/000000000000000042/status\n"));
}

TEST_HARNESS_MAIN
