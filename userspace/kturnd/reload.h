/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the configuration again, without dropping a session. What changed
 * is applied, as far as its row of the table of options says so; for the rest
 * the daemon says that it takes a restart. A configuration with an error
 * changes nothing.
 */
#ifndef KTURN_KTURND_RELOAD_H
#define KTURN_KTURND_RELOAD_H

struct daemon;
struct json_object;

/**
 * reload_configuration() - reload; all findings go to the log
 * @daemon: the running daemon
 *
 * Return: 0 or a negative errno.
 */
int reload_configuration(struct daemon *daemon);

/**
 * reload_answer() - the same, for somebody who asked on the admin socket
 * @daemon: the running daemon
 * @reply: filled, as admin_protocol.h says
 *
 * Return: 0, or a negative errno after which @reply has the "error".
 */
int reload_answer(struct daemon *daemon, struct json_object *reply);

/**
 * reload_rules() - the rules of the user database have changed
 * @daemon: the running daemon
 *
 * Workers get a new configuration, made of the one in force and of the rules
 * as they are now.
 */
void reload_rules(struct daemon *daemon);

/** reload_forget() - free what the last reload read, once nobody uses it */
void reload_forget(struct daemon *daemon);

#endif /* KTURN_KTURND_RELOAD_H */
