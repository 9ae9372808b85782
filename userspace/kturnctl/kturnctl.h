/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kturnctl, the operator's command. It asks two sides, kturnd over its admin
 * socket and the kernel module over netlink, either of which may be absent,
 * makes one JSON document of what they say, and prints that document as it is
 * or as tables.
 */
#ifndef KTURN_KTURNCTL_KTURNCTL_H
#define KTURN_KTURNCTL_KTURNCTL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "fastpath/fastpath.h"

/**
 * enum exit_code - what scripts go by
 * @EXIT_DONE: done
 * @EXIT_REFUSED: kturnd or the module refused, or something broke
 * @EXIT_USAGE: the command line makes no sense
 * @EXIT_ABSENT: what was asked is not running; for status, that is kturnd
 * @EXIT_PERMISSION: it is there, and asking it takes root
 */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_ABSENT = 3,
	EXIT_PERMISSION = 4,
};

/**
 * struct context - one run of the command
 * @socket: path of kturnd's admin socket; NULL: CONFIG_DEFAULT_ADMIN
 * @json: print JSON
 * @yes: the operator means it
 * @wait: until it is done
 * @cancel: never mind what was asked for before
 * @config: kturnd's configuration file, for the user database it names
 * @db: user database to use instead, or NULL
 * @realm: realm to work on, or NULL
 * @create: make the database's file and tables if they are missing
 * @kernel: connection to the module, opened when first needed
 */
struct context {
	const char *socket;
	bool json;
	bool yes;
	bool wait;
	bool cancel;
	const char *config;
	const char *db;
	const char *realm;
	bool create;
	struct fastpath *kernel;
};

/* commands: each gets what follows its name, and returns the exit code */
int command_status(struct context *ctx, int argc, char **argv);
int command_list(struct context *ctx, int argc, char **argv);
int command_net(struct context *ctx, int argc, char **argv);
int command_user(struct context *ctx, int argc, char **argv);
int command_secret(struct context *ctx, int argc, char **argv);
int command_flush(struct context *ctx, int argc, char **argv);
int command_reload(struct context *ctx, int argc, char **argv);
int command_drain(struct context *ctx, int argc, char **argv);
int command_xdp(struct context *ctx, int argc, char **argv);
int command_unload(struct context *ctx, int argc, char **argv);
int command_check(struct context *ctx, int argc, char **argv);

/**
 * complain() - say on stderr what is wrong and what to do about it
 * @format: the rest of the line after "kturnctl: "
 */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * print_json() - print a document, indented
 * @document: what to print
 */
void print_json(struct json_object *document);

/* Room for all that kturnd may say about a refusal, line by line. */
#define ADMIN_WHY_LEN 8192

/* daemon.c */
int daemon_ask_plain(struct context *ctx, const char *command,
		     struct json_object **result, char *why, size_t why_size);
int daemon_exit_code(int ret, const char *why);
int daemon_ask(struct context *ctx, struct json_object *request,
	       struct json_object **result, char *why, size_t why_size);
int daemon_ask_list(struct context *ctx, const char *what,
		    struct json_object **rows, char *why, size_t why_size);

/* kernel.c */
int kernel_open(struct context *ctx, struct fastpath_error *err);
void kernel_remedy(struct fastpath_error *err);
int kernel_exit_code(const struct fastpath_error *err);
int kernel_net(struct context *ctx, struct json_object **result,
	       struct fastpath_error *err);
int kernel_status(struct context *ctx, struct json_object **result,
		  struct fastpath_error *err);
int kernel_list(struct context *ctx, const char *what,
		struct json_object **rows, struct fastpath_error *err);

/* json.c: reading documents of which any member may be missing */
struct json_object *json_member(struct json_object *from, const char *path);
const char *json_text(struct json_object *from, const char *path);
bool json_flag(struct json_object *from, const char *path);
uint64_t json_count(struct json_object *from, const char *path);

#endif /* KTURN_KTURNCTL_KTURNCTL_H */
