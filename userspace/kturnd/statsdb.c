// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/statsdb.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kturnd/log.h"
#include "kturnd/statsdb_news.h"
#include "net/thread.h"
#include "userdb/redis_place.h"

/* News sent before their answers are read. */
#define AT_ONCE			64

/* How long a server that cannot be told is left alone, doubling. */
#define BACK_OFF_MIN_MS		500
#define BACK_OFF_MAX_MS		16000

/* How often it is said that it still cannot be told. */
#define REMIND_MS		60000

/**
 * struct statsdb - see statsdb.h
 * @place: where Redis is
 * @limit: most news that wait
 * @thread: speaks to it
 * @running: it was started
 * @conn: connection, or NULL; this and the next four are the thread's
 * @commands: sent, their answers not read yet
 * @refusal: what Redis said against one of these, or ""
 * @back_off: how long it is left alone next time; 0: it answers
 * @remind_at: when to say again that it does not
 * @refused: bound on lines about what it does not want
 * @lock: for all below
 * @wake: there is something to do
 * @queue: news, oldest first
 * @counts: what became of them
 * @stopping: tell what is there, then end
 */
struct statsdb {
	struct redis_place place;
	uint32_t limit;
	pthread_t thread;
	bool running;
	redisContext *conn;
	unsigned int commands;
	char refusal[USERDB_WHY_LEN];
	uint64_t back_off;
	uint64_t remind_at;
	struct log_limit refused;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct statsdb_queue queue;
	struct statsdb_counts counts;
	bool stopping;
};

/* --- on workers' threads ---------------------------------------------------- */

static void told(void *env, const struct turn_session_report *report,
		 const SSL *ssl)
{
	struct statsdb *db = env;
	struct statsdb_news *news = statsdb_news_new(report, ssl);

	pthread_mutex_lock(&db->lock);
	if (news && db->counts.waiting < db->limit) {
		STAILQ_INSERT_TAIL(&db->queue, news, next);
		if (!db->counts.waiting++)
			pthread_cond_signal(&db->wake);
		news = NULL;
	} else {
		db->counts.lost++;
	}
	pthread_mutex_unlock(&db->lock);
	free(news);
}

struct worker_sessions statsdb_sessions(struct statsdb *db)
{
	return (struct worker_sessions){ db ? told : NULL, db };
}

struct statsdb_counts statsdb_counts(struct statsdb *db)
{
	struct statsdb_counts counts = { 0 };

	if (!db)
		return counts;
	pthread_mutex_lock(&db->lock);
	counts = db->counts;
	pthread_mutex_unlock(&db->lock);
	return counts;
}

/* --- on its own ------------------------------------------------------------- */

static void disconnect(struct statsdb *db)
{
	if (db->conn)
		redisFree(db->conn);
	db->conn = NULL;
}

static void say_down(struct statsdb *db, const char *why)
{
	uint64_t now = worker_now();
	bool first = !db->back_off;

	if (!first && now < db->remind_at)
		return;
	db->remind_at = now + REMIND_MS;
	log_error("redis-statsdb: Redis at %s port %d %s; %s", db->place.host,
		  db->place.port, why,
		  first ? "news of sessions wait for it, as many as redis-statsdb-queue says"
			: "it still cannot be told");
}

static void went_down(struct statsdb *db, const char *why)
{
	say_down(db, why);
	disconnect(db);
	db->back_off = db->back_off ? 2 * db->back_off : BACK_OFF_MIN_MS;
	if (db->back_off > BACK_OFF_MAX_MS)
		db->back_off = BACK_OFF_MAX_MS;
}

static void is_up(struct statsdb *db)
{
	if (!db->back_off)
		return;
	db->back_off = 0;
	log_info("redis-statsdb: Redis is told again; %llu news were lost so far",
		 (unsigned long long)statsdb_counts(db).lost);
}

static void send_command(void *arg, int argc, const char **argv)
{
	struct statsdb *db = arg;

	/* Without memory the connection says so when answers are read. */
	if (redisAppendCommandArgv(db->conn, argc, argv, NULL) == REDIS_OK)
		db->commands++;
}

/* Return: false if the connection broke. */
static bool read_answers(struct statsdb *db)
{
	db->refusal[0] = '\0';
	for (; db->commands; db->commands--) {
		void *answer = NULL;
		const redisReply *reply;

		if (redisGetReply(db->conn, &answer) != REDIS_OK || !answer)
			return false;
		reply = answer;
		if (reply->type == REDIS_REPLY_ERROR)
			snprintf(db->refusal, sizeof(db->refusal), "%s",
				 reply->str);
		freeReplyObject(answer);
	}
	return !db->conn->err;
}

/* Return: false if there is no connection, or it broke. */
static bool tell(struct statsdb *db, const struct statsdb_queue *batch)
{
	const struct statsdb_news *news;
	char why[USERDB_WHY_LEN];

	if (!db->conn)
		db->conn = redis_place_connect(&db->place, why);
	if (!db->conn) {
		went_down(db, why);
		return false;
	}
	db->commands = 0;
	STAILQ_FOREACH(news, batch, next)
		statsdb_news_say(news, send_command, db);
	if (!read_answers(db)) {
		went_down(db, db->conn->err == REDIS_ERR_IO && errno == EAGAIN ?
			  "does not answer" : db->conn->errstr);
		return false;
	}
	is_up(db);
	return true;
}

/* What was told, or will never be. */
static void finish(struct statsdb *db, struct statsdb_queue *batch, bool lost)
{
	struct statsdb_news *news;
	uint64_t n = 0;

	while ((news = STAILQ_FIRST(batch))) {
		STAILQ_REMOVE_HEAD(batch, next);
		free(news);
		n++;
	}
	pthread_mutex_lock(&db->lock);
	db->counts.waiting -= n;
	if (lost)
		db->counts.lost += n;
	else
		db->counts.told += n;
	pthread_mutex_unlock(&db->lock);
}

/* Under the lock. */
static void sleep_for(struct statsdb *db, uint64_t ms)
{
	uint64_t due = worker_now() + ms;

	while (!db->stopping && worker_now() < due)
		thread_cond_wait_until(&db->wake, &db->lock, due);
}

/* Some news, once there are any; false when it is time to end. */
static bool next_batch(struct statsdb *db, struct statsdb_queue *batch)
{
	struct statsdb_news *news;
	unsigned int n = 0;

	pthread_mutex_lock(&db->lock);
	if (db->back_off)
		sleep_for(db, db->back_off);
	while (STAILQ_EMPTY(batch) && STAILQ_EMPTY(&db->queue) && !db->stopping)
		pthread_cond_wait(&db->wake, &db->lock);
	STAILQ_FOREACH(news, batch, next)
		n++;
	for (; n < AT_ONCE && (news = STAILQ_FIRST(&db->queue)); n++) {
		STAILQ_REMOVE_HEAD(&db->queue, next);
		STAILQ_INSERT_TAIL(batch, news, next);
	}
	pthread_mutex_unlock(&db->lock);
	return n > 0;
}

static bool is_stopping(struct statsdb *db)
{
	bool stopping;

	pthread_mutex_lock(&db->lock);
	stopping = db->stopping;
	pthread_mutex_unlock(&db->lock);
	return stopping;
}

/* What could not be told is told again: rather twice than never. */
static void *run(void *arg)
{
	struct statsdb_queue batch = STAILQ_HEAD_INITIALIZER(batch);
	struct statsdb *db = arg;

	while (next_batch(db, &batch)) {
		if (!tell(db, &batch)) {
			if (is_stopping(db))
				break;
			continue;
		}
		if (db->refusal[0])
			log_text_limited(&db->refused, TURN_LOG_WARNING,
					 db->refusal);
		finish(db, &batch, db->refusal[0] != '\0');
	}
	finish(db, &batch, true);
	return NULL;
}

/* --- on the main thread ----------------------------------------------------- */

int statsdb_new(struct statsdb **out, const struct kturnd_config *cfg)
{
	char why[USERDB_WHY_LEN];
	struct statsdb *db;

	*out = NULL;
	if (!cfg->statsdb)
		return 0;
	db = calloc(1, sizeof(*db));
	if (!db)
		return -ENOMEM;
	if (redis_place_parse(&db->place, cfg->statsdb, why)) {
		log_error("redis-statsdb: the value %s", why);
		free(db);
		return -EINVAL;
	}
	db->limit = cfg->statsdb_queue;
	STAILQ_INIT(&db->queue);
	thread_cond_init(&db->wake);
	pthread_mutex_init(&db->lock, NULL);
	pthread_mutex_init(&db->refused.lock, NULL);
	*out = db;
	return 0;
}

int statsdb_start(struct statsdb *db)
{
	int ret = db ? thread_start(&db->thread, run, db, "kturnd/stats") : 0;

	if (db && !ret)
		db->running = true;
	return ret;
}

void statsdb_stop(struct statsdb *db)
{
	struct statsdb_counts counts;

	if (!db || !db->running)
		return;
	pthread_mutex_lock(&db->lock);
	db->stopping = true;
	pthread_cond_signal(&db->wake);
	pthread_mutex_unlock(&db->lock);
	pthread_join(db->thread, NULL);
	db->running = false;
	counts = statsdb_counts(db);
	if (counts.lost || counts.waiting)
		log_warning("redis-statsdb: %llu news of sessions were lost",
			    (unsigned long long)(counts.lost + counts.waiting));
}

void statsdb_free(struct statsdb *db)
{
	struct statsdb_news *news;

	if (!db)
		return;
	while ((news = STAILQ_FIRST(&db->queue))) {
		STAILQ_REMOVE_HEAD(&db->queue, next);
		free(news);
	}
	disconnect(db);
	pthread_cond_destroy(&db->wake);
	pthread_mutex_destroy(&db->lock);
	explicit_bzero(&db->place, sizeof(db->place));
	free(db);
}
