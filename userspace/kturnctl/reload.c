// SPDX-License-Identifier: BSD-3-Clause
/* kturnctl reload: have kturnd read its configuration again, and say what came of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kturnctl/kturnctl.h"

/* "one, two", or nothing if the list is empty. */
static void print_names(const char *what, struct json_object *array)
{
	if (!json_object_is_type(array, json_type_array) ||
	    !json_object_array_length(array))
		return;
	printf("%s", what);
	for (size_t i = 0; i < json_object_array_length(array); i++)
		printf("%s%s", i ? ", " : "",
		       json_object_get_string(
			       json_object_array_get_idx(array, i)));
	putchar('\n');
}

static void print_result(struct json_object *result)
{
	struct json_object *warnings = json_member(result, "warnings");
	struct json_object *applied = json_member(result, "applied");

	if (json_object_is_type(warnings, json_type_array))
		for (size_t i = 0; i < json_object_array_length(warnings); i++)
			printf("warning: %s\n",
			       json_object_get_string(
				       json_object_array_get_idx(warnings, i)));
	if (json_object_is_type(applied, json_type_array) &&
	    !json_object_array_length(applied))
		puts("applied: nothing, for no option has changed that can be");
	print_names("applied: ", applied);
	print_names("takes a restart: ", json_member(result, "restart"));
}

int command_reload(struct context *ctx, int argc, char **argv)
{
	struct json_object *result;
	char why[ADMIN_WHY_LEN];
	int ret;

	if (argc > 0) {
		complain("reload takes no argument: \"%s\"", argv[0]);
		return EXIT_USAGE;
	}
	ret = daemon_ask_plain(ctx, "reload", &result, why, sizeof(why));
	if (ret)
		return daemon_exit_code(ret, why);
	if (ctx->json)
		print_json(result);
	else
		print_result(result);
	json_object_put(result);
	return EXIT_DONE;
}
