/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Telling the service manager how things are: the protocol of sd_notify(3),
 * for units of Type=notify and Type=notify-reload. Nothing happens where
 * NOTIFY_SOCKET is not set.
 */
#ifndef KTURN_KTURND_NOTIFY_H
#define KTURN_KTURND_NOTIFY_H

struct daemon;

/** notify_ready() - it serves; at start, and after a reload */
void notify_ready(void);

/** notify_reloading() - it reads its configuration again */
void notify_reloading(void);

/** notify_stopping() - it ends */
void notify_stopping(void);

/** notify_status() - a line for `systemctl status` */
void notify_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * notify_watchdog() - show that it is alive, as often as the unit asks
 * @daemon: the running daemon; it counts as alive while its main thread and
 *	all of its workers answer
 *
 * For WatchdogSec= of the unit.
 *
 * Return: 0, or -ENOMEM.
 */
int notify_watchdog(struct daemon *daemon);

/** notify_free() - before the event loop and the workers go */
void notify_free(struct daemon *daemon);

#endif /* KTURN_KTURND_NOTIFY_H */
