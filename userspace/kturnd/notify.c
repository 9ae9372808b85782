// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/notify.h"

#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "kturnd/daemon.h"

#define TEXT_LEN 256

/* The manager may be gone, or slow: that is no reason to wait. */
static void send_text(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	ssize_t sent;
	int fd;

	if (!len || len >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, len);
	/* A name in the abstract name space begins with a zero byte. */
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL,
		      (struct sockaddr *)&addr,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	(void)sent;
	close(fd);
}

void notify_ready(void)
{
	send_text("READY=1\nSTATUS=serving");
}

void notify_reloading(void)
{
	char text[TEXT_LEN];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)now.tv_sec * 1000000 +
		 (unsigned long long)now.tv_nsec / 1000);
	send_text(text);
}

void notify_stopping(void)
{
	send_text("STOPPING=1");
}

void notify_status(const char *fmt, ...)
{
	char text[TEXT_LEN] = "STATUS=";
	size_t len = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + len, sizeof(text) - len, fmt, args);
	va_end(args);
	send_text(text);
}

static void answer(struct worker *worker, void *arg)
{
	atomic_uint *silent = arg;

	(void)worker;
	atomic_fetch_sub(silent, 1);
}

/* Alive if all workers have answered what they were asked the last time. */
static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;
	struct watchdog *dog = &daemon->watchdog;

	(void)fd;
	(void)what;
	if (atomic_load(&dog->silent))
		return;
	send_text("WATCHDOG=1");
	atomic_store(&dog->silent, daemon->worker_count);
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		if (worker_post(daemon->workers[i], answer, &dog->silent))
			atomic_fetch_sub(&dog->silent, 1);
}

/* Microseconds; 0: nobody watches, or not this process. */
static unsigned long long watchdog_interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(usec, NULL, 10);
}

int notify_watchdog(struct daemon *daemon)
{
	struct watchdog *dog = &daemon->watchdog;
	unsigned long long usec = watchdog_interval();
	struct timeval often;

	if (!usec)
		return 0;
	/* A third, so that one late answer does no harm. */
	usec = usec / 3 ?: 1;
	often.tv_sec = (time_t)(usec / 1000000);
	often.tv_usec = (suseconds_t)(usec % 1000000);
	dog->timer = event_new(daemon->base, -1, EV_PERSIST, on_watchdog,
			       daemon);
	return dog->timer && !event_add(dog->timer, &often) ? 0 : -ENOMEM;
}

void notify_free(struct daemon *daemon)
{
	if (daemon->watchdog.timer)
		event_free(daemon->watchdog.timer);
	daemon->watchdog.timer = NULL;
}
