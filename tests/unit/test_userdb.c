// SPDX-License-Identifier: BSD-3-Clause
/*
 * User databases: SQLite files that coturn's turnadmin made, files of our own
 * that turnadmin reads, and the words that say where a database is. Redis and
 * PostgreSQL need servers: tests/daemon/test-userdb.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "userdb/redis_keys.h"
#include "userdb/redis_place.h"
#include "userdb/userdb.h"
#include "userdb/utf8.h"

#define REALM "relay.example"

/* MD5("alice:relay.example:secret") */
static const char alice_key[] = "77551d8164af349782c9e71ce7a713de";

FIXTURE(userdb)
{
	char dir[32];
	char path[64];
	char why[USERDB_WHY_LEN];
	struct userdb *db;
	char text[4096];
};

FIXTURE_SETUP(userdb)
{
	strcpy(self->dir, "/tmp/kturn-userdb-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/turndb", self->dir);
	self->why[0] = self->text[0] = '\0';
	self->db = NULL;
}

FIXTURE_TEARDOWN(userdb)
{
	userdb_close(self->db);
	unlink(self->path);
	rmdir(self->dir);
}

/* turnadmin leaves a log with its process id in the name. */
static void remove_log(pid_t pid)
{
	char pattern[64];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "/var/*/turn_%d_*.log", (int)pid);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
	globfree(&found);
}

/* Runs turnadmin on the file; what it prints goes into @text. */
static int turnadmin(const char *path, char *text, size_t size, ...)
{
	char *argv[16] = { "turnadmin", "--userdb", (char *)path };
	int fds[2], status, argc = 3;
	size_t len = 0;
	va_list args;
	ssize_t got;
	pid_t pid;

	va_start(args, size);
	while (argc < 15 && (argv[argc] = va_arg(args, char *)))
		argc++;
	va_end(args);
	if (pipe2(fds, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	while ((got = read(fds[0], text + len, size - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	remove_log(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define TURNADMIN(...) \
	ASSERT_EQ(0, turnadmin(self->path, self->text, sizeof(self->text), \
			       __VA_ARGS__, NULL)) { \
		TH_LOG("turnadmin: %s", self->text); \
	}

#define OPEN(flags) \
	ASSERT_EQ(0, userdb_open(&self->db, USERDB_SQLITE, self->path, flags, \
				 self->why))

static int find(struct userdb *db, const char *realm, const char *name,
		char hex[static USERDB_KEY_HEX_LEN + 1],
		char why[static USERDB_WHY_LEN])
{
	uint8_t key[USERDB_KEY_LEN] = { 0 };
	int ret = userdb_find_key(db, realm, name, key, why);

	userdb_key_print(key, hex);
	return ret;
}

/* Rows as text: "a|b c|d " */
static int append(void *arg, const char *const *row)
{
	char *text = arg;

	for (int i = 0; i < 2; i++) {
		strcat(text, row[i]);
		strcat(text, i ? " " : "|");
	}
	return 0;
}

static const char *rows(struct userdb *db, enum userdb_table table,
			const char *realm, char *text)
{
	char why[USERDB_WHY_LEN];

	text[0] = '\0';
	if (userdb_list(db, table, realm, append, text, why))
		snprintf(text, USERDB_WHY_LEN + 16, "failed: %s", why);
	return text;
}

TEST_F(userdb, coturns_users)
{
	char hex[USERDB_KEY_HEX_LEN + 1];

	TURNADMIN("-a", "-u", "alice", "-r", REALM, "-p", "secret");
	TURNADMIN("-a", "-u", "bob", "-r", "other.example", "-p", "x");
	OPEN(0);
	EXPECT_EQ(0, find(self->db, REALM, "alice", hex, self->why));
	EXPECT_STREQ(alice_key, hex);
	EXPECT_EQ(-ENOENT, find(self->db, REALM, "bob", hex, self->why));
	EXPECT_EQ(-ENOENT, find(self->db, "other.example", "alice", hex,
				self->why));
	EXPECT_EQ(-ENOENT, find(self->db, REALM, "", hex, self->why));
	EXPECT_STREQ("other.example|bob relay.example|alice ",
		     rows(self->db, USERDB_USERS, NULL, self->text));
	EXPECT_STREQ("other.example|bob ",
		     rows(self->db, USERDB_USERS, "other.example",
			  self->text));

	/* While it is open turnadmin goes on. */
	TURNADMIN("-d", "-u", "alice", "-r", REALM);
	EXPECT_EQ(-ENOENT, find(self->db, REALM, "alice", hex, self->why));
}

TEST_F(userdb, coturns_other_tables)
{
	TURNADMIN("-s", "sesame", "-r", REALM);
	TURNADMIN("-s", "open", "-r", REALM);
	TURNADMIN("-O", "-o", "https://a.example:443", "-r", "a.example");
	TURNADMIN("-g", "-r", REALM, "--max-bps", "5000", "--user-quota", "7");
	OPEN(0);
	EXPECT_STREQ("relay.example|open relay.example|sesame ",
		     rows(self->db, USERDB_SECRETS, REALM, self->text));
	EXPECT_STREQ("", rows(self->db, USERDB_SECRETS, "x", self->text));
	EXPECT_STREQ("https://a.example:443|a.example ",
		     rows(self->db, USERDB_ORIGINS, NULL, self->text));
	EXPECT_STREQ("relay.example|max-bps relay.example|user-quota ",
		     rows(self->db, USERDB_REALM_OPTIONS, NULL, self->text));
	EXPECT_STREQ("", rows(self->db, USERDB_DENIED_PEERS, NULL, self->text));
}

TEST_F(userdb, turnadmin_reads_ours)
{
	const char *const user[] = { REALM, "al ice'\"", alice_key };
	const char *const secret[] = { REALM, "sesame" };
	const char *const origin[] = { "https://b.example", REALM };
	const char *const option[] = { REALM, "total-quota", "12" };
	struct stat st;

	OPEN(USERDB_WRITE);
	ASSERT_EQ(0, userdb_create(self->db, self->why)) {
		TH_LOG("%s", self->why);
	}
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(0, userdb_put(self->db, USERDB_USERS, user, self->why));
	EXPECT_EQ(0, userdb_put(self->db, USERDB_USERS, user, self->why));
	EXPECT_EQ(0, userdb_put(self->db, USERDB_SECRETS, secret, self->why));
	EXPECT_EQ(0, userdb_put(self->db, USERDB_SECRETS, secret, self->why));
	EXPECT_EQ(0, userdb_put(self->db, USERDB_ORIGINS, origin, self->why));
	EXPECT_EQ(0, userdb_put(self->db, USERDB_REALM_OPTIONS, option,
				self->why));
	/* Once more finds all there. */
	EXPECT_EQ(0, userdb_create(self->db, self->why));

	TURNADMIN("-l");
	EXPECT_NE(NULL, strstr(self->text, "al ice'\"[relay.example]"));
	TURNADMIN("-S", "-r", REALM);
	EXPECT_NE(NULL, strstr(self->text, "sesame[relay.example]"));
	TURNADMIN("-I");
	EXPECT_NE(NULL, strstr(self->text, "https://b.example"));
	TURNADMIN("-G");
	EXPECT_NE(NULL, strstr(self->text, "total-quota[relay.example]=12"));

	EXPECT_EQ(0, userdb_remove(self->db, USERDB_USERS, user, self->why));
	EXPECT_EQ(-ENOENT, userdb_remove(self->db, USERDB_USERS, user,
					 self->why));
	TURNADMIN("-l");
	EXPECT_EQ(NULL, strstr(self->text, "relay.example]"));
}

/* What comes from the network stays a value. */
TEST_F(userdb, names_are_no_sql)
{
	static const char *const names[] = {
		"' or '1'='1", "alice'; drop table turnusers_lt; --", "%",
		"ali*", "\xff\xfe", "alice\xc3",
	};
	char hex[USERDB_KEY_HEX_LEN + 1];

	TURNADMIN("-a", "-u", "alice", "-r", REALM, "-p", "secret");
	OPEN(0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		EXPECT_EQ(-ENOENT, find(self->db, REALM, names[i], hex,
					self->why)) {
			TH_LOG("%s", self->why);
		}
	EXPECT_EQ(0, find(self->db, REALM, "alice", hex, self->why));
}

TEST_F(userdb, odd_keys)
{
	const char *const sha256[] = {
		REALM, "new",
		"77551d8164af349782c9e71ce7a713de77551d8164af349782c9e71ce7a713de",
	};
	const char *const padded[] = {
		REALM, "padded", "77551d8164af349782c9e71ce7a713de      ",
	};
	const char *const junk[] = { REALM, "junk", "nonsense" };
	char hex[USERDB_KEY_HEX_LEN + 1];

	OPEN(USERDB_WRITE);
	ASSERT_EQ(0, userdb_create(self->db, self->why));
	EXPECT_EQ(0, userdb_put(self->db, USERDB_USERS, sha256, self->why));
	EXPECT_EQ(0, userdb_put(self->db, USERDB_USERS, padded, self->why));
	EXPECT_EQ(0, userdb_put(self->db, USERDB_USERS, junk, self->why));
	EXPECT_EQ(-EBADMSG, find(self->db, REALM, "new", hex, self->why));
	EXPECT_NE(NULL, strstr(self->why, "'new'"));
	EXPECT_EQ(-EBADMSG, find(self->db, REALM, "junk", hex, self->why));
	EXPECT_EQ(0, find(self->db, REALM, "padded", hex, self->why));
	EXPECT_STREQ(alice_key, hex);
}

TEST_F(userdb, file_comes_later_and_is_replaced)
{
	char hex[USERDB_KEY_HEX_LEN + 1], other[80];

	OPEN(0);
	EXPECT_EQ(-EIO, find(self->db, REALM, "alice", hex, self->why));
	EXPECT_NE(NULL, strstr(self->why, self->path));
	TURNADMIN("-a", "-u", "alice", "-r", REALM, "-p", "secret");
	EXPECT_EQ(0, find(self->db, REALM, "alice", hex, self->why));

	snprintf(other, sizeof(other), "%s.new", self->path);
	ASSERT_EQ(0, turnadmin(other, self->text, sizeof(self->text), "-a",
			       "-u", "bob", "-r", REALM, "-p", "x", NULL));
	ASSERT_EQ(0, rename(other, self->path));
	EXPECT_EQ(-ENOENT, find(self->db, REALM, "alice", hex, self->why));
	EXPECT_EQ(0, find(self->db, REALM, "bob", hex, self->why));
}

TEST_F(userdb, no_database_in_the_file)
{
	char hex[USERDB_KEY_HEX_LEN + 1];
	FILE *file = fopen(self->path, "we");

	ASSERT_NE(NULL, file);
	for (int i = 0; i < 100; i++)
		fputs("this is no SQLite file\n", file);
	fclose(file);
	OPEN(0);
	EXPECT_EQ(-EIO, find(self->db, REALM, "alice", hex, self->why));
	EXPECT_NE(NULL, strstr(self->why, "not a database")) {
		TH_LOG("%s", self->why);
	}
	EXPECT_EQ(-EIO, userdb_list(self->db, USERDB_USERS, NULL, append,
				    self->text, self->why));
}

TEST_F(userdb, locked_by_another)
{
	char hex[USERDB_KEY_HEX_LEN + 1];
	sqlite3 *other;

	TURNADMIN("-a", "-u", "alice", "-r", REALM, "-p", "secret");
	OPEN(0);
	ASSERT_EQ(SQLITE_OK, sqlite3_open(self->path, &other));
	ASSERT_EQ(SQLITE_OK, sqlite3_exec(other, "begin exclusive", NULL, NULL,
					  NULL));
	EXPECT_EQ(-EIO, find(self->db, REALM, "alice", hex, self->why));
	EXPECT_NE(NULL, strstr(self->why, "locked"));
	sqlite3_close(other);
	EXPECT_EQ(0, find(self->db, REALM, "alice", hex, self->why));
}

TEST_F(userdb, too_long_or_not_text)
{
	char name[600];
	const char *row[] = { REALM, name, alice_key };

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	OPEN(USERDB_WRITE);
	ASSERT_EQ(0, userdb_create(self->db, self->why));
	EXPECT_EQ(-EINVAL, userdb_put(self->db, USERDB_USERS, row, self->why));
	strcpy(name, "\xff");
	EXPECT_EQ(-EINVAL, userdb_put(self->db, USERDB_USERS, row, self->why));
	EXPECT_EQ(-EINVAL, userdb_remove(self->db, USERDB_USERS, row,
					 self->why));
}

TEST(places)
{
	enum userdb_kind kind;

	EXPECT_STREQ("/a/b", userdb_parse_place("/a/b", &kind));
	EXPECT_EQ(USERDB_SQLITE, kind);
	EXPECT_STREQ("/a/b", userdb_parse_place("sqlite:/a/b", &kind));
	EXPECT_EQ(USERDB_SQLITE, kind);
	EXPECT_STREQ("ip=::1", userdb_parse_place("redis:ip=::1", &kind));
	EXPECT_EQ(USERDB_REDIS, kind);
	EXPECT_STREQ("host=x", userdb_parse_place("psql:host=x", &kind));
	EXPECT_EQ(USERDB_POSTGRESQL, kind);
	EXPECT_STREQ("postgresql://h/d",
		     userdb_parse_place("postgresql://h/d", &kind));
	EXPECT_EQ(USERDB_POSTGRESQL, kind);
}

TEST(redis_words)
{
	char why[USERDB_WHY_LEN];
	struct redis_place place;

	EXPECT_EQ(0, redis_place_parse(&place, "", why));
	EXPECT_STREQ("127.0.0.1", place.host);
	EXPECT_EQ(6379, place.port);
	EXPECT_STREQ("0", place.dbname);
	EXPECT_EQ(USERDB_TIMEOUT_S, place.timeout_s);
	EXPECT_EQ(0, redis_place_parse(&place,
				       "ip=192.0.2.1 dbname=2  password=turn=1 port=7000 connect_timeout=30",
				       why));
	EXPECT_STREQ("192.0.2.1", place.host);
	EXPECT_EQ(7000, place.port);
	EXPECT_STREQ("2", place.dbname);
	EXPECT_STREQ("turn=1", place.password);
	EXPECT_EQ(30, place.timeout_s);
	EXPECT_EQ(0, redis_place_parse(&place,
				       "host=r db=1 pwd=a uname=b p=1 timeout=2",
				       why));
	EXPECT_STREQ("b", place.user);
	EXPECT_EQ(1, place.port);
}

TEST(redis_wrong_words)
{
	static const char *const wrong[] = {
		"ip=127.0.0.1 secretword", "port=x", "port=70000", "port=-1",
		"hots=127.0.0.1", "timeout=1000",
	};
	char why[USERDB_WHY_LEN];
	struct redis_place place;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why[0] = '\0';
		EXPECT_EQ(-EINVAL, redis_place_parse(&place, wrong[i], why));
		EXPECT_NE('\0', why[0]);
		EXPECT_EQ(NULL, strstr(why, "secretword"));
	}
}

TEST(postgresql_words)
{
	char why[USERDB_WHY_LEN];
	struct userdb *db;

	EXPECT_EQ(-EINVAL, userdb_open(&db, USERDB_POSTGRESQL,
				       "hots=x passwrod=secretword", 0, why));
	EXPECT_EQ(NULL, strstr(why, "secretword"));
	ASSERT_EQ(0, userdb_open(&db, USERDB_POSTGRESQL,
				 "host=192.0.2.1 dbname=turn user=u password=secretword",
				 0, why));
	EXPECT_NE(NULL, strstr(userdb_name(db), "turn at 192.0.2.1"));
	EXPECT_EQ(NULL, strstr(userdb_name(db), "secretword"));
	userdb_close(db);
}

TEST(redis_keys)
{
	const char *const user[] = { "r", "u/key", "" };
	const struct redis_shape *shape = redis_shape_next(USERDB_USERS, NULL);
	char key[REDIS_KEY_LEN];
	const char *row[3];

	EXPECT_STREQ("turn/realm/r/user/u/key/key",
		     redis_key_make(shape, user, key));
	ASSERT_TRUE(redis_key_parse(shape, key, row));
	EXPECT_STREQ("r", row[0]);
	EXPECT_STREQ("u/key", row[1]);
	strcpy(key, "turn/realm/r/secret");
	EXPECT_FALSE(redis_key_parse(shape, key, row));
	redis_key_pattern(shape, "a*b", key);
	EXPECT_STREQ("turn/realm/a\\*b/user/*/key", key);
	redis_key_pattern(shape, NULL, key);
	EXPECT_STREQ("turn/realm/*/user/*/key", key);
	redis_key_pattern(redis_shape_next(USERDB_ORIGINS, NULL), "r", key);
	EXPECT_STREQ("turn/origin/*", key);
	EXPECT_EQ(NULL, redis_shape_of(USERDB_REALM_OPTIONS,
				       (const char *[]){ "r", "x" }));
}

TEST(utf8)
{
	static const char *const good[] = {
		"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xf4\x8f\xbf\xbf", "\xee\x80\x80",
	};
	static const char *const bad[] = {
		"\x80", "\xc0\x80", "\xc3", "\xe2\x82", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe0\x80\x80",
		"\xff", "a\xc3z",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		EXPECT_TRUE(utf8_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_FALSE(utf8_valid(bad[i]));
}

TEST_HARNESS_MAIN
