/* SPDX-License-Identifier: BSD-3-Clause */
/* The server side of the admin socket; admin_protocol.h is what it speaks. */
#ifndef KTURN_KTURND_ADMIN_H
#define KTURN_KTURND_ADMIN_H

#include <stddef.h>

#include "kturnd/admin_protocol.h"

struct admin;
struct event_base;
struct json_object;

/**
 * admin_handle_cb - carry out one request
 * @command: the request's "command"
 * @request: the whole request, an object
 * @reply: an empty object, to be filled with the result
 * @arg: as given to admin_open()
 *
 * Called in the thread of the event loop. On failure the reply's member
 * "error", if it was added, is what the client is told.
 *
 * Return: 0, or a negative errno.
 */
typedef int (*admin_handle_cb)(const char *command,
			       struct json_object *request,
			       struct json_object *reply, void *arg);

/**
 * admin_open() - listen for requests
 * @admin: filled
 * @base: the event loop
 * @path: where the socket is made, mode 0600; its directory is made, too, if
 *	only that is missing. A socket that nobody listens on any more is
 *	replaced; another kind of file never is.
 * @handle: called for each request
 * @arg: for @handle
 * @why: on failure, one line that says what is wrong and what to do
 * @why_size: its size in bytes
 *
 * Return: 0, -EADDRINUSE if another process answers on @path, or another
 * negative errno.
 */
int admin_open(struct admin **admin, struct event_base *base, const char *path,
	       admin_handle_cb handle, void *arg, char *why, size_t why_size);

/**
 * admin_close() - cut off all clients, stop listening, remove the socket
 * @admin: what admin_open() gave, or NULL
 *
 * The socket is left alone if another process has put its own in its place.
 */
void admin_close(struct admin *admin);

#endif /* KTURN_KTURND_ADMIN_H */
