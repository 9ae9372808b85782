/* SPDX-License-Identifier: BSD-3-Clause */
/* The admin socket's answer about the daemon as a whole. */
#ifndef KTURN_KTURND_STATUS_H
#define KTURN_KTURND_STATUS_H

struct daemon;
struct json_object;

/**
 * status_answer() - answer the command "status"
 * @daemon: the daemon
 * @reply: filled
 */
void status_answer(const struct daemon *daemon, struct json_object *reply);

#endif /* KTURN_KTURND_STATUS_H */
