// SPDX-License-Identifier: BSD-3-Clause
/* The options of user databases: what they take, and what follows from them. */
#include <string.h>

#include <kselftest_harness.h>

#include "kturnd/config.h"
#include "kturnd/config_file.h"
#include "kturnd/options.h"

FIXTURE(userdb)
{
	struct kturnd_config cfg;
	struct report report;
	struct option_reader reader;
};

FIXTURE_SETUP(userdb)
{
	memset(&self->report, 0, sizeof(self->report));
	memset(&self->reader, 0, sizeof(self->reader));
	config_init(&self->cfg);
	self->reader.cfg = &self->cfg;
	self->reader.report = &self->report;
}

FIXTURE_TEARDOWN(userdb)
{
	config_free(&self->cfg);
	report_free(&self->report);
}

static void read_line(struct option_reader *reader, const char *text)
{
	const struct report_place place = { "turn.conf", 1 };
	char line[512];

	snprintf(line, sizeof(line), "%s\n", text);
	config_file_line(reader, line, &place);
}

#define LINE(line_) read_line(&self->reader, line_)

TEST_F(userdb, sqlite)
{
	LINE("userdb=/srv/turn db # 1");
	EXPECT_EQ(USERDB_SQLITE, self->cfg.userdb.kind);
	EXPECT_STREQ("/srv/turn db # 1", self->cfg.userdb.where);
	LINE("db=/srv/other");
	EXPECT_STREQ("/srv/other", self->cfg.userdb.where);
	LINE("userdb=\"\"");
	EXPECT_STREQ(USERDB_SQLITE_DEFAULT, self->cfg.userdb.where);
	EXPECT_EQ(0, self->report.n);
}

TEST_F(userdb, redis)
{
	LINE("redis-userdb=\"ip=127.0.0.1 dbname=2 password=turn#1 connect_timeout=30\"");
	EXPECT_EQ(USERDB_REDIS, self->cfg.userdb.kind);
	EXPECT_STREQ("ip=127.0.0.1 dbname=2 password=turn#1 connect_timeout=30",
		     self->cfg.userdb.where);
	EXPECT_EQ(0, self->report.n);
}

TEST_F(userdb, postgresql)
{
	LINE("psql-userdb=\"host=localhost dbname=coturn user=turn password=turn connect_timeout=30\"");
	EXPECT_EQ(USERDB_POSTGRESQL, self->cfg.userdb.kind);
	LINE("psql-userdb=postgresql://turn:turn@localhost/coturn");
	EXPECT_STREQ("postgresql://turn:turn@localhost/coturn",
		     self->cfg.userdb.where);
	EXPECT_EQ(0, self->report.n);
}

/* What is wrong is said without the password. */
TEST_F(userdb, wrong_words)
{
	static const char *const lines[] = {
		"redis-userdb=\"ip=127.0.0.1 hunter2\"",
		"redis-userdb=\"pasword=hunter2\"",
		"psql-userdb=\"pasword=hunter2\"",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		LINE(lines[i]);
	EXPECT_EQ(3, self->report.errors);
	for (size_t i = 0; i < self->report.n; i++)
		EXPECT_EQ(NULL, strstr(self->report.v[i].text, "hunter2"));
	EXPECT_EQ(NULL, self->cfg.userdb.where);
}

TEST_F(userdb, numbers)
{
	LINE("userdb-cache=60");
	LINE("userdb-poll=1");
	LINE("userdb-waiting=16");
	EXPECT_EQ(60, self->cfg.userdb_cache);
	EXPECT_EQ(1, self->cfg.userdb_poll);
	EXPECT_EQ(16, self->cfg.userdb_waiting);
	EXPECT_EQ(0, self->report.n);
	LINE("userdb-poll=0");
	EXPECT_EQ(1, self->report.errors);
}

TEST_F(userdb, statsdb)
{
	LINE("redis-statsdb=\"ip=127.0.0.1 dbname=3 password=hunter2 port=6379\"");
	LINE("redis-statsdb-interval=0");
	LINE("redis-statsdb-queue=1000");
	EXPECT_STREQ("ip=127.0.0.1 dbname=3 password=hunter2 port=6379",
		     self->cfg.statsdb);
	EXPECT_EQ(0, self->cfg.statsdb_interval);
	EXPECT_EQ(1000, self->cfg.statsdb_queue);
	EXPECT_EQ(NULL, self->cfg.userdb.where);
	EXPECT_EQ(0, self->report.n);
	LINE("redis-statsdb=\"pasword=hunter2\"");
	ASSERT_EQ(1, self->report.errors);
	EXPECT_EQ(NULL, strstr(self->report.v[0].text, "hunter2"));
}

TEST_F(userdb, others_are_not_available)
{
	LINE("mysql-userdb=\"host=localhost\"");
	LINE("mongo-userdb=mongodb://localhost/coturn");
	LINE("secret-key-file=/etc/turn.key");
	EXPECT_EQ(3, self->report.n);
	EXPECT_EQ(0, self->report.errors);
	EXPECT_NE(NULL, strstr(self->report.v[0].text, "psql-userdb"));
	EXPECT_EQ(NULL, self->cfg.userdb.where);
}

/* A database means that somebody is asked who he is. */
TEST_F(userdb, alone_means_users)
{
	LINE("realm=relay.example");
	LINE("userdb=/srv/turndb");
	config_check(&self->cfg, &self->report);
	EXPECT_EQ(0, self->report.errors);
	EXPECT_TRUE(self->cfg.lt_cred_mech);
	EXPECT_TRUE(self->cfg.userdb_users);
	EXPECT_FALSE(self->cfg.userdb_secrets);
}

TEST_F(userdb, with_secrets)
{
	LINE("realm=relay.example");
	LINE("userdb=/srv/turndb");
	LINE("use-auth-secret");
	config_check(&self->cfg, &self->report);
	EXPECT_EQ(0, self->report.errors);
	EXPECT_FALSE(self->cfg.userdb_users);
	EXPECT_TRUE(self->cfg.userdb_secrets);
}

TEST_F(userdb, with_both)
{
	LINE("realm=relay.example");
	LINE("userdb=/srv/turndb");
	LINE("use-auth-secret");
	LINE("lt-cred-mech");
	config_check(&self->cfg, &self->report);
	EXPECT_EQ(0, self->report.errors);
	EXPECT_TRUE(self->cfg.userdb_users);
	EXPECT_TRUE(self->cfg.userdb_secrets);
}

TEST_F(userdb, with_no_auth)
{
	LINE("userdb=/srv/turndb");
	LINE("no-auth");
	config_check(&self->cfg, &self->report);
	EXPECT_EQ(0, self->report.errors);
	EXPECT_FALSE(self->cfg.lt_cred_mech);
	EXPECT_FALSE(self->cfg.userdb_users);
}

TEST_HARNESS_MAIN
