// SPDX-License-Identifier: BSD-3-Clause
/* kturnctl net and flush: what goes to the kernel module alone. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kturnctl/kturnctl.h"
#include "kturnctl/table.h"

static int fail(const struct fastpath_error *err)
{
	complain("module kturn: %s", err->text);
	return kernel_exit_code(err);
}

static int show(struct context *ctx)
{
	struct json_object *net;
	struct fastpath_error err = { 0 };
	struct table table = { 0 };

	if (kernel_net(ctx, &net, &err))
		return fail(&err);
	if (ctx->json) {
		print_json(net);
	} else {
		table_row(&table, (const char *[]){ "setting", "value", NULL });
		table_row(&table, (const char *[]){
			"hook", json_text(net, "hook"), NULL });
		table_row(&table, (const char *[]){
			"max-allocations",
			json_text(net, "limits/allocations"), NULL });
		table_row(&table, (const char *[]){
			"max-permissions",
			json_text(net, "limits/permissions"), NULL });
		table_row(&table, (const char *[]){
			"max-channels",
			json_text(net, "limits/channels"), NULL });
		table_row(&table, (const char *[]){
			"max-bps", json_text(net, "limits/max_bps"), NULL });
		table_print(&table);
	}
	json_object_put(net);
	return EXIT_DONE;
}

static bool parse_number(const char *name, const char *text, uint64_t max,
			 uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (!errno && !*end && *text >= '0' && *text <= '9' && *value <= max)
		return true;
	complain("%s \"%s\": must be a number from 0 to %" PRIu64, name, text,
		 max);
	return false;
}

static bool parse_limit(const char *name, const char *text, uint32_t *limit)
{
	uint64_t value;

	if (!parse_number(name, text, UINT32_MAX, &value))
		return false;
	*limit = (uint32_t)value;
	return true;
}

/* One NAME VALUE. */
static bool parse_setting(const char *name, const char *value,
			  unsigned int *which, struct fastpath_net *net)
{
	int hook;

	if (!strcmp(name, "hook")) {
		hook = fastpath_hook_from_name(value);
		if (hook < 0) {
			complain("hook \"%s\": must be none, prerouting or input",
				 value);
			return false;
		}
		net->hook = (enum kturn_hook)hook;
		*which |= FASTPATH_NET_HOOK;
		return true;
	}
	if (!strcmp(name, "max-allocations")) {
		*which |= FASTPATH_NET_MAX_ALLOCATIONS;
		return parse_limit(name, value, &net->max_allocations);
	}
	if (!strcmp(name, "max-permissions")) {
		*which |= FASTPATH_NET_MAX_PERMISSIONS;
		return parse_limit(name, value, &net->max_permissions);
	}
	if (!strcmp(name, "max-channels")) {
		*which |= FASTPATH_NET_MAX_CHANNELS;
		return parse_limit(name, value, &net->max_channels);
	}
	if (!strcmp(name, "max-bps")) {
		*which |= FASTPATH_NET_MAX_BPS;
		return parse_number(name, value, UINT64_MAX, &net->max_bps);
	}
	complain("unknown setting \"%s\": there are hook, max-allocations, max-permissions, max-channels and max-bps",
		 name);
	return false;
}

static int set(struct context *ctx, int argc, char **argv)
{
	struct fastpath_error err = { 0 };
	struct fastpath_net net = { 0 };
	unsigned int which = 0;

	if (argc == 0 || argc % 2) {
		complain("net set takes settings with their values: net set hook input max-channels 100000");
		return EXIT_USAGE;
	}
	for (int i = 0; i < argc; i += 2) {
		if (!parse_setting(argv[i], argv[i + 1], &which, &net))
			return EXIT_USAGE;
	}
	if (kernel_open(ctx, &err))
		return fail(&err);
	if (fastpath_net_set(ctx->kernel, which, &net, &err)) {
		kernel_remedy(&err);
		return fail(&err);
	}
	return ctx->json ? show(ctx) : EXIT_DONE;
}

int command_net(struct context *ctx, int argc, char **argv)
{
	if (argc == 0)
		return show(ctx);
	if (!strcmp(argv[0], "set"))
		return set(ctx, argc - 1, argv + 1);
	complain("net: unknown action \"%s\": there is net, and net set NAME VALUE ...",
		 argv[0]);
	return EXIT_USAGE;
}

int command_flush(struct context *ctx, int argc, char **argv)
{
	struct fastpath_error err = { 0 };
	struct json_object *net;
	uint64_t allocations;

	if (argc > 0) {
		complain("flush takes no argument: \"%s\"", argv[0]);
		return EXIT_USAGE;
	}
	if (kernel_net(ctx, &net, &err))
		return fail(&err);
	allocations = json_count(net, "allocations");
	if (!ctx->yes) {
		complain("flush takes all %llu allocations out of the kernel; what they relay is then up to kturnd, and lost if kturnd is not running: say --yes if you mean it",
			 (unsigned long long)allocations);
		json_object_put(net);
		return EXIT_USAGE;
	}
	json_object_put(net);
	if (fastpath_flush(ctx->kernel, &err)) {
		kernel_remedy(&err);
		return fail(&err);
	}
	if (ctx->json)
		printf("{ \"flushed\": %llu }\n",
		       (unsigned long long)allocations);
	else
		printf("flushed %llu allocations from the kernel\n",
		       (unsigned long long)allocations);
	return EXIT_DONE;
}
