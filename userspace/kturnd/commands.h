/* SPDX-License-Identifier: BSD-3-Clause */
/* What the admin socket can be asked for: admin_protocol.h. */
#ifndef KTURN_KTURND_COMMANDS_H
#define KTURN_KTURND_COMMANDS_H

struct json_object;

/**
 * commands_handle() - carry out a request; an admin_handle_cb
 * @command: its name
 * @request: the request
 * @reply: filled
 * @arg: the struct daemon
 *
 * Return: 0 or a negative errno.
 */
int commands_handle(const char *command, struct json_object *request,
		    struct json_object *reply, void *arg);

#endif /* KTURN_KTURND_COMMANDS_H */
