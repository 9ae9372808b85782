// SPDX-License-Identifier: BSD-3-Clause
/* The admin socket's server, over a real socket. */
#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "kturnd/admin.h"

/* More than any request of these tests needs, sanitizers included. */
#define PATIENCE_S 20
#define MAX_CLIENTS 8
#define BIG (8 << 20)

FIXTURE(admin)
{
	char dir[32];
	char path[64];
	char why[256];
	struct event_base *base;
	struct admin *admin;
};

static int handle(const char *command, struct json_object *request,
		  struct json_object *reply, void *arg)
{
	char *big;

	(void)request;
	(void)arg;
	if (!strcmp(command, "status")) {
		json_object_object_add(reply, "pid", json_object_new_int(42));
		return 0;
	}
	if (!strcmp(command, "big")) {
		big = calloc(1, BIG + 1);
		memset(big, 'x', BIG);
		json_object_object_add(reply, "x",
				       json_object_new_string(big));
		free(big);
		return 0;
	}
	if (!strcmp(command, "explain"))
		json_object_object_add(reply, "error",
				       json_object_new_string("in words"));
	return -EINVAL;
}

FIXTURE_SETUP(admin)
{
	strcpy(self->dir, "/tmp/kturn-admin-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	/* Its directory is missing, too, and is made. */
	snprintf(self->path, sizeof(self->path), "%s/run/socket", self->dir);
	self->base = event_base_new();
	ASSERT_EQ(0, admin_open(&self->admin, self->base, self->path, handle,
				NULL, self->why, sizeof(self->why))) {
		TH_LOG("%s", self->why);
	}
}

FIXTURE_TEARDOWN(admin)
{
	char run[48];

	admin_close(self->admin);
	event_base_free(self->base);
	unlink(self->path);
	snprintf(run, sizeof(run), "%s/run", self->dir);
	rmdir(run);
	rmdir(self->dir);
}

static int dial(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Let the server work until the client has read to the end of file. */
static char *hear(struct event_base *base, int fd)
{
	time_t until = time(NULL) + PATIENCE_S;
	size_t len = 0, room = BIG + 4096;
	char *text = calloc(1, room);

	while (time(NULL) < until) {
		ssize_t n;

		event_base_loop(base, EVLOOP_NONBLOCK);
		n = recv(fd, text + len, room - 1 - len, MSG_DONTWAIT);
		if (n == 0)
			return text;
		if (n > 0)
			len += (size_t)n;
		else if (errno != EAGAIN)
			break;
	}
	free(text);
	return NULL;
}

/* Send and hear: the answer, parsed, or NULL. */
static struct json_object *ask(struct event_base *base, const char *path,
			       const char *request)
{
	struct json_object *answer = NULL;
	int fd = dial(path);
	char *text;

	if (fd < 0)
		return NULL;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) > 0) {
		text = hear(base, fd);
		/* One line, and nothing behind it. */
		if (text && strchr(text, '\n') == text + strlen(text) - 1)
			answer = json_tokener_parse(text);
		free(text);
	}
	close(fd);
	return answer;
}

static const char *member(struct json_object *o, const char *name)
{
	return json_object_get_string(json_object_object_get(o, name));
}

TEST_F(admin, answers)
{
	struct json_object *answer = ask(self->base, self->path,
					 "{\"command\":\"status\"}\n");

	ASSERT_NE(NULL, answer);
	EXPECT_STREQ("{\"ok\":true,\"result\":{\"pid\":42}}",
		     json_object_to_json_string_ext(answer,
						    JSON_C_TO_STRING_PLAIN));
	json_object_put(answer);
}

TEST_F(admin, tells_why_a_request_failed)
{
	struct json_object *answer;

	answer = ask(self->base, self->path, "{\"command\":\"explain\"}\n");
	EXPECT_STREQ("false", member(answer, "ok"));
	EXPECT_STREQ("in words", member(answer, "error"));
	json_object_put(answer);
	answer = ask(self->base, self->path, "{\"command\":\"other\"}\n");
	EXPECT_STREQ("Invalid argument", member(answer, "error"));
	json_object_put(answer);
}

TEST_F(admin, refuses_what_is_no_request)
{
	static const char *const lines[] = {
		"\n", "status\n", "[]\n", "{}\n", "{\"command\":1}\n",
		"{\"command\":\"status\"\n", "null\n",
	};
	struct json_object *answer;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		answer = ask(self->base, self->path, lines[i]);
		ASSERT_NE(NULL, answer) { TH_LOG("%s", lines[i]); }
		EXPECT_STREQ("false", member(answer, "ok"));
		EXPECT_NE(NULL, strstr(member(answer, "error"), "command"));
		json_object_put(answer);
	}
}

TEST_F(admin, refuses_a_request_without_end)
{
	char line[ADMIN_MAX_REQUEST + 1] = { 0 };
	struct json_object *answer;

	memset(line, 'a', ADMIN_MAX_REQUEST);
	answer = ask(self->base, self->path, line);
	ASSERT_NE(NULL, answer);
	EXPECT_NE(NULL, strstr(member(answer, "error"), "too long"));
	json_object_put(answer);
}

TEST_F(admin, delivers_a_big_answer_whole)
{
	struct json_object *answer = ask(self->base, self->path,
					 "{\"command\":\"big\"}\n");

	ASSERT_NE(NULL, answer);
	EXPECT_EQ(BIG, strlen(member(json_object_object_get(answer, "result"),
				     "x")));
	json_object_put(answer);
}

TEST_F(admin, bounds_the_number_of_clients)
{
	struct json_object *answer;
	int fds[MAX_CLIENTS];
	char *text;
	int fd;

	for (int i = 0; i < MAX_CLIENTS; i++) {
		fds[i] = dial(self->path);
		ASSERT_LE(0, fds[i]);
		event_base_loop(self->base, EVLOOP_NONBLOCK);
	}
	fd = dial(self->path);
	ASSERT_LE(0, fd);
	text = hear(self->base, fd);
	ASSERT_NE(NULL, text);
	EXPECT_NE(NULL, strstr(text, "too many"));
	free(text);
	close(fd);

	/* A place that becomes free is used again. */
	close(fds[3]);
	event_base_loop(self->base, EVLOOP_NONBLOCK);
	answer = ask(self->base, self->path, "{\"command\":\"status\"}\n");
	EXPECT_STREQ("true", member(answer, "ok"));
	json_object_put(answer);
	for (int i = 0; i < MAX_CLIENTS; i++) {
		if (i != 3)
			close(fds[i]);
	}
}

TEST_F(admin, is_for_its_owner_only)
{
	struct stat st;

	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(S_IFSOCK | 0600, st.st_mode);
}

TEST_F(admin, leaves_a_socket_that_is_in_use)
{
	struct json_object *answer;
	struct admin *second;

	EXPECT_EQ(-EADDRINUSE, admin_open(&second, self->base, self->path,
					  handle, NULL, self->why,
					  sizeof(self->why)));
	EXPECT_EQ(NULL, second);
	EXPECT_NE(NULL, strstr(self->why, self->path));
	EXPECT_NE(NULL, strstr(self->why, "another kturnd"));
	answer = ask(self->base, self->path, "{\"command\":\"status\"}\n");
	EXPECT_STREQ("true", member(answer, "ok"));
	json_object_put(answer);
}

TEST_F(admin, replaces_a_socket_that_was_left_behind)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct json_object *answer;
	int fd;

	admin_close(self->admin);
	self->admin = NULL;
	EXPECT_EQ(-1, access(self->path, F_OK));

	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", self->path);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	close(fd);

	ASSERT_EQ(0, admin_open(&self->admin, self->base, self->path, handle,
				NULL, self->why, sizeof(self->why))) {
		TH_LOG("%s", self->why);
	}
	answer = ask(self->base, self->path, "{\"command\":\"status\"}\n");
	EXPECT_STREQ("true", member(answer, "ok"));
	json_object_put(answer);
}

TEST_F(admin, leaves_other_files_alone)
{
	struct admin *second;
	struct stat st;

	EXPECT_EQ(-EEXIST, admin_open(&second, self->base, self->dir, handle,
				      NULL, self->why, sizeof(self->why)));
	EXPECT_NE(NULL, strstr(self->why, "not a socket"));
	EXPECT_EQ(0, stat(self->dir, &st));
}

TEST_F(admin, refuses_paths_that_cannot_be)
{
	struct admin *second;
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	EXPECT_EQ(-ENAMETOOLONG, admin_open(&second, self->base, path, handle,
					    NULL, self->why,
					    sizeof(self->why)));
	EXPECT_EQ(-ENOENT, admin_open(&second, self->base,
				      "/nonexistent/kturn/socket", handle,
				      NULL, self->why, sizeof(self->why)));
	EXPECT_NE(NULL, strstr(self->why, "/nonexistent/kturn/socket"));
}

/* Clients that are cut off in the middle: nothing leaks, nothing crashes. */
TEST_F(admin, closes_with_clients_at_every_stage)
{
	int idle = dial(self->path), begun = dial(self->path);
	int answered = dial(self->path);

	ASSERT_EQ(5, send(begun, "{\"com", 5, 0));
	ASSERT_EQ(18, send(answered, "{\"command\":\"big\"}\n", 18, 0));
	event_base_loop(self->base, EVLOOP_NONBLOCK);
	event_base_loop(self->base, EVLOOP_NONBLOCK);
	admin_close(self->admin);
	self->admin = NULL;
	close(idle);
	close(begun);
	close(answered);
}

TEST_HARNESS_MAIN
