/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log: standard output, a file, or syslog. Callable from any thread; a
 * line is written with one system call, so lines never mix.
 */
#ifndef KTURN_KTURND_LOG_H
#define KTURN_KTURND_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "turn/turn.h"

struct kturnd_config;

struct log_target;

/**
 * log_target_open() - get ready to log where the configuration says
 * @cfg: the configuration
 * @target: filled
 * @why: on failure, what is wrong and what to do
 * @size: its size in bytes
 *
 * Return: 0 or a negative errno.
 */
int log_target_open(const struct kturnd_config *cfg,
		    struct log_target **target, char *why, size_t size);

/** log_target_free() - never mind; NULL is fine */
void log_target_free(struct log_target *target);

/** log_target_use() - from now on log there, by its levels; taken over */
void log_target_use(struct log_target *target);

/**
 * log_open() - log where the configuration says
 * @cfg: the configuration
 * @why: on failure, what is wrong and what to do
 * @size: its size in bytes
 *
 * Before that, and after a failure, lines go to standard output.
 *
 * Return: 0 or a negative errno.
 */
int log_open(const struct kturnd_config *cfg, char *why, size_t size);

/**
 * log_reopen() - open the log file again, for it was rotated
 *
 * If that fails the old file goes on being written, and says so.
 */
void log_reopen(void);

/**
 * log_wants_session() - are lines about single sessions wanted?
 * @level: of this level
 *
 * What workers say is caused by the network: it is one level less important
 * than the daemon's own words (verbose, Verbose).
 */
bool log_wants_session(enum turn_log_level level);

/** log_close() - back to standard output */
void log_close(void);

/** log_text() - write a line */
void log_text(enum turn_log_level level, const char *text);

/** log_line() - write a line */
void log_line(enum turn_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)		log_line(TURN_LOG_ERROR, __VA_ARGS__)
#define log_warning(...)	log_line(TURN_LOG_WARNING, __VA_ARGS__)
#define log_info(...)		log_line(TURN_LOG_INFO, __VA_ARGS__)

/**
 * struct log_limit - a bound on lines that the network can cause
 * @lock: for the members below
 * @second: second that is being counted in
 * @lines: lines in it
 * @suppressed: lines left out since the last one that was not
 */
struct log_limit {
	pthread_mutex_t lock;
	uint64_t second;
	unsigned int lines;
	uint64_t suppressed;
};

#define LOG_LIMIT_INIT { .lock = PTHREAD_MUTEX_INITIALIZER }

/* Lines in a second that log_text_limited() lets through. */
#define LOG_LIMIT_LINES 50

/**
 * log_limit_pass() - may another line be written?
 * @limit: the bound
 * @now: the time in seconds, on any clock
 * @suppressed: filled if it may: how many could not since the last that could
 */
bool log_limit_pass(struct log_limit *limit, uint64_t now,
		    uint64_t *suppressed);

/**
 * log_text_limited() - write a line that the network caused
 * @limit: the bound that it counts against
 * @level: its level
 * @text: the line
 */
void log_text_limited(struct log_limit *limit, enum turn_log_level level,
		      const char *text);

#endif /* KTURN_KTURND_LOG_H */
