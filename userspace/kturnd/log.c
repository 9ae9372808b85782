// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "kturnd/config.h"

#define LINE_LEN 1024

/**
 * struct log - where lines go
 * @lock: for all of it
 * @path: of the log file, or NULL; belongs to the configuration
 * @fd: of the log file, or -1
 * @to_stdout: also, or only, to standard output
 * @to_syslog: to syslog and nowhere else
 */
static struct log {
	pthread_mutex_t lock;
	const char *path;
	int fd;
	bool to_stdout;
	bool to_syslog;
} the_log = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.fd = -1,
	.to_stdout = true,
};

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[TURN_LOG_ERROR] = { "ERROR", LOG_ERR },
	[TURN_LOG_WARNING] = { "WARNING", LOG_WARNING },
	[TURN_LOG_INFO] = { "INFO", LOG_INFO },
	[TURN_LOG_DEBUG] = { "DEBUG", LOG_DEBUG },
};

static int find_facility(const char *name)
{
	static const struct {
		const char *name;
		int value;
	} facilities[] = {
		{ "LOG_AUTH", LOG_AUTH }, { "LOG_AUTHPRIV", LOG_AUTHPRIV },
		{ "LOG_CRON", LOG_CRON }, { "LOG_DAEMON", LOG_DAEMON },
		{ "LOG_KERN", LOG_KERN }, { "LOG_LOCAL0", LOG_LOCAL0 },
		{ "LOG_LOCAL1", LOG_LOCAL1 }, { "LOG_LOCAL2", LOG_LOCAL2 },
		{ "LOG_LOCAL3", LOG_LOCAL3 }, { "LOG_LOCAL4", LOG_LOCAL4 },
		{ "LOG_LOCAL5", LOG_LOCAL5 }, { "LOG_LOCAL6", LOG_LOCAL6 },
		{ "LOG_LOCAL7", LOG_LOCAL7 }, { "LOG_SYSLOG", LOG_SYSLOG },
		{ "LOG_USER", LOG_USER },
	};

	for (size_t i = 0; name && i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (strcmp(facilities[i].name, name) == 0)
			return facilities[i].value;
	return name ? -1 : LOG_DAEMON;
}

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
		    0640);
}

static bool means_stdout(const char *path)
{
	return strcmp(path, "stdout") == 0 || strcmp(path, "-") == 0;
}

static int open_configured(const char *path, char *why, size_t size)
{
	the_log.fd = open_file(path);
	if (the_log.fd >= 0) {
		the_log.path = path;
		return 0;
	}
	snprintf(why, size,
		 "log-file: '%s' cannot be opened: %s; name a file in a directory that exists and may be written to",
		 path, strerror(errno));
	return -errno;
}

int log_open(const struct kturnd_config *cfg, char *why, size_t size)
{
	int facility = find_facility(cfg->syslog_facility);
	bool to_file = cfg->log_file && !means_stdout(cfg->log_file);

	if (cfg->syslog) {
		if (facility < 0) {
			snprintf(why, size,
				 "syslog-facility: '%s' is not known; give one such as LOG_DAEMON or LOG_LOCAL0",
				 cfg->syslog_facility);
			return -EINVAL;
		}
		openlog("kturnd", LOG_PID, facility);
		the_log.to_syslog = true;
		return 0;
	}
	if (to_file && open_configured(cfg->log_file, why, size))
		return -EIO;
	/* A log file named "stdout" is as good as a wish for it. */
	the_log.to_stdout = !cfg->no_stdout_log ||
			    (cfg->log_file && !to_file);
	return 0;
}

void log_reopen(void)
{
	int fd, error;

	if (!the_log.path)
		return;
	fd = open_file(the_log.path);
	error = errno;
	pthread_mutex_lock(&the_log.lock);
	if (fd >= 0) {
		close(the_log.fd);
		the_log.fd = fd;
	}
	pthread_mutex_unlock(&the_log.lock);
	if (fd < 0)
		log_warning("log-file: '%s' cannot be opened again: %s; still writing to the old one",
			    the_log.path, strerror(error));
}

void log_close(void)
{
	pthread_mutex_lock(&the_log.lock);
	if (the_log.fd >= 0)
		close(the_log.fd);
	if (the_log.to_syslog)
		closelog();
	the_log.fd = -1;
	the_log.path = NULL;
	the_log.to_syslog = false;
	the_log.to_stdout = true;
	pthread_mutex_unlock(&the_log.lock);
}

/* "2026-11-21T03:12:24.123Z INFO text\n"; a long text is cut. */
static size_t format_line(char line[static LINE_LEN],
			  enum turn_log_level level, const char *text)
{
	struct timespec now;
	struct tm tm;
	size_t len;
	int ret;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(line, LINE_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	ret = snprintf(line + len, LINE_LEN - len, ".%03ldZ %s %s",
		       now.tv_nsec / 1000000, levels[level].name, text);
	if (ret > 0)
		len += (size_t)ret;
	if (len > LINE_LEN - 2)
		len = LINE_LEN - 2;
	line[len++] = '\n';
	return len;
}

/* What the network sent may be in it: no line ends, no terminal escapes. */
static void defuse(char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
}

/* A log that cannot be written has nowhere to say so. */
static void write_line(int fd, const char *line, size_t len)
{
	ssize_t ret = write(fd, line, len);

	(void)ret;
}

void log_text(enum turn_log_level level, const char *text)
{
	char line[LINE_LEN];
	size_t len = format_line(line, level, text);

	defuse(line, len - 1);
	pthread_mutex_lock(&the_log.lock);
	if (the_log.to_syslog)
		syslog(levels[level].priority, "%s", text);
	if (the_log.fd >= 0)
		write_line(the_log.fd, line, len);
	if (the_log.to_stdout && !the_log.to_syslog)
		write_line(STDOUT_FILENO, line, len);
	pthread_mutex_unlock(&the_log.lock);
}

void log_line(enum turn_log_level level, const char *fmt, ...)
{
	char text[LINE_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_text(level, text);
}

bool log_limit_pass(struct log_limit *limit, uint64_t now,
		    uint64_t *suppressed)
{
	bool pass;

	pthread_mutex_lock(&limit->lock);
	if (limit->second != now) {
		limit->second = now;
		limit->lines = 0;
	}
	pass = limit->lines < LOG_LIMIT_LINES;
	if (pass) {
		limit->lines++;
		*suppressed = limit->suppressed;
		limit->suppressed = 0;
	} else {
		limit->suppressed++;
	}
	pthread_mutex_unlock(&limit->lock);
	return pass;
}

void log_text_limited(struct log_limit *limit, enum turn_log_level level,
		      const char *text)
{
	struct timespec now;
	uint64_t suppressed;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!log_limit_pass(limit, (uint64_t)now.tv_sec, &suppressed))
		return;
	if (suppressed)
		log_warning("%llu lines left out: more than %d in a second",
			    (unsigned long long)suppressed, LOG_LIMIT_LINES);
	log_text(level, text);
}
