// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/user_source.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kturnd/log.h"
#include "kturnd/user_cache.h"
#include "kturnd/user_policy.h"
#include "kturnd/user_waiting.h"
#include "net/mailbox.h"
#include "net/thread.h"
#include "userdb/userdb.h"

/* How long a database that cannot be asked is left alone, doubling. */
#define BACK_OFF_MIN_MS		1000
#define BACK_OFF_MAX_MS		16000

/* How often it is said that it still cannot be asked. */
#define REMIND_MS		60000

/**
 * struct user_link - what a worker has in hand; only its thread uses it
 * @answer: of the request that is being handled again, or NULL
 * @secrets: whose texts the core may be looking at
 */
struct user_link {
	const struct user_answer *answer;
	struct user_policy *secrets;
};

/**
 * struct user_source - see user_source.h
 * @setup: as given
 * @cache: what is known of users
 * @mail: to the main thread
 * @links: one for each worker
 * @db: the database; only @thread uses it, once that runs
 * @thread: asks it
 * @running: the thread was started
 * @limit: for lines that single users cause
 * @back_off: how long it is left alone next time; 0: it answers
 * @remind_at: when to say again that it does not
 * @lock: for all below
 * @wake: there is something to do
 * @waiting: requests
 * @poll_at: when to read secrets and rules
 * @tokens: keys of access tokens are wanted, too
 * @down: the database cannot be asked
 * @stopping: the thread is to end
 * @secrets: as last read; NULL: never yet
 * @rules: likewise
 */
struct user_source {
	struct user_source_setup setup;
	struct user_cache *cache;
	struct mailbox *mail;
	struct user_link links[CONFIG_MAX_WORKERS];
	struct userdb *db;
	pthread_t thread;
	bool running;
	struct log_limit limit;
	uint64_t back_off;
	uint64_t remind_at;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct user_waiting waiting;
	uint64_t poll_at;
	bool tokens;
	bool down;
	bool stopping;
	struct user_policy *secrets;
	struct user_policy *rules;
};

/* --- on workers' threads --------------------------------------------------- */

static struct user_link *link_of(struct user_source *source,
				 const struct worker *worker)
{
	return &source->links[worker_number(worker)];
}

static enum turn_lookup_result take_key(struct turn_user_query *query,
					const uint8_t key[USERDB_KEY_LEN])
{
	query->key.len = USERDB_KEY_LEN;
	memcpy(query->key.bytes, key, USERDB_KEY_LEN);
	return TURN_LOOKUP_FOUND;
}

static enum turn_lookup_result wait_for_user(struct user_source *source,
					     const struct user_id *id,
					     const struct turn_user_query *query,
					     struct worker *worker)
{
	int ret = -EIO;

	pthread_mutex_lock(&source->lock);
	if (!source->down)
		ret = user_waiting_add(&source->waiting, id, query, worker,
				       source);
	pthread_cond_signal(&source->wake);
	pthread_mutex_unlock(&source->lock);
	if (ret == -ENOBUFS)
		log_text_limited(&source->limit, TURN_LOG_WARNING,
				 "no more requests can wait for the user database: answered 500; see userdb-waiting");
	return ret ? TURN_LOOKUP_ERROR : TURN_LOOKUP_LATER;
}

static enum turn_lookup_result find_user(void *env, struct worker *worker,
					 struct turn_user_query *query)
{
	struct user_source *source = env;
	const struct user_answer *answer = link_of(source, worker)->answer;
	enum turn_lookup_result result;
	uint8_t key[USERDB_KEY_LEN];
	struct user_id id;

	/* No database holds that, and nothing may look for a part of it. */
	if (query->username.len >= TURN_USERNAME_MAX ||
	    memchr(query->username.data, 0, query->username.len))
		return TURN_LOOKUP_UNKNOWN;
	if (user_cache_id(source->cache, query->realm, query->username, &id))
		return TURN_LOOKUP_ERROR;
	if (answer && memcmp(&answer->id, &id, sizeof(id)) == 0)
		return answer->result == TURN_LOOKUP_FOUND ?
		       take_key(query, answer->key) : answer->result;
	switch (user_cache_get(source->cache, &id, worker_now(), key)) {
	case USER_IS_THERE:
		result = take_key(query, key);
		explicit_bzero(key, sizeof(key));
		return result;
	case USER_IS_NOT_THERE:
		return TURN_LOOKUP_UNKNOWN;
	case USER_NOT_KNOWN:
		break;
	}
	return wait_for_user(source, &id, query, worker);
}

/* The core takes them one by one, beginning with the first. */
static enum turn_lookup_result find_secret(void *env, struct worker *worker,
					   struct turn_secret_query *query)
{
	struct user_source *source = env;
	struct user_link *link = link_of(source, worker);
	const char *secret;

	if (query->index == 0) {
		user_policy_put(link->secrets);
		pthread_mutex_lock(&source->lock);
		link->secrets = user_policy_get(source->secrets);
		pthread_mutex_unlock(&source->lock);
	}
	if (!link->secrets)
		return TURN_LOOKUP_ERROR;
	secret = user_policy_secret(link->secrets, query->realm, query->index);
	if (!secret)
		return TURN_LOOKUP_UNKNOWN;
	query->secret = stun_bytes(secret);
	return TURN_LOOKUP_FOUND;
}

struct worker_lookup user_source_lookup(struct user_source *source)
{
	return (struct worker_lookup){
		.user = find_user, .secret = find_secret, .env = source,
	};
}

/* A request that has waited comes again, with the answer at hand. */
static void handle_again(struct worker *worker, void *arg)
{
	struct waiting_request *request = arg;
	struct user_link *link = link_of(request->source, worker);

	link->answer = &request->answer;
	worker_again(worker, &request->tuple, request->bytes, request->len);
	link->answer = NULL;
	waiting_request_free(request);
}

/* --- on the thread of the database ----------------------------------------- */

static void hand_back(struct waiting_requests requests,
		      const struct user_answer *answer)
{
	struct waiting_request *request;

	while ((request = SLIST_FIRST(&requests))) {
		SLIST_REMOVE_HEAD(&requests, next);
		request->answer = *answer;
		/* Without memory the client's retransmission has to do. */
		if (worker_post(request->worker, handle_again, request))
			waiting_request_free(request);
	}
}

/* The user was asked for: what waited for him goes on. */
static void finish(struct user_source *source, struct waiting_user *user,
		   const struct user_answer *answer)
{
	struct waiting_requests requests;

	pthread_mutex_lock(&source->lock);
	requests = user_waiting_done(&source->waiting, user);
	pthread_mutex_unlock(&source->lock);
	hand_back(requests, answer);
}

/* Nobody waits for a database that cannot be asked. */
static void fail_all(struct user_source *source)
{
	struct waiting_user *user;

	do {
		pthread_mutex_lock(&source->lock);
		user = user_waiting_first(&source->waiting);
		pthread_mutex_unlock(&source->lock);
		if (user) {
			struct user_answer answer = {
				.id = user->id, .result = TURN_LOOKUP_ERROR,
			};

			finish(source, user, &answer);
		}
	} while (user);
}

static void say_down(struct user_source *source, const char *why, uint64_t now)
{
	bool first = !source->back_off;

	if (!first && now < source->remind_at)
		return;
	source->remind_at = now + REMIND_MS;
	log_error("%s; %s", why,
		  first ? "until it can be asked, users that are not known are answered 500"
			: "it still cannot be asked");
}

static void went_down(struct user_source *source, const char *why)
{
	uint64_t now = worker_now();

	say_down(source, why, now);
	source->back_off = source->back_off ? 2 * source->back_off
					    : BACK_OFF_MIN_MS;
	if (source->back_off > BACK_OFF_MAX_MS)
		source->back_off = BACK_OFF_MAX_MS;
	pthread_mutex_lock(&source->lock);
	source->down = true;
	source->poll_at = now + source->back_off;
	pthread_mutex_unlock(&source->lock);
	fail_all(source);
}

static void is_up(struct user_source *source)
{
	if (!source->back_off)
		return;
	log_info("%s answers again", userdb_name(source->db));
	source->back_off = 0;
	pthread_mutex_lock(&source->lock);
	source->down = false;
	pthread_mutex_unlock(&source->lock);
}

static void ask_for(struct user_source *source, struct waiting_user *user)
{
	unsigned int age = user_cache_age(source->cache);
	struct user_answer answer = { .id = user->id };
	char why[USERDB_WHY_LEN];
	int ret;

	ret = userdb_find_key(source->db, user->realm, user->name, answer.key,
			      why);
	switch (ret) {
	case 0:
		answer.result = TURN_LOOKUP_FOUND;
		break;
	case -EBADMSG:
		log_text_limited(&source->limit, TURN_LOG_WARNING, why);
		/* fall through */
	case -ENOENT:
		answer.result = TURN_LOOKUP_UNKNOWN;
		break;
	default:
		answer.result = TURN_LOOKUP_ERROR;
		break;
	}
	if (answer.result != TURN_LOOKUP_ERROR)
		user_cache_put(source->cache, &user->id, worker_now(),
			       ret ? NULL : answer.key, age);
	finish(source, user, &answer);
	explicit_bzero(&answer, sizeof(answer));
	if (ret == -EIO)
		went_down(source, why);
}

static void tell_main(void *owner, void *arg)
{
	struct user_source *source = owner;

	(void)arg;
	source->setup.changed(source->setup.arg);
}

/* Puts @fresh in the place of @policy; were they the same? */
static bool replace(struct user_source *source, struct user_policy **policy,
		    struct user_policy *fresh)
{
	struct user_policy *old;
	bool same;

	pthread_mutex_lock(&source->lock);
	old = *policy;
	*policy = fresh;
	pthread_mutex_unlock(&source->lock);
	same = user_policy_same(old, fresh);
	user_policy_put(old);
	return same;
}

/* Old databases have no table of keys, so who does not need it does not ask. */
static unsigned int rules_wanted(struct user_source *source)
{
	bool tokens;

	pthread_mutex_lock(&source->lock);
	tokens = source->tokens;
	pthread_mutex_unlock(&source->lock);
	return USER_POLICY_RULES | (tokens ? USER_POLICY_TOKENS : 0);
}

/* Secrets and rules, as they are now; -EIO if they cannot be read. */
static int poll_policies(struct user_source *source)
{
	const struct kturnd_config *cfg = source->setup.cfg;
	struct user_policy *fresh;
	char why[USERDB_WHY_LEN];
	int ret = 0;

	if (cfg->userdb_secrets) {
		ret = user_policy_read(&fresh, source->db, USER_POLICY_SECRETS,
				       why);
		if (!ret)
			replace(source, &source->secrets, fresh);
	}
	if (!ret)
		ret = user_policy_read(&fresh, source->db, rules_wanted(source),
				       why);
	if (ret) {
		went_down(source, why);
		return ret;
	}
	if (!replace(source, &source->rules, fresh) && source->running &&
	    mailbox_post(source->mail, tell_main, NULL))
		log_error("out of memory: new rules of the user database have to wait");
	is_up(source);
	pthread_mutex_lock(&source->lock);
	source->poll_at = worker_now() + 1000ull * cfg->userdb_poll;
	pthread_mutex_unlock(&source->lock);
	return 0;
}

/* Under the lock: sleep until @due, on the clock of worker_now(). */
static void sleep_until(struct user_source *source, uint64_t due)
{
	thread_cond_wait_until(&source->wake, &source->lock, due);
}

/* What is next: false to end; a user to ask for, or none: read policies. */
static bool next_job(struct user_source *source, struct waiting_user **user)
{
	bool stopping;

	*user = NULL;
	pthread_mutex_lock(&source->lock);
	while (!source->stopping && worker_now() < source->poll_at) {
		*user = user_waiting_first(&source->waiting);
		if (*user)
			break;
		sleep_until(source, source->poll_at);
	}
	stopping = source->stopping && !*user;
	pthread_mutex_unlock(&source->lock);
	return !stopping;
}

static void *run(void *arg)
{
	struct user_source *source = arg;
	struct waiting_user *user;

	while (next_job(source, &user)) {
		if (user)
			ask_for(source, user);
		else
			poll_policies(source);
	}
	return NULL;
}

/* --- on the main thread ---------------------------------------------------- */

static int init(struct user_source *source)
{
	const struct kturnd_config *cfg = source->setup.cfg;
	char why[USERDB_WHY_LEN];

	thread_cond_init(&source->wake);
	pthread_mutex_init(&source->lock, NULL);
	pthread_mutex_init(&source->limit.lock, NULL);
	source->tokens = cfg->oauth;
	user_waiting_init(&source->waiting, cfg->userdb_waiting);
	source->cache = user_cache_new(1000ull * cfg->userdb_cache);
	source->mail = mailbox_new(source->setup.base, source);
	if (!source->cache || !source->mail)
		return -ENOMEM;
	if (!userdb_open(&source->db, cfg->userdb.kind, cfg->userdb.where, 0,
			 why))
		return 0;
	log_error("user database: %s", why);
	return -EINVAL;
}

int user_source_new(struct user_source **out,
		    const struct user_source_setup *setup)
{
	struct user_source *source;
	int ret;

	*out = NULL;
	if (!setup->cfg->userdb_users && !setup->cfg->userdb_secrets)
		return 0;
	source = calloc(1, sizeof(*source));
	if (!source)
		return -ENOMEM;
	source->setup = *setup;
	ret = init(source);
	if (ret) {
		user_source_free(source);
		return ret;
	}
	if (!poll_policies(source))
		log_info("users are asked of %s", userdb_name(source->db));
	*out = source;
	return 0;
}

int user_source_start(struct user_source *source)
{
	int ret;

	if (!source)
		return 0;
	source->running = true;
	ret = thread_start(&source->thread, run, source, "kturnd/users");
	if (ret)
		source->running = false;
	return ret;
}

void user_source_stop(struct user_source *source)
{
	if (!source || !source->running)
		return;
	pthread_mutex_lock(&source->lock);
	source->stopping = true;
	pthread_cond_signal(&source->wake);
	pthread_mutex_unlock(&source->lock);
	pthread_join(source->thread, NULL);
	source->running = false;
	fail_all(source);
}

void user_source_free(struct user_source *source)
{
	if (!source)
		return;
	for (int i = 0; i < CONFIG_MAX_WORKERS; i++)
		user_policy_put(source->links[i].secrets);
	user_policy_put(source->secrets);
	user_policy_put(source->rules);
	mailbox_free(source->mail);
	userdb_close(source->db);
	user_cache_free(source->cache);
	pthread_cond_destroy(&source->wake);
	pthread_mutex_destroy(&source->lock);
	free(source);
}

void user_source_forget(struct user_source *source)
{
	user_cache_forget(source->cache);
	pthread_mutex_lock(&source->lock);
	source->poll_at = 0;
	pthread_cond_signal(&source->wake);
	pthread_mutex_unlock(&source->lock);
}

void user_source_apply(struct user_source *source, struct turn_config *core,
		       struct report *report)
{
	struct user_policy *rules;

	if (!source)
		return;
	if (source->setup.cfg->userdb_users)
		core->lookups |= TURN_LOOKUP_USERS;
	if (source->setup.cfg->userdb_secrets)
		core->lookups |= TURN_LOOKUP_SECRETS;
	pthread_mutex_lock(&source->lock);
	rules = user_policy_get(source->rules);
	/* A reload has switched tokens on: read their keys, which tells us. */
	if (core->oauth_server_name[0] && !source->tokens) {
		source->tokens = true;
		source->poll_at = 0;
		pthread_cond_signal(&source->wake);
	}
	pthread_mutex_unlock(&source->lock);
	user_policy_apply(rules, core, report);
	user_policy_put(rules);
}
