// SPDX-License-Identifier: BSD-3-Clause
/*
 * kturnctl list: what kturnd knows, each object with what the kernel module
 * knows of it. Objects that only one side has are listed, too: that is what
 * to look at first when something is wrong.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kturnctl/kturnctl.h"
#include "kturnctl/table.h"

/* Which members make an object the same on both sides. */
struct kind {
	const char *name;
	const char *keys[2];
};

static const struct kind kinds[] = {
	{ "allocations", { "client", "server" } },
	{ "permissions", { "client", "peer" } },
	{ "channels", { "client", "number" } },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	}
	return NULL;
}

static void make_key(const struct kind *kind, struct json_object *row,
		     char *buf, size_t size)
{
	snprintf(buf, size, "%s %s", json_text(row, kind->keys[0]),
		 json_text(row, kind->keys[1]));
}

/* A row of the kernel's own, in the shape of kturnd's. */
static struct json_object *kernel_only_row(struct json_object *kernel)
{
	static const char *const common[] = {
		"client", "server", "relayed", "number", "peer", "expires",
		"channels", "permissions",
	};
	struct json_object *row = json_object_new_object();
	struct json_object *member;

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		member = json_member(kernel, common[i]);
		if (member)
			json_object_object_add(row, common[i],
					       json_object_get(member));
	}
	json_object_object_add(row, "transport",
			       json_object_new_string("udp"));
	json_object_object_add(row, "kernel", json_object_get(kernel));
	return row;
}

/* What clients without UDP have is never in the kernel. */
static bool may_be_offloaded(struct json_object *row)
{
	const char *transport = json_text(row, "transport");

	return !strcmp(transport, "udp") || !strcmp(transport, "-");
}

/* Give each of kturnd's rows the kernel's as its member "kernel". */
static void join(const struct kind *kind, struct json_object *rows,
		 struct json_object *kernel_rows)
{
	struct json_object *index = json_object_new_object();
	struct json_object *row, *match;
	char key[2 * TRANSPORT_ADDR_STRLEN];
	size_t own = json_object_array_length(rows);

	for (size_t i = 0; i < own; i++) {
		row = json_object_array_get_idx(rows, i);
		if (!may_be_offloaded(row))
			continue;
		make_key(kind, row, key, sizeof(key));
		json_object_object_add(index, key, json_object_get(row));
	}
	for (size_t i = 0; i < json_object_array_length(kernel_rows); i++) {
		row = json_object_array_get_idx(kernel_rows, i);
		make_key(kind, row, key, sizeof(key));
		if (json_object_object_get_ex(index, key, &match))
			json_object_object_add(match, "kernel",
					       json_object_get(row));
		else
			json_object_array_add(rows, kernel_only_row(row));
	}
	json_object_put(index);
}

static const char *seconds(struct json_object *row, char *buf, size_t size)
{
	if (!json_member(row, "expires"))
		return "-";
	snprintf(buf, size, "%" PRIu64 " s", json_count(row, "expires"));
	return buf;
}

/* Who relays it: the module has it, or kturnd alone. */
static const char *where(struct json_object *row)
{
	if (!json_member(row, "kernel"))
		return json_flag(row, "offloaded") ? "kernel" : "kturnd";
	return json_member(row, "offloaded") ? "kernel" : "kernel only";
}

static const char *relayed(struct json_object *row, char *buf, size_t size)
{
	struct json_object *array = json_member(row, "relayed");
	size_t len = 0;

	snprintf(buf, size, "-");
	if (!json_object_is_type(array, json_type_array))
		return buf;
	for (size_t i = 0; i < json_object_array_length(array) && len < size;
	     i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s",
					i ? " " : "",
					json_object_get_string(
						json_object_array_get_idx(array,
									  i)));
	return buf;
}

static void print_allocations(struct json_object *rows)
{
	struct table table = { 0 };

	table_row(&table, (const char *[]){
		"client", "server", "over", "relayed", "user", "relay", ">expires",
		">channels", ">permissions", ">to peers", ">to client", NULL });
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		char addrs[2 * TRANSPORT_ADDR_STRLEN], left[32];

		table_row(&table, (const char *[]){
			json_text(row, "client"), json_text(row, "server"),
			json_text(row, "transport"),
			relayed(row, addrs, sizeof(addrs)),
			json_text(row, "username"), where(row),
			seconds(row, left, sizeof(left)),
			json_text(row, "channels"),
			json_text(row, "permissions"),
			json_text(row, "kernel/to_peer/packets"),
			json_text(row, "kernel/to_client/packets"), NULL });
	}
	table_print(&table);
}

static void print_permissions(struct json_object *rows)
{
	struct table table = { 0 };

	table_row(&table, (const char *[]){ "client", "peer", "relay",
					    ">expires", NULL });
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		char left[32];

		table_row(&table, (const char *[]){
			json_text(row, "client"), json_text(row, "peer"),
			where(row), seconds(row, left, sizeof(left)), NULL });
	}
	table_print(&table);
}

static void print_channels(struct json_object *rows)
{
	struct table table = { 0 };

	table_row(&table, (const char *[]){ "client", "channel", "peer",
					    "relay", ">expires", ">to peer",
					    ">to client", NULL });
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		char left[32], channel[16];

		snprintf(channel, sizeof(channel), "0x%04x",
			 (unsigned int)(json_count(row, "number") & 0xffff));
		table_row(&table, (const char *[]){
			json_text(row, "client"), channel,
			json_text(row, "peer"), where(row),
			seconds(row, left, sizeof(left)),
			json_text(row, "kernel/to_peer/packets"),
			json_text(row, "kernel/to_client/packets"), NULL });
	}
	table_print(&table);
}

static void print_rows(const struct kind *kind, struct json_object *rows)
{
	if (!json_object_array_length(rows))
		printf("no %s\n", kind->name);
	else if (kind == &kinds[0])
		print_allocations(rows);
	else if (kind == &kinds[1])
		print_permissions(rows);
	else
		print_channels(rows);
}

/* A side that is absent is worth a word, but no failure while the other is. */
static int judge(int daemon_ret, const char *daemon_why, int kernel_ret,
		 const struct fastpath_error *err)
{
	bool no_daemon = daemon_ret == -ENOENT || daemon_ret == -ECONNREFUSED;
	bool no_kernel = kernel_ret == -ENODEV;

	if (daemon_ret)
		complain("kturnd: %s", daemon_why);
	if (kernel_ret < 0 && (!no_kernel || daemon_ret))
		complain("module kturn: %s", err->text);
	if (kernel_ret > 0)
		complain("module kturn: its list changed while it was read: it may lack or repeat something");

	if (daemon_ret == -EACCES || kernel_ret == -EPERM)
		return EXIT_PERMISSION;
	if (no_daemon && no_kernel)
		return EXIT_ABSENT;
	return (daemon_ret && !no_daemon) || (kernel_ret < 0 && !no_kernel) ?
		       EXIT_REFUSED : EXIT_DONE;
}

int command_list(struct context *ctx, int argc, char **argv)
{
	struct json_object *document, *rows, *kernel_rows;
	struct fastpath_error err = { 0 };
	int daemon_ret, kernel_ret, code;
	const struct kind *kind;
	char why[256];

	kind = argc == 1 ? find_kind(argv[0]) : NULL;
	if (!kind) {
		complain("say what to list: allocations, permissions or channels");
		return EXIT_USAGE;
	}
	daemon_ret = daemon_ask_list(ctx, kind->name, &rows, why, sizeof(why));
	kernel_ret = kernel_list(ctx, kind->name, &kernel_rows, &err);
	code = judge(daemon_ret, why, kernel_ret, &err);
	if (code == EXIT_ABSENT)
		return code;

	if (!rows)
		rows = json_object_new_array();
	if (kernel_rows)
		join(kind, rows, kernel_rows);
	if (ctx->json) {
		document = json_object_new_object();
		json_object_object_add(document, kind->name,
				       json_object_get(rows));
		print_json(document);
		json_object_put(document);
	} else {
		print_rows(kind, rows);
	}
	json_object_put(kernel_rows);
	json_object_put(rows);
	return code;
}
