// SPDX-License-Identifier: BSD-3-Clause
/* Asking kturnd over its admin socket (kturnd/admin_protocol.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "kturnctl/kturnctl.h"
#include "kturnd/admin_protocol.h"
#include "kturnd/config.h"

/* Why kturnd cannot be reached, and what to do. Returns -code. */
static int unreachable(const char *path, int code, char *why, size_t size)
{
	switch (code) {
	case ENOENT:
	case ECONNREFUSED:
		snprintf(why, size, "not running, or not with the admin socket %s: start it, or name its socket by --socket",
			 path);
		break;
	case EACCES:
	case EPERM:
		snprintf(why, size, "%s: permission denied: try as root",
			 path);
		break;
	case EBADMSG:
		snprintf(why, size, "%s: the answer is not kturnd's: is this its admin socket?",
			 path);
		break;
	case EAGAIN:
		snprintf(why, size, "no answer in time on %s", path);
		break;
	default:
		snprintf(why, size, "%s: %s", path, strerror(code));
		break;
	}
	return -code;
}

static int connect_to(const char *path, char *why, size_t size)
{
	const struct timeval timeout = { .tv_sec = ADMIN_TIMEOUT_S };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const size_t len = strlen(path);
	int fd, code;

	if (len >= sizeof(addr.sun_path))
		return unreachable(path, ENAMETOOLONG, why, size);
	memcpy(addr.sun_path, path, len);

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return unreachable(path, errno, why, size);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
		       sizeof(timeout)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
		       sizeof(timeout)) ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		code = errno;
		close(fd);
		return unreachable(path, code, why, size);
	}
	return fd;
}

static int send_line(int fd, struct json_object *request)
{
	char line[ADMIN_MAX_REQUEST];
	int len;

	len = snprintf(line, sizeof(line), "%s\n",
		       json_object_to_json_string_ext(request,
						      JSON_C_TO_STRING_PLAIN));
	if ((size_t)len >= sizeof(line))
		return -EMSGSIZE;
	for (int sent = 0; sent < len;) {
		ssize_t n = send(fd, line + sent, (size_t)(len - sent),
				 MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -errno;
		sent += n > 0 ? (int)n : 0;
	}
	return 0;
}

/* Read one line and parse it while it comes in. */
static int receive_line(int fd, struct json_object **answer)
{
	struct json_tokener *tokener = json_tokener_new();
	enum json_tokener_error state = json_tokener_continue;
	size_t total = 0;
	char buf[16384];
	ssize_t n = 1;
	int ret;

	if (!tokener)
		return -ENOMEM;
	while (state == json_tokener_continue && n > 0 &&
	       total < ADMIN_MAX_ANSWER) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n > 0) {
			*answer = json_tokener_parse_ex(tokener, buf, (int)n);
			state = json_tokener_get_error(tokener);
			total += (size_t)n;
		}
	}
	ret = n < 0 ? -errno : state == json_tokener_success ? 0 : -EBADMSG;
	json_tokener_free(tokener);
	return ret;
}

/**
 * daemon_ask() - one request to kturnd
 * @ctx: says where the socket is
 * @request: the request
 * @result: filled with the "result" of the answer, to be released
 * @why: on failure, what is wrong and what to do
 * @why_size: its size in bytes
 *
 * Return: 0; -ENOENT or -ECONNREFUSED if there is no kturnd; -EACCES; -EREMOTEIO
 * if kturnd refused; another negative errno.
 */
int daemon_ask(struct context *ctx, struct json_object *request,
	       struct json_object **result, char *why, size_t why_size)
{
	const char *path = ctx->socket ?: CONFIG_DEFAULT_ADMIN;
	struct json_object *answer = NULL;
	int fd, ret;

	*result = NULL;
	fd = connect_to(path, why, why_size);
	if (fd < 0)
		return fd;
	ret = send_line(fd, request);
	if (!ret)
		ret = receive_line(fd, &answer);
	close(fd);
	if (ret) {
		unreachable(path, -ret, why, why_size);
	} else if (json_flag(answer, "ok")) {
		*result = json_object_get(json_member(answer, "result"));
		if (!json_object_is_type(*result, json_type_object)) {
			json_object_put(*result);
			*result = NULL;
			ret = unreachable(path, EBADMSG, why, why_size);
		}
	} else {
		ret = -EREMOTEIO;
		snprintf(why, why_size, "%s", json_text(answer, "error"));
	}
	json_object_put(answer);
	return ret;
}

/**
 * daemon_ask_plain() - a request that is no more than a command
 * @ctx: says where the socket is
 * @command: the command
 * @result: as daemon_ask()
 * @why: as daemon_ask()
 * @why_size: its size in bytes
 *
 * Return: as daemon_ask().
 */
int daemon_ask_plain(struct context *ctx, const char *command,
		     struct json_object **result, char *why, size_t why_size)
{
	struct json_object *request = json_object_new_object();
	int ret;

	json_object_object_add(request, "command",
			       json_object_new_string(command));
	ret = daemon_ask(ctx, request, result, why, why_size);
	json_object_put(request);
	return ret;
}

/**
 * daemon_exit_code() - kturnd did not do it: say so
 * @ret: what daemon_ask() returned
 * @why: what it said, one or more lines
 *
 * Return: the exit code.
 */
int daemon_exit_code(int ret, const char *why)
{
	while (*why) {
		int len = (int)strcspn(why, "\n");

		complain("kturnd: %.*s", len, why);
		why += len;
		why += *why == '\n';
	}
	if (ret == -ENOENT || ret == -ECONNREFUSED)
		return EXIT_ABSENT;
	return ret == -EACCES || ret == -EPERM ? EXIT_PERMISSION : EXIT_REFUSED;
}

int daemon_ask_list(struct context *ctx, const char *what,
		    struct json_object **rows, char *why, size_t why_size)
{
	struct json_object *request = json_object_new_object();
	struct json_object *result;
	int ret;

	json_object_object_add(request, "command",
			       json_object_new_string("list"));
	json_object_object_add(request, "what", json_object_new_string(what));
	ret = daemon_ask(ctx, request, &result, why, why_size);
	json_object_put(request);

	*rows = json_object_get(json_member(result, what));
	json_object_put(result);
	if (ret)
		return ret;
	if (json_object_is_type(*rows, json_type_array))
		return 0;
	json_object_put(*rows);
	*rows = NULL;
	snprintf(why, why_size, "its answer has no list of %s", what);
	return -EBADMSG;
}
