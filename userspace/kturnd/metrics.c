// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/metrics.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kturnd/daemon.h"
#include "kturnd/metrics_text.h"
#include "net/sockaddr.h"

#define DEFAULT_PATH	"/metrics"

/* A scraper asks for little, and at once. */
#define MAX_HEADERS	8192
#define TIMEOUT_S	5
#define BACKLOG		16

/**
 * struct metrics - an HTTP server
 * @http: libevent's part
 * @addr: where it was asked to listen; family 0: anywhere
 * @daemon: whose counters it tells
 * @kernel: the module's
 */
struct metrics {
	struct evhttp *http;
	struct transport_addr addr;
	const struct daemon *daemon;
	struct kernel_totals kernel;
};

/* Where to: @cfg->prometheus_address with the port. */
static struct transport_addr wanted_address(const struct kturnd_config *cfg)
{
	struct transport_addr addr = { 0 };

	if (cfg->prometheus_address.n)
		addr = cfg->prometheus_address.v[cfg->prometheus_address.n - 1];
	addr.port = (uint16_t)cfg->prometheus_port;
	return addr;
}

static void answer(struct evhttp_request *request, struct evbuffer *body,
		   const char *type)
{
	evhttp_add_header(evhttp_request_get_output_headers(request),
			  "Content-Type", type);
	evhttp_send_reply(request, HTTP_OK, "OK", body);
}

static void on_request(struct evhttp_request *request, void *arg)
{
	struct metrics *metrics = arg;
	const struct evhttp_uri *uri =
		evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *wanted = metrics->daemon->cfg->prometheus_path ?:
			     DEFAULT_PATH;
	struct evbuffer *body = evbuffer_new();
	int ret = 0;

	if (!body || !path) {
		evhttp_send_error(request, HTTP_BADREQUEST, NULL);
	} else if (strcmp(path, wanted) == 0) {
		ret = metrics_text(metrics->daemon, &metrics->kernel, body);
		if (ret)
			evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
		else
			answer(request, body,
			       "text/plain; version=0.0.4; charset=utf-8");
	} else if (strcmp(path, "/") == 0) {
		evbuffer_add_printf(body, "ok\n");
		answer(request, body, "text/plain; charset=utf-8");
	} else {
		evhttp_send_error(request, HTTP_NOTFOUND, NULL);
	}
	if (body)
		evbuffer_free(body);
}

/* A listening socket, or a negative errno. */
static int listen_at(const struct transport_addr *addr)
{
	union net_sockaddr sa;
	const int on = 1, off = 0;
	socklen_t len = net_sockaddr_from(&sa, addr);
	int fd, ret;

	fd = socket(addr->family,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    (addr->family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off))) ||
	    bind(fd, &sa.any, len) || listen(fd, BACKLOG)) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

/* Anywhere: by both families, on a host that has but IPv4 by that. */
static int listen_as_wanted(const struct transport_addr *addr)
{
	struct transport_addr any = { .family = AF_INET6, .port = addr->port };
	int fd;

	if (addr->family)
		return listen_at(addr);
	fd = listen_at(&any);
	if (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL)
		return fd;
	any.family = AF_INET;
	return listen_at(&any);
}

static void metrics_free(struct metrics *metrics)
{
	if (metrics->http)
		evhttp_free(metrics->http);
	free(metrics);
}

static struct metrics *metrics_new(const struct daemon *daemon,
				   const struct transport_addr *addr, int fd)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (!metrics)
		return NULL;
	metrics->daemon = daemon;
	metrics->addr = *addr;
	metrics->http = evhttp_new(daemon->base);
	if (!metrics->http) {
		metrics_free(metrics);
		return NULL;
	}
	evhttp_set_allowed_methods(metrics->http,
				   EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(metrics->http, MAX_HEADERS);
	evhttp_set_max_body_size(metrics->http, 0);
	evhttp_set_timeout(metrics->http, TIMEOUT_S);
	evhttp_set_gencb(metrics->http, on_request, metrics);
	if (!evhttp_accept_socket_with_handle(metrics->http, fd)) {
		metrics_free(metrics);
		return NULL;
	}
	return metrics;
}

int metrics_open(struct daemon *daemon, const struct kturnd_config *cfg,
		 struct metrics **metrics, char *why, size_t size)
{
	const struct transport_addr addr = wanted_address(cfg);
	char text[TRANSPORT_ADDR_STRLEN];
	int fd;

	*metrics = NULL;
	if (!cfg->prometheus)
		return 0;
	*metrics = daemon->metrics;
	if (daemon->metrics &&
	    transport_addr_equal(&daemon->metrics->addr, &addr))
		return 0;
	*metrics = NULL;
	fd = listen_as_wanted(&addr);
	if (fd < 0) {
		snprintf(why, size,
			 "prometheus: cannot listen on %s: %s; choose another prometheus-port or prometheus-address",
			 addr.family ? transport_addr_print(&addr, text)
				     : "any address", strerror(-fd));
		return fd;
	}
	*metrics = metrics_new(daemon, &addr, fd);
	if (*metrics)
		return 0;
	close(fd);
	snprintf(why, size, "prometheus: out of memory");
	return -ENOMEM;
}

void metrics_close(const struct daemon *daemon, struct metrics *metrics)
{
	if (metrics && metrics != daemon->metrics)
		metrics_free(metrics);
}

void metrics_use(struct daemon *daemon, struct metrics *metrics)
{
	struct metrics *old = daemon->metrics;

	daemon->metrics = metrics;
	metrics_close(daemon, old);
}
