// SPDX-License-Identifier: BSD-3-Clause
/* kturnctl status: who relays, why, and how much. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kturnctl/kturnctl.h"
#include "kturnctl/table.h"

/* Room for a 64-bit number. */
#define NUMBER_LEN 24

/* A number as text, or "-" where that side is absent. */
static const char *number(struct json_object *side, const char *path,
			  char buf[NUMBER_LEN])
{
	if (!json_member(side, path))
		return "-";
	snprintf(buf, NUMBER_LEN, "%" PRIu64, json_count(side, path));
	return buf;
}

static void print_uptime(uint64_t seconds)
{
	if (seconds >= 86400)
		printf("up %" PRIu64 " d %" PRIu64 " h", seconds / 86400,
		       seconds % 86400 / 3600);
	else if (seconds >= 3600)
		printf("up %" PRIu64 " h %" PRIu64 " min", seconds / 3600,
		       seconds % 3600 / 60);
	else if (seconds >= 60)
		printf("up %" PRIu64 " min", seconds / 60);
	else
		printf("up %" PRIu64 " s", seconds);
}

/* Who relays what clients send now. */
static void print_relay(struct json_object *status)
{
	struct json_object *kernel = json_member(status, "kernel");

	if (json_flag(status, "running")) {
		printf("relay     %s", json_text(status, "relay"));
		if (json_member(status, "reason"))
			printf(": %s", json_text(status, "reason"));
		putchar('\n');
	} else if (json_count(kernel, "channels")) {
		puts("relay     kernel, without kturnd: bound channels go on until they run out, new clients are not served");
	} else {
		puts("relay     nobody");
	}
}

static void print_sides(struct json_object *status)
{
	struct json_object *kernel = json_member(status, "kernel");

	if (json_flag(status, "running")) {
		printf("kturnd    version %s, pid %s, ",
		       json_text(status, "version"), json_text(status, "pid"));
		print_uptime(json_count(status, "uptime"));
		printf(", workers %s\n", json_text(status, "workers"));
		if (json_flag(status, "draining"))
			printf("draining  %s sessions left\n",
			       json_text(status, "left"));
	} else {
		printf("kturnd    %s\n", json_text(status, "reason"));
	}

	if (json_member(kernel, "reason"))
		printf("module    %s\n", json_text(kernel, "reason"));
	else
		printf("module    kturn %s, hook %s\n",
		       json_text(kernel, "version"),
		       json_text(kernel, "hook"));
}

static void print_listeners(struct json_object *daemon)
{
	struct json_object *listeners = json_member(daemon, "listeners");
	const char *head = "listening ";

	if (!json_object_is_type(listeners, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(listeners); i++) {
		printf("%s%s\n", head,
		       json_object_get_string(
			       json_object_array_get_idx(listeners, i)));
		head = "          ";
	}
}

/* How many there are that the kernel knows nothing of; none if never any. */
static void add_clients(struct table *table, struct json_object *daemon,
			const char *kind, const char *name)
{
	char own[NUMBER_LEN], path[32];

	snprintf(path, sizeof(path), "%s/accepted", kind);
	if (!json_count(daemon, path))
		return;
	snprintf(path, sizeof(path), "%s/open", kind);
	table_row(table, (const char *[]){
		name, "-", "-", number(daemon, path, own), NULL });
}

static void print_objects(struct json_object *daemon,
			  struct json_object *kernel)
{
	static const char *const kinds[] = {
		"allocations", "permissions", "channels",
	};
	struct table table = { 0 };

	table_row(&table, (const char *[]){ "objects", ">kernel", ">limit",
					    ">kturnd", NULL });
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char count[NUMBER_LEN], limit[NUMBER_LEN], own[NUMBER_LEN];
		char path[32];

		snprintf(path, sizeof(path), "limits/%s", kinds[i]);
		table_row(&table, (const char *[]){
			kinds[i], number(kernel, kinds[i], count),
			number(kernel, path, limit),
			number(daemon, kinds[i], own), NULL });
	}
	add_clients(&table, daemon, "connections", "connections");
	add_clients(&table, daemon, "dtls", "DTLS associations");
	table_print(&table);
}

static void print_traffic(struct json_object *daemon,
			  struct json_object *kernel)
{
	static const char *const lines[][2] = {
		{ "to peers, packets", "to_peer/packets" },
		{ "to peers, bytes", "to_peer/bytes" },
		{ "to clients, packets", "to_client/packets" },
		{ "to clients, bytes", "to_client/bytes" },
	};
	struct json_object *own = json_member(daemon, "userspace");
	char a[NUMBER_LEN], b[NUMBER_LEN];
	struct table table = { 0 };

	table_row(&table, (const char *[]){ "relayed", ">kernel", ">kturnd",
					    NULL });
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		table_row(&table, (const char *[]){
			lines[i][0], number(kernel, lines[i][1], a),
			number(own, lines[i][1], b), NULL });
	/* In both directions' figures: from client to client of this relay. */
	if (json_count(kernel, "hairpin"))
		table_row(&table, (const char *[]){
			"hairpin, packets", number(kernel, "hairpin", a), "-",
			NULL });
	table_print(&table);
}

/* From client to client is one packet, and in both directions' figures. */
static uint64_t forwarded_by_kernel(struct json_object *kernel)
{
	return json_count(kernel, "to_peer/packets") +
	       json_count(kernel, "to_client/packets") -
	       json_count(kernel, "hairpin");
}

static void add_door(struct table *table, const char *door, uint64_t packets)
{
	char text[NUMBER_LEN];

	snprintf(text, sizeof(text), "%" PRIu64, packets);
	table_row(table, (const char *[]){ door, text, NULL });
}

/* Where packets were when they were forwarded: the earlier the cheaper. */
static void print_doors(struct json_object *daemon, struct json_object *kernel)
{
	const char *hook = json_text(kernel, "hook");
	uint64_t all = forwarded_by_kernel(kernel);
	uint64_t xdp = json_count(kernel, "xdp/forwarded");
	struct table table = { 0 };

	if (!json_member(kernel, "xdp"))
		return;
	putchar('\n');
	table_row(&table, (const char *[]){ "forwarded by", ">packets", NULL });
	add_door(&table, "XDP", xdp);
	/* Read at different moments. */
	add_door(&table, strcmp(hook, "input") ? "PRE_ROUTING" : "INPUT",
		 all > xdp ? all - xdp : 0);
	if (json_flag(daemon, "running"))
		add_door(&table, "kturnd",
			 json_count(daemon, "userspace/to_peer/packets") +
			 json_count(daemon, "userspace/to_client/packets"));
	table_print(&table);
}

static bool has_devices(struct json_object *daemon)
{
	struct json_object *devices = json_member(daemon, "xdp");

	return json_object_is_type(devices, json_type_array) &&
	       json_object_array_length(devices);
}

/* The devices that XDP was asked for. */
static void print_devices(struct json_object *daemon)
{
	struct json_object *devices = json_member(daemon, "xdp");
	struct table table = { 0 };

	if (!has_devices(daemon))
		return;
	putchar('\n');
	table_row(&table, (const char *[]){ "XDP", "mode", "state", ">seconds",
					    ">program", NULL });
	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		struct json_object *dev = json_object_array_get_idx(devices, i);
		char since[NUMBER_LEN], program[NUMBER_LEN];

		table_row(&table, (const char *[]){
			json_text(dev, "device"), json_text(dev, "mode"),
			json_text(dev, "state"), number(dev, "since", since),
			number(dev, "program", program), NULL });
	}
	table_print(&table);
	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		struct json_object *dev = json_object_array_get_idx(devices, i);

		if (json_member(dev, "reason"))
			printf("%s: %s\n", json_text(dev, "device"),
			       json_text(dev, "reason"));
	}
}

/* Reasons of both sides; those that never happened are left out. */
static void print_drops(struct json_object *daemon, struct json_object *kernel)
{
	struct json_object *theirs = json_member(kernel, "dropped");
	struct json_object *own = json_member(daemon, "userspace/dropped");
	char a[NUMBER_LEN], b[NUMBER_LEN];
	struct table table = { 0 };

	table_row(&table, (const char *[]){ "dropped", ">kernel", ">kturnd",
					    NULL });
	if (json_object_is_type(theirs, json_type_object)) {
		json_object_object_foreach(theirs, reason, count) {
			if (json_object_get_uint64(count) ||
			    json_count(own, reason))
				table_row(&table, (const char *[]){
					reason, number(theirs, reason, a),
					number(own, reason, b), NULL });
		}
	}
	if (json_object_is_type(own, json_type_object)) {
		json_object_object_foreach(own, reason, count) {
			if (json_object_get_uint64(count) &&
			    !json_member(theirs, reason))
				table_row(&table, (const char *[]){
					reason, "-", number(own, reason, b),
					NULL });
		}
	}
	if (table.count == table.columns)
		table_row(&table, (const char *[]){ "nothing", "-", "-", NULL });
	table_print(&table);
}

/* How often, by reason; those that never happened are left out. */
static void print_reasons(struct json_object *reasons, const char *what,
			  const char *unit)
{
	struct table table = { 0 };
	char a[NUMBER_LEN];

	if (!json_object_is_type(reasons, json_type_object))
		return;
	putchar('\n');
	table_row(&table, (const char *[]){ what, unit, NULL });
	json_object_object_foreach(reasons, reason, count) {
		if (json_object_get_uint64(count))
			table_row(&table, (const char *[]){
				reason, number(reasons, reason, a), NULL });
	}
	if (table.count == table.columns)
		table_row(&table, (const char *[]){ "nothing", "-", NULL });
	table_print(&table);
}

/* Clients that come by TCP or TLS, or by DTLS, once there has been one. */
static void print_ended(struct json_object *daemon, const char *kind,
			const char *title)
{
	struct json_object *clients = json_member(daemon, kind);

	if (json_count(clients, "accepted"))
		print_reasons(json_member(clients, "ended"), title, ">count");
}

static void print_status(struct json_object *status)
{
	struct json_object *kernel = json_member(status, "kernel");

	print_relay(status);
	print_sides(status);
	print_listeners(status);
	if (!json_flag(status, "running") && !json_flag(kernel, "loaded"))
		return;
	putchar('\n');
	print_objects(status, kernel);
	putchar('\n');
	print_traffic(status, kernel);
	print_doors(status, kernel);
	print_devices(status);
	if (has_devices(status) || json_count(kernel, "xdp/forwarded"))
		print_reasons(json_member(kernel, "xdp/passed"),
			      "passed up by XDP", ">packets");
	print_reasons(json_member(kernel, "passed"), "left to kturnd",
		      ">packets");
	print_ended(status, "connections", "connections ended");
	print_ended(status, "dtls", "DTLS associations ended");
	putchar('\n');
	print_drops(status, kernel);
}

/*
 * What one side said, or why it is absent; and the same as a flag, so that
 * scripts need not read reasons.
 */
static struct json_object *side(struct json_object *said, const char *flag,
				bool present, const char *why)
{
	if (!said) {
		said = json_object_new_object();
		json_object_object_add(said, "reason",
				       json_object_new_string(why));
	}
	json_object_object_add(said, flag, json_object_new_boolean(present));
	return said;
}

int command_status(struct context *ctx, int argc, char **argv)
{
	struct json_object *status, *kernel;
	struct fastpath_error err = { 0 };
	int daemon_ret, kernel_ret;
	char why[256];

	if (argc > 0) {
		complain("status takes no argument: \"%s\"", argv[0]);
		return EXIT_USAGE;
	}
	daemon_ret = daemon_ask_plain(ctx, "status", &status, why,
				      sizeof(why));
	kernel_ret = kernel_status(ctx, &kernel, &err);

	status = side(status, "running", !daemon_ret, why);
	kernel = side(kernel, "loaded", kernel_ret != -ENODEV, err.text);
	json_object_object_add(status, "kernel", kernel);
	if (ctx->json)
		print_json(status);
	else
		print_status(status);
	json_object_put(status);

	if (daemon_ret == -EACCES || daemon_ret == -EPERM ||
	    kernel_ret == -EPERM)
		return EXIT_PERMISSION;
	if (daemon_ret == -ENOENT || daemon_ret == -ECONNREFUSED)
		return EXIT_ABSENT;
	return daemon_ret || (kernel_ret && kernel_ret != -ENODEV) ?
		       EXIT_REFUSED : EXIT_DONE;
}
