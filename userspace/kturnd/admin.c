// SPDX-License-Identifier: BSD-3-Clause
/*
 * The admin socket. A client is bounded in all it can hold: the number of
 * connections, the length of its request, the one answer, the time it takes.
 */
#include "kturnd/admin.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_CLIENTS 8

/**
 * struct admin_client - a connection
 * @admin: the listener it came from
 * @bev: its buffers; NULL: this place is free
 * @answered: the answer is under way, and is the last thing to happen
 */
struct admin_client {
	struct admin *admin;
	struct bufferevent *bev;
	bool answered;
};

/**
 * struct admin - the listener
 * @listener: libevent's part
 * @handle: carries requests out
 * @arg: for @handle
 * @addr: where the socket lies
 * @inode: of the socket, to know it again
 * @clients: places for connections
 */
struct admin {
	struct evconnlistener *listener;
	admin_handle_cb handle;
	void *arg;
	struct sockaddr_un addr;
	ino_t inode;
	struct admin_client clients[MAX_CLIENTS];
};

static void client_close(struct admin_client *client)
{
	bufferevent_free(client->bev);
	client->bev = NULL;
}

static struct json_object *failure(const char *text)
{
	struct json_object *answer = json_object_new_object();

	json_object_object_add(answer, "ok", json_object_new_boolean(false));
	json_object_object_add(answer, "error", json_object_new_string(text));
	return answer;
}

/* Let the owner of the listener carry the request out. */
static struct json_object *carry_out(struct admin *admin,
				     struct json_object *request)
{
	struct json_object *member, *reply, *answer;
	const char *text;
	int ret;

	if (!json_object_is_type(request, json_type_object) ||
	    !json_object_object_get_ex(request, "command", &member) ||
	    !json_object_is_type(member, json_type_string))
		return failure("a request is a JSON object with a text \"command\", on one line");

	reply = json_object_new_object();
	ret = admin->handle(json_object_get_string(member), request, reply,
			    admin->arg);
	if (ret < 0) {
		text = strerror(-ret);
		if (json_object_object_get_ex(reply, "error", &member))
			text = json_object_get_string(member);
		answer = failure(text);
		json_object_put(reply);
		return answer;
	}

	answer = json_object_new_object();
	json_object_object_add(answer, "ok", json_object_new_boolean(true));
	json_object_object_add(answer, "result", reply);
	return answer;
}

/* Takes the answer over. The connection ends once it is written. */
static void client_answer(struct admin_client *client,
			  struct json_object *answer)
{
	struct evbuffer *out = bufferevent_get_output(client->bev);
	size_t len;
	const char *text = json_object_to_json_string_length(
		answer, JSON_C_TO_STRING_PLAIN, &len);

	client->answered = true;
	bufferevent_disable(client->bev, EV_READ);
	if (!text || evbuffer_add(out, text, len) ||
	    evbuffer_add(out, "\n", 1))
		client_close(client);
	json_object_put(answer);
}

static void client_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct admin_client *client = arg;
	struct json_object *request;
	size_t len;
	char *line;

	line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
	if (!line) {
		if (evbuffer_get_length(in) >= ADMIN_MAX_REQUEST)
			client_answer(client, failure("the request is too long"));
		return;
	}
	request = json_tokener_parse(line);
	client_answer(client, carry_out(client->admin, request));
	json_object_put(request);
	free(line);
}

static void client_written(struct bufferevent *bev, void *arg)
{
	struct admin_client *client = arg;

	(void)bev;
	if (client->answered)
		client_close(client);
}

/* End of file, an error, or a timeout: whatever it is, it is the end. */
static void client_event(struct bufferevent *bev, short events, void *arg)
{
	(void)bev;
	(void)events;
	client_close(arg);
}

static void refuse(evutil_socket_t fd)
{
	static const char text[] =
		"{\"ok\":false,\"error\":\"too many admin connections, try again\"}\n";

	/* A new connection has room for that much; if not, so be it. */
	(void)send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void accepted(struct evconnlistener *listener, evutil_socket_t fd,
		     struct sockaddr *addr, int len, void *arg)
{
	const struct timeval timeout = { .tv_sec = ADMIN_TIMEOUT_S };
	struct admin_client *client = NULL;
	struct admin *admin = arg;

	(void)addr;
	(void)len;
	for (int i = 0; i < MAX_CLIENTS && !client; i++) {
		if (!admin->clients[i].bev)
			client = &admin->clients[i];
	}
	if (client)
		client->bev = bufferevent_socket_new(
			evconnlistener_get_base(listener), fd,
			BEV_OPT_CLOSE_ON_FREE);
	if (!client || !client->bev) {
		refuse(fd);
		return;
	}
	client->admin = admin;
	client->answered = false;
	bufferevent_setcb(client->bev, client_read, client_written,
			  client_event, client);
	bufferevent_setwatermark(client->bev, EV_READ, 0, ADMIN_MAX_REQUEST);
	bufferevent_set_timeouts(client->bev, &timeout, &timeout);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

/* Is there a process behind the socket that lies at this path? */
static bool answered_by_someone(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ret;

	if (fd < 0)
		return false;
	ret = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
	/* EAGAIN: its backlog is full, which takes a listener. */
	if (ret && errno == EAGAIN)
		ret = 0;
	close(fd);
	return ret == 0;
}

/* Make room at the path; returns 0 or an errno with a reason. */
static int clear_path(const struct sockaddr_un *addr, char *why, size_t size)
{
	struct stat st;

	if (lstat(addr->sun_path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(why, size, "%s exists and is not a socket: remove it, or choose another path",
			 addr->sun_path);
		return -EEXIST;
	}
	if (answered_by_someone(addr)) {
		snprintf(why, size, "%s: another kturnd is running and answers there: stop it, or give this one a socket of its own",
			 addr->sun_path);
		return -EADDRINUSE;
	}
	unlink(addr->sun_path);
	return 0;
}

static void make_directory(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	/* Usually it is there; if it cannot be made, bind() tells. */
	(void)mkdir(dir, 0755);
}

/* A listening socket at the path, or a negative errno. */
static int listen_at(struct admin *admin, char *why, size_t size)
{
	const char *path = admin->addr.sun_path;
	struct stat st;
	int fd, ret;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		ret = -errno;
		snprintf(why, size, "%s: %s", path, strerror(-ret));
		return ret;
	}
	/* Linux gives the file the mode that the socket has when bound. */
	if (fchmod(fd, 0600) ||
	    bind(fd, (struct sockaddr *)&admin->addr, sizeof(admin->addr)) ||
	    lstat(path, &st) || listen(fd, MAX_CLIENTS)) {
		ret = -errno;
		snprintf(why, size, "%s: %s", path, strerror(-ret));
		close(fd);
		return ret;
	}
	admin->inode = st.st_ino;
	return fd;
}

int admin_open(struct admin **out, struct event_base *base, const char *path,
	       admin_handle_cb handle, void *arg, char *why, size_t why_size)
{
	const size_t len = strlen(path);
	struct admin *admin;
	int fd, ret;

	*out = NULL;
	if (len >= sizeof(admin->addr.sun_path)) {
		snprintf(why, why_size, "%s: longer than a socket's path can be (%zu bytes)",
			 path, sizeof(admin->addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	admin = calloc(1, sizeof(*admin));
	if (!admin)
		goto no_memory;
	admin->handle = handle;
	admin->arg = arg;
	admin->addr.sun_family = AF_UNIX;
	memcpy(admin->addr.sun_path, path, len);

	make_directory(path);
	ret = clear_path(&admin->addr, why, why_size);
	if (ret)
		goto free_admin;
	fd = listen_at(admin, why, why_size);
	if (fd < 0) {
		ret = fd;
		goto free_admin;
	}
	admin->listener = evconnlistener_new(base, accepted, admin,
					     LEV_OPT_CLOSE_ON_FREE |
					     LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!admin->listener) {
		close(fd);
		unlink(path);
		free(admin);
		goto no_memory;
	}
	*out = admin;
	return 0;

free_admin:
	free(admin);
	return ret;
no_memory:
	snprintf(why, why_size, "%s: out of memory", path);
	return -ENOMEM;
}

void admin_close(struct admin *admin)
{
	struct stat st;

	if (!admin)
		return;
	for (int i = 0; i < MAX_CLIENTS; i++) {
		if (admin->clients[i].bev)
			client_close(&admin->clients[i]);
	}
	evconnlistener_free(admin->listener);
	if (!lstat(admin->addr.sun_path, &st) && st.st_ino == admin->inode)
		unlink(admin->addr.sun_path);
	free(admin);
}
