// SPDX-License-Identifier: BSD-3-Clause
#include "bench/prepare.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S	1000000000
/* TURN REST: credentials are good for so long after the end. */
#define CREDENTIALS_S	(24 * 3600)

/* SERVER is a name or an address, with or without a port. */
static int resolve(struct run *run)
{
	const struct options *o = run->options;
	struct addrinfo hints = {
		.ai_family = o->family,
		.ai_socktype = SOCK_DGRAM,
	}, *found;
	char host[256], *colon;
	const char *port = "3478";
	int ret;

	if (!transport_addr_parse(&run->server, o->server)) {
		if (!run->server.port)
			run->server.port = BENCH_DEFAULT_PORT;
		if (!o->family || o->family == run->server.family)
			return 0;
		fprintf(stderr, "kturn-bench: server %s is not of the IP version that -%c asks for\n",
			o->server, o->family == AF_INET ? '4' : '6');
		return -EAFNOSUPPORT;
	}
	snprintf(host, sizeof(host), "%s", o->server);
	colon = strrchr(host, ':');
	if (colon) {
		*colon = '\0';
		port = colon + 1;
	}
	ret = getaddrinfo(host, port, &hints, &found);
	if (ret) {
		fprintf(stderr, "kturn-bench: server %s: %s\n", o->server,
			gai_strerror(ret));
		return -ENOENT;
	}
	ret = transport_addr_from_sockaddr(&run->server, found->ai_addr,
					   found->ai_addrlen);
	freeaddrinfo(found);
	return ret;
}

/* Own peers are where packets to the server go out from, unless told. */
static int choose_peer(struct run *run)
{
	const struct options *o = run->options;
	int fd, ret;

	run->peer = o->remote_peer.family ? o->remote_peer : o->peer_address;
	if (run->peer.family)
		return 0;
	fd = udp_open(&o->client_address, &run->server, o->socket_buffer,
		      false);
	ret = fd < 0 ? fd : udp_local(fd, &run->peer);
	if (fd >= 0)
		close(fd);
	run->peer.port = 0;
	if (ret)
		fprintf(stderr, "kturn-bench: server %s cannot be reached: %s\n",
			o->server, strerror(-ret));
	return ret;
}

static int make_credentials(struct run *run)
{
	const struct options *o = run->options;
	uint64_t expires = (uint64_t)time(NULL) + CREDENTIALS_S +
			   (o->duration_ns + o->warm_up_ns) / NS_PER_S;
	int ret = o->secret ?
		credentials_from_secret(&run->credentials, o->user,
					o->secret, expires) :
		credentials_from_password(&run->credentials, o->user,
					  o->password);

	if (ret)
		fprintf(stderr, "kturn-bench: credentials: %s\n",
			strerror(-ret));
	return ret;
}

/* A socket for each client and peer, and a few more. */
static int raise_file_limit(const struct options *o)
{
	uint64_t wanted = o->allocations + 64 +
			  (uint64_t)o->threads * (o->channels + 1);
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= wanted)
		return 0;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (limit.rlim_max < wanted) {
		/* Root may have more. */
		struct rlimit more = { wanted, wanted };

		if (!setrlimit(RLIMIT_NOFILE, &more))
			return 0;
		fprintf(stderr, "kturn-bench: %" PRIu64 " sockets are needed and %" PRIu64 " files allowed: raise the limit with ulimit -n\n",
			wanted, (uint64_t)limit.rlim_max);
		return -EMFILE;
	}
	return setrlimit(RLIMIT_NOFILE, &limit) ? -errno : 0;
}

int prepare(struct run *run)
{
	int ret;

	if (getrandom(&run->id, sizeof(run->id), 0) != sizeof(run->id))
		return -EIO;
	ret = resolve(run);
	if (!ret)
		ret = choose_peer(run);
	if (!ret)
		ret = make_credentials(run);
	if (!ret)
		ret = raise_file_limit(run->options);
	return ret;
}
