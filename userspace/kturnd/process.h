/* SPDX-License-Identifier: BSD-3-Clause */
/* The process: open files, its id in a file, the user it runs as. */
#ifndef KTURN_KTURND_PROCESS_H
#define KTURN_KTURND_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kturnd/config.h"

/**
 * process_raise_files() - allow as many open files as the system lets us
 *
 * Each session needs one. Warns if there are few.
 */
void process_raise_files(void);

/**
 * process_write_pid() - write the process id into a file
 * @path: the file
 *
 * Return: 0 or a negative errno.
 */
int process_write_pid(const char *path);

/**
 * process_find_user() - who proc-user and proc-group are
 * @cfg: the configuration
 * @uid: filled; who we are if it names nobody
 * @gid: filled, likewise
 * @why: on failure, what is wrong and what to do
 * @size: its size in bytes
 *
 * Return: 0 or a negative errno.
 */
int process_find_user(const struct kturnd_config *cfg, uid_t *uid, gid_t *gid,
		      char *why, size_t size);

/**
 * process_keep_capabilities() - give up all capabilities but these
 * @mask: a bit for each
 *
 * Return: 0 or a negative errno.
 */
int process_keep_capabilities(uint64_t mask);

/**
 * process_drop_privileges() - become proc-user and proc-group
 * @cfg: the configuration
 * @why: on failure, what is wrong and what to do
 * @size: its size in bytes
 *
 * Keeps CAP_NET_ADMIN, which the module asks for, and, where relay ports need
 * it, CAP_NET_BIND_SERVICE. Before any thread is started.
 *
 * Return: 0 or a negative errno.
 */
int process_drop_privileges(const struct kturnd_config *cfg, char *why,
			    size_t size);

#endif /* KTURN_KTURND_PROCESS_H */
