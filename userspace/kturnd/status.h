/* SPDX-License-Identifier: BSD-3-Clause */
/* The admin socket's answers about the daemon as a whole. */
#ifndef KTURN_KTURND_STATUS_H
#define KTURN_KTURND_STATUS_H

struct daemon;
struct json_object;

/**
 * status_handle() - carry out a request; an admin_handle_cb
 * @command: "status" or "list"
 * @request: the request
 * @reply: filled
 * @arg: the struct daemon
 *
 * Return: 0 or a negative errno.
 */
int status_handle(const char *command, struct json_object *request,
		  struct json_object *reply, void *arg);

#endif /* KTURN_KTURND_STATUS_H */
