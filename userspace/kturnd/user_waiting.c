// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/user_waiting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void user_waiting_init(struct user_waiting *waiting, size_t limit)
{
	*waiting = (struct user_waiting){ .limit = limit };
	STAILQ_INIT(&waiting->order);
	for (int i = 0; i < USER_WAITING_BUCKETS; i++)
		LIST_INIT(&waiting->buckets[i]);
}

static struct waiting_user *find(const struct user_waiting *waiting,
				 const struct user_id *id)
{
	struct waiting_user *user;

	LIST_FOREACH(user, &waiting->buckets[id->bytes[0]], link)
		if (memcmp(&user->id, id, sizeof(*id)) == 0)
			return user;
	return NULL;
}

static struct waiting_user *add_user(struct user_waiting *waiting,
				     const struct user_id *id,
				     const struct turn_user_query *query)
{
	struct waiting_user *user = calloc(1, sizeof(*user));

	if (!user)
		return NULL;
	user->id = *id;
	snprintf(user->realm, sizeof(user->realm), "%s", query->realm);
	snprintf(user->name, sizeof(user->name), "%.*s",
		 (int)query->username.len, (const char *)query->username.data);
	SLIST_INIT(&user->requests);
	STAILQ_INSERT_TAIL(&waiting->order, user, order);
	LIST_INSERT_HEAD(&waiting->buckets[id->bytes[0]], user, link);
	return user;
}

static bool waits_already(const struct waiting_user *user,
			  const struct turn_user_query *query)
{
	const struct waiting_request *request;

	SLIST_FOREACH(request, &user->requests, next)
		if (request->len == query->request.len &&
		    memcmp(&request->tuple, query->tuple,
			   sizeof(request->tuple)) == 0 &&
		    memcmp(request->bytes, query->request.data,
			   request->len) == 0)
			return true;
	return false;
}

/* A copy of the request; long ones are not kept. */
static bool keep_request(struct waiting_user *user,
			 const struct turn_user_query *query,
			 struct worker *worker, void *source)
{
	struct waiting_request *request = NULL;

	if (query->request.len <= USER_WAITING_REQUEST_MAX)
		request = calloc(1, sizeof(*request) + query->request.len);
	if (!request)
		return false;
	request->worker = worker;
	request->source = source;
	request->tuple = *query->tuple;
	request->len = query->request.len;
	memcpy(request->bytes, query->request.data, query->request.len);
	SLIST_INSERT_HEAD(&user->requests, request, next);
	return true;
}

int user_waiting_add(struct user_waiting *waiting, const struct user_id *id,
		     const struct turn_user_query *query, struct worker *worker,
		     void *source)
{
	struct waiting_user *user = find(waiting, id);
	bool fresh = !user;

	if (user && waits_already(user, query))
		return 0;
	if (waiting->count >= waiting->limit)
		return -ENOBUFS;
	if (!user)
		user = add_user(waiting, id, query);
	if (!user)
		return -ENOBUFS;
	if (keep_request(user, query, worker, source) || fresh) {
		user->held++;
		waiting->count++;
	}
	return 0;
}

struct waiting_user *user_waiting_first(struct user_waiting *waiting)
{
	struct waiting_user *user = STAILQ_FIRST(&waiting->order);

	if (user)
		STAILQ_REMOVE_HEAD(&waiting->order, order);
	return user;
}

struct waiting_requests user_waiting_done(struct user_waiting *waiting,
					  struct waiting_user *user)
{
	struct waiting_requests requests = user->requests;

	LIST_REMOVE(user, link);
	waiting->count -= user->held;
	free(user);
	return requests;
}

void waiting_request_free(struct waiting_request *request)
{
	explicit_bzero(&request->answer, sizeof(request->answer));
	free(request);
}
