/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that wait for what a database says of their users, by user, in the
 * order in which users are to be asked for. No locking: its owner does that.
 */
#ifndef KTURN_KTURND_USER_WAITING_H
#define KTURN_KTURND_USER_WAITING_H

#include <sys/queue.h>

#include "kturnd/user_cache.h"
#include "turn/turn.h"

/* Longer requests are not kept; the client's retransmission does as well. */
#define USER_WAITING_REQUEST_MAX 1500

struct worker;

/**
 * struct user_answer - what the database said
 * @id: of whom
 * @result: TURN_LOOKUP_FOUND, _UNKNOWN or _ERROR
 * @key: the key, if found
 */
struct user_answer {
	struct user_id id;
	enum turn_lookup_result result;
	uint8_t key[USERDB_KEY_LEN];
};

/**
 * struct waiting_request - a request, to be handled again
 * @next: of the same user
 * @worker: its worker
 * @source: whoever hands it back
 * @answer: filled once it is there
 * @tuple: the request's 5-tuple
 * @len: length of the request
 * @bytes: the request
 */
struct waiting_request {
	SLIST_ENTRY(waiting_request) next;
	struct worker *worker;
	void *source;
	struct user_answer answer;
	struct turn_5tuple tuple;
	size_t len;
	uint8_t bytes[];
};

SLIST_HEAD(waiting_requests, waiting_request);

/**
 * struct waiting_user - a user who is to be asked for
 * @order: in the order of asking; taken out while it is asked for
 * @link: to be found by id
 * @id: who
 * @realm: his realm
 * @name: his name
 * @requests: what waits for him
 * @held: how many that are, at least 1
 */
struct waiting_user {
	STAILQ_ENTRY(waiting_user) order;
	LIST_ENTRY(waiting_user) link;
	struct user_id id;
	char realm[TURN_REALM_MAX + 1];
	char name[TURN_USERNAME_MAX];
	struct waiting_requests requests;
	size_t held;
};

#define USER_WAITING_BUCKETS 256

/**
 * struct user_waiting - all that waits
 * @order: users, first come first
 * @buckets: users by the first byte of their id
 * @count: requests
 * @limit: most of them
 */
struct user_waiting {
	STAILQ_HEAD(, waiting_user) order;
	LIST_HEAD(, waiting_user) buckets[USER_WAITING_BUCKETS];
	size_t count;
	size_t limit;
};

/** user_waiting_init() - begin with nothing, and at most @limit requests */
void user_waiting_init(struct user_waiting *waiting, size_t limit);

/**
 * user_waiting_add() - have a request wait
 * @waiting: the table
 * @id: for this user
 * @query: what the core asked; its name is shorter than TURN_USERNAME_MAX
 * @worker: worker of the request
 * @source: for whoever hands it back
 *
 * A request that waits already is not added again.
 *
 * Return: 0, or -ENOBUFS if no more can wait.
 */
int user_waiting_add(struct user_waiting *waiting, const struct user_id *id,
		     const struct turn_user_query *query, struct worker *worker,
		     void *source);

/** user_waiting_first() - take the user who is to be asked for; or NULL */
struct waiting_user *user_waiting_first(struct user_waiting *waiting);

/**
 * user_waiting_done() - the user was asked for
 * @waiting: the table
 * @user: as user_waiting_first() gave him; freed
 *
 * Return: what waited for him; belongs to the caller.
 */
struct waiting_requests user_waiting_done(struct user_waiting *waiting,
					  struct waiting_user *user);

/** waiting_request_free() - wipe and free */
void waiting_request_free(struct waiting_request *request);

#endif /* KTURN_KTURND_USER_WAITING_H */
