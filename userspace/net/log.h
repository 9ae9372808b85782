/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where this folder's messages go. The daemon decides what becomes of them.
 */
#ifndef KTURN_NET_LOG_H
#define KTURN_NET_LOG_H

#include "turn/turn.h"

/**
 * struct net_log - a way to say something
 * @write: takes a level and a line without line end; callable from any thread
 * @env: its first argument
 */
struct net_log {
	void (*write)(void *env, enum turn_log_level level, const char *text);
	void *env;
};

/** net_log() - say something */
void net_log(const struct net_log *log, enum turn_log_level level,
	     const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif /* KTURN_NET_LOG_H */
