// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "kturnd/config.h"

#define LINE_LEN 1024

/**
 * struct log_target - where lines go, and which
 * @path: of the log file, or NULL
 * @fd: of the log file, or -1
 * @to_stdout: also, or only, to standard output
 * @to_syslog: to syslog and nowhere else
 * @facility: of syslog
 * @least: least important level that is written
 * @least_session: the same for lines about single sessions
 */
struct log_target {
	char *path;
	int fd;
	bool to_stdout;
	bool to_syslog;
	int facility;
	enum turn_log_level least;
	enum turn_log_level least_session;
};

/* Until something else is configured, and afterwards. */
#define LOG_TARGET_INIT {			\
	.fd = -1,				\
	.to_stdout = true,			\
	.facility = LOG_DAEMON,			\
	.least = TURN_LOG_DEBUG,		\
	.least_session = TURN_LOG_WARNING,	\
}

static struct {
	pthread_mutex_t lock;
	struct log_target target;
} the_log = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.target = LOG_TARGET_INIT,
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

static int open_configured(struct log_target *target, const char *path,
			   char *why, size_t size)
{
	target->path = strdup(path);
	if (!target->path) {
		snprintf(why, size, "log-file: out of memory");
		return -ENOMEM;
	}
	target->fd = open_file(path);
	if (target->fd >= 0)
		return 0;
	snprintf(why, size,
		 "log-file: '%s' cannot be opened: %s; name a file in a directory that exists and may be written to",
		 path, strerror(errno));
	return -EIO;
}

static int choose_destination(const struct kturnd_config *cfg,
			      struct log_target *target, char *why,
			      size_t size)
{
	bool to_file = cfg->log_file && !means_stdout(cfg->log_file);

	target->facility = find_facility(cfg->syslog_facility);
	target->to_syslog = cfg->syslog;
	if (cfg->syslog && target->facility < 0) {
		snprintf(why, size,
			 "syslog-facility: '%s' is not known; give one such as LOG_DAEMON or LOG_LOCAL0",
			 cfg->syslog_facility);
		return -EINVAL;
	}
	/* A log file named "stdout" is as good as a wish for it. */
	target->to_stdout = !cfg->syslog && (!cfg->no_stdout_log ||
					     (cfg->log_file && !to_file));
	return to_file && !cfg->syslog ?
	       open_configured(target, cfg->log_file, why, size) : 0;
}

static void choose_levels(const struct kturnd_config *cfg,
			  struct log_target *target)
{
	static const enum turn_log_level least[] = {
		[LOG_MIN_DEBUG] = TURN_LOG_DEBUG,
		[LOG_MIN_INFO] = TURN_LOG_INFO,
		[LOG_MIN_WARN] = TURN_LOG_WARNING,
		[LOG_MIN_WARNING] = TURN_LOG_WARNING,
		[LOG_MIN_ERROR] = TURN_LOG_ERROR,
	};

	target->least = least[cfg->log_min_level];
	target->least_session = cfg->extra_verbose ? TURN_LOG_DEBUG :
				cfg->verbose ? TURN_LOG_INFO : TURN_LOG_WARNING;
}

static void target_close(struct log_target *target)
{
	if (target->fd >= 0)
		close(target->fd);
	free(target->path);
}

int log_target_open(const struct kturnd_config *cfg,
		    struct log_target **out, char *why, size_t size)
{
	struct log_target *target = malloc(sizeof(*target));
	int ret;

	if (!target) {
		snprintf(why, size, "out of memory");
		return -ENOMEM;
	}
	*target = (struct log_target)LOG_TARGET_INIT;
	choose_levels(cfg, target);
	ret = choose_destination(cfg, target, why, size);
	if (ret)
		log_target_free(target);
	else
		*out = target;
	return ret;
}

void log_target_free(struct log_target *target)
{
	if (!target)
		return;
	target_close(target);
	free(target);
}

/* Threads look at the levels without the lock. */
static void set_level(enum turn_log_level *level, enum turn_log_level value)
{
	__atomic_store_n(level, value, __ATOMIC_RELAXED);
}

void log_target_use(struct log_target *target)
{
	struct log_target old;

	pthread_mutex_lock(&the_log.lock);
	old = the_log.target;
	the_log.target.path = target->path;
	the_log.target.fd = target->fd;
	the_log.target.to_stdout = target->to_stdout;
	the_log.target.to_syslog = target->to_syslog;
	the_log.target.facility = target->facility;
	set_level(&the_log.target.least, target->least);
	set_level(&the_log.target.least_session, target->least_session);
	if (old.to_syslog)
		closelog();
	if (target->to_syslog)
		openlog("kturnd", LOG_PID, target->facility);
	pthread_mutex_unlock(&the_log.lock);
	target_close(&old);
	free(target);
}

int log_open(const struct kturnd_config *cfg, char *why, size_t size)
{
	struct log_target *target;
	int ret = log_target_open(cfg, &target, why, size);

	if (!ret)
		log_target_use(target);
	return ret;
}

/* Only the main thread opens and closes, so it may read the path. */
void log_reopen(void)
{
	const char *path = the_log.target.path;
	int fd, old, error;

	if (!path)
		return;
	fd = open_file(path);
	error = errno;
	if (fd < 0) {
		log_warning("log-file: '%s' cannot be opened again: %s; still writing to the old one",
			    path, strerror(error));
		return;
	}
	pthread_mutex_lock(&the_log.lock);
	old = the_log.target.fd;
	the_log.target.fd = fd;
	pthread_mutex_unlock(&the_log.lock);
	close(old);
}

void log_close(void)
{
	struct log_target *target = malloc(sizeof(*target));

	if (!target)
		return;
	*target = (struct log_target)LOG_TARGET_INIT;
	log_target_use(target);
}

bool log_wants_session(enum turn_log_level level)
{
	return level <= __atomic_load_n(&the_log.target.least_session,
					__ATOMIC_RELAXED);
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
	const struct log_target *target = &the_log.target;
	char line[LINE_LEN];
	size_t len;

	if (level > __atomic_load_n(&target->least, __ATOMIC_RELAXED))
		return;
	len = format_line(line, level, text);
	defuse(line, len - 1);
	pthread_mutex_lock(&the_log.lock);
	if (target->to_syslog)
		syslog(levels[level].priority, "%s", text);
	if (target->fd >= 0)
		write_line(target->fd, line, len);
	if (target->to_stdout)
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
