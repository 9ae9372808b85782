/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Users from a database, for workers that must not wait.
 *
 * A thread of its own asks the database. A worker that needs a user not known
 * yet leaves its request here and goes on; when the answer is there the request
 * comes again, on the same worker, with the answer at hand. What may wait is
 * bounded, and only requests with a valid nonce get this far. While the
 * database cannot be asked such requests are answered 500 at once.
 *
 * Secrets, and rules for realms, are read every some seconds as a whole.
 */
#ifndef KTURN_KTURND_USER_SOURCE_H
#define KTURN_KTURND_USER_SOURCE_H

#include "kturnd/config.h"
#include "net/worker.h"

struct user_source;

/**
 * struct user_source_setup - what a source works with
 * @cfg: which database, and how
 * @base: event loop of the main thread
 * @changed: called on the main thread when the rules are others
 * @arg: for @changed
 */
struct user_source_setup {
	const struct kturnd_config *cfg;
	struct event_base *base;
	void (*changed)(void *arg);
	void *arg;
};

/**
 * user_source_new() - get ready, and read secrets and rules once
 * @source: filled; NULL if the configuration names no database
 * @setup: copied; @cfg must live longer
 *
 * That the database cannot be asked is logged, and no failure.
 *
 * Return: 0 or a negative errno, which is logged.
 */
int user_source_new(struct user_source **source,
		    const struct user_source_setup *setup);

/** user_source_start() - start its thread; 0 or a negative errno */
int user_source_start(struct user_source *source);

/**
 * user_source_stop() - end its thread and wait for it
 *
 * Before the workers end. What waits is forgotten. NULL is fine.
 */
void user_source_stop(struct user_source *source);

/** user_source_free() - after the workers have ended; NULL is fine */
void user_source_free(struct user_source *source);

/** user_source_lookup() - how workers ask; @source may be NULL */
struct worker_lookup user_source_lookup(struct user_source *source);

/** user_source_forget() - users were changed: ask again, and read now */
void user_source_forget(struct user_source *source);

/**
 * user_source_apply() - have a core configuration go by the database
 * @source: the source; NULL: nothing happens
 * @core: is told what there is to be looked up, and the rules of its realm
 * @report: gets warnings about rules, and errors
 */
void user_source_apply(struct user_source *source, struct turn_config *core,
		       struct report *report);

#endif /* KTURN_KTURND_USER_SOURCE_H */
