// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/commands.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "kturnd/daemon.h"
#include "kturnd/drain.h"
#include "kturnd/listing.h"
#include "kturnd/reload.h"
#include "kturnd/status.h"
#include "kturnd/user_source.h"
#include "kturnd/xdp.h"

static int do_status(struct daemon *daemon, struct json_object *request,
		     struct json_object *reply)
{
	(void)request;
	status_answer(daemon, reply);
	return 0;
}

static int do_list(struct daemon *daemon, struct json_object *request,
		   struct json_object *reply)
{
	return listing_answer(daemon->workers, daemon->worker_count, request,
			      reply);
}

static int do_reload(struct daemon *daemon, struct json_object *request,
		     struct json_object *reply)
{
	(void)request;
	return reload_answer(daemon, reply);
}

static int do_drain(struct daemon *daemon, struct json_object *request,
		    struct json_object *reply)
{
	struct json_object *cancel;

	drain_set(daemon, !json_object_object_get_ex(request, "cancel",
						      &cancel) ||
			  !json_object_get_boolean(cancel));
	status_answer(daemon, reply);
	return 0;
}

static int do_userdb_changed(struct daemon *daemon, struct json_object *request,
			     struct json_object *reply)
{
	(void)request;
	(void)reply;
	if (daemon->users)
		user_source_forget(daemon->users);
	return 0;
}

static int do_xdp(struct daemon *daemon, struct json_object *request,
		  struct json_object *reply)
{
	struct json_object *hold;

	if (!json_object_object_get_ex(request, "hold", &hold)) {
		json_object_object_add(reply, "error", json_object_new_string(
			"xdp takes \"hold\", true or false"));
		return -EINVAL;
	}
	xdp_hold(daemon->xdp, json_object_get_boolean(hold));
	json_object_object_add(reply, "xdp", xdp_answer(daemon->xdp));
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct daemon *daemon, struct json_object *request,
		   struct json_object *reply);
} commands[] = {
	{ "status", do_status },
	{ "list", do_list },
	{ "reload", do_reload },
	{ "drain", do_drain },
	{ "xdp", do_xdp },
	{ "userdb-changed", do_userdb_changed },
};

int commands_handle(const char *command, struct json_object *request,
		    struct json_object *reply, void *arg)
{
	char why[128];

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(command, commands[i].name) == 0)
			return commands[i].run(arg, request, reply);
	snprintf(why, sizeof(why), "unknown command \"%.64s\"", command);
	json_object_object_add(reply, "error", json_object_new_string(why));
	return -EINVAL;
}
