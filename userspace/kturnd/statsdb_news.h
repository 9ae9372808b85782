/* SPDX-License-Identifier: BSD-3-Clause */
/* News of sessions, from a worker's words to Redis' commands. */
#ifndef KTURN_KTURND_STATSDB_NEWS_H
#define KTURN_KTURND_STATSDB_NEWS_H

#include <openssl/ssl.h>
#include <sys/queue.h>

#include "turn/turn.h"

/*
 * A key is gone so many seconds after its session's lifetime, if nobody is
 * there to delete it.
 */
#define STATSDB_GRACE 60

/**
 * struct statsdb_news - one of them, kept for later
 * @next: in the queue
 * @report: what has happened; its texts are those below
 * @version: of TLS or DTLS, or "NONE"
 * @cipher: likewise
 * @texts: user name and realm, both zero-terminated
 */
struct statsdb_news {
	STAILQ_ENTRY(statsdb_news) next;
	struct turn_session_report report;
	const char *version;
	const char *cipher;
	char texts[];
};

STAILQ_HEAD(statsdb_queue, statsdb_news);

/**
 * statsdb_news_new() - keep it
 * @report: as it came
 * @ssl: the client's, or NULL
 *
 * Return: to be freed by free(), or NULL without memory.
 */
struct statsdb_news *statsdb_news_new(const struct turn_session_report *report,
				      const SSL *ssl);

/**
 * typedef statsdb_command - gets a command
 * @arg: as given to statsdb_news_say()
 * @argc: number of words
 * @argv: the words, valid during the call
 */
typedef void statsdb_command(void *arg, int argc, const char **argv);

/**
 * statsdb_news_say() - as commands for Redis
 * @news: the news
 * @command: gets each, in order
 * @arg: for @command
 */
void statsdb_news_say(const struct statsdb_news *news,
		      statsdb_command *command, void *arg);

#endif /* KTURN_KTURND_STATSDB_NEWS_H */
