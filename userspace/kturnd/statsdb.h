/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * redis-statsdb: Redis is told of sessions, with coturn's keys and words (its
 * schema.stats.redis), so that what listens to those goes on working.
 *
 * A thread of its own speaks to Redis. Workers leave their news in a queue and
 * go on; it is bounded, and what finds no room in it is lost, and counted.
 */
#ifndef KTURN_KTURND_STATSDB_H
#define KTURN_KTURND_STATSDB_H

#include "kturnd/config.h"
#include "net/worker.h"

struct statsdb;

/**
 * struct statsdb_counts - what became of the news
 * @told: Redis has them
 * @waiting: in the queue
 * @lost: there was no room, or Redis did not want them
 */
struct statsdb_counts {
	uint64_t told;
	uint64_t waiting;
	uint64_t lost;
};

/**
 * statsdb_new() - get ready
 * @db: filled; NULL if nobody is to be told
 * @cfg: where Redis is; looked at now only
 *
 * Return: 0 or a negative errno, which is logged.
 */
int statsdb_new(struct statsdb **db, const struct kturnd_config *cfg);

/** statsdb_start() - start its thread; NULL is fine; 0 or a negative errno */
int statsdb_start(struct statsdb *db);

/**
 * statsdb_stop() - tell what is left, and end the thread
 *
 * After the workers have ended. Gives up where Redis does not answer. NULL is
 * fine.
 */
void statsdb_stop(struct statsdb *db);

/** statsdb_free() - NULL is fine */
void statsdb_free(struct statsdb *db);

/** statsdb_sessions() - how workers tell; @db may be NULL */
struct worker_sessions statsdb_sessions(struct statsdb *db);

/** statsdb_counts() - from any thread */
struct statsdb_counts statsdb_counts(struct statsdb *db);

#endif /* KTURN_KTURND_STATSDB_H */
