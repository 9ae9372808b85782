// SPDX-License-Identifier: BSD-3-Clause
/* kturnctl drain: no new sessions, and kturnd ends with the last one. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kturnctl/kturnctl.h"

#define LOOK_MS 200

/* One line that is written over on a terminal, a line for each change elsewhere. */
static void show_left(uint64_t left)
{
	static uint64_t shown = UINT64_MAX;

	if (left == shown)
		return;
	shown = left;
	if (isatty(STDOUT_FILENO))
		printf("\r\033[Kdraining: %" PRIu64 " sessions left", left);
	else
		printf("draining: %" PRIu64 " sessions left\n", left);
	fflush(stdout);
}

static void end_line(void)
{
	if (isatty(STDOUT_FILENO))
		putchar('\n');
}

/* Is it the same process, and does it still mean to end? */
static bool still_draining(struct json_object *status, uint64_t pid)
{
	return json_count(status, "pid") == pid &&
	       json_flag(status, "draining");
}

static int wait_for_end(struct context *ctx, struct json_object *status)
{
	uint64_t pid = json_count(status, "pid");
	struct json_object *now = json_object_get(status);
	char why[ADMIN_WHY_LEN];
	int ret = 0;

	while (!ret && still_draining(now, pid)) {
		show_left(json_count(now, "left"));
		poll(NULL, 0, LOOK_MS);
		json_object_put(now);
		ret = daemon_ask_plain(ctx, "status", &now, why, sizeof(why));
		/* Busy, or ending just now: see what comes of it. */
		if (ret == -EAGAIN || ret == -EBADMSG || ret == -ECONNRESET ||
		    ret == -EPIPE) {
			now = json_object_get(status);
			ret = 0;
		}
	}
	end_line();
	if (ret == -ENOENT || ret == -ECONNREFUSED) {
		puts("kturnd has ended");
		return EXIT_DONE;
	}
	if (ret)
		return daemon_exit_code(ret, why);
	if (json_count(now, "pid") != pid) {
		puts("kturnd has ended, and was started anew");
		json_object_put(now);
		return EXIT_DONE;
	}
	json_object_put(now);
	complain("drain was cancelled");
	return EXIT_REFUSED;
}

static int ask(struct context *ctx, struct json_object **status, char *why,
	       size_t why_size)
{
	struct json_object *request = json_object_new_object();
	int ret;

	json_object_object_add(request, "command",
			       json_object_new_string("drain"));
	json_object_object_add(request, "cancel",
			       json_object_new_boolean(ctx->cancel));
	ret = daemon_ask(ctx, request, status, why, why_size);
	json_object_put(request);
	return ret;
}

int command_drain(struct context *ctx, int argc, char **argv)
{
	struct json_object *status;
	char why[ADMIN_WHY_LEN];
	int ret;

	if (argc > 0) {
		complain("drain takes no argument: \"%s\"", argv[0]);
		return EXIT_USAGE;
	}
	if (ctx->cancel && ctx->wait) {
		complain("--cancel and --wait exclude each other: give one");
		return EXIT_USAGE;
	}
	ret = ask(ctx, &status, why, sizeof(why));
	if (ret)
		return daemon_exit_code(ret, why);
	if (ctx->wait)
		ret = wait_for_end(ctx, status);
	else if (ctx->json)
		print_json(status);
	else if (ctx->cancel)
		puts("serving: kturnd takes new sessions");
	else
		printf("draining: %s sessions left\n",
		       json_text(status, "left"));
	json_object_put(status);
	return ret;
}
