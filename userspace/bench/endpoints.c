// SPDX-License-Identifier: BSD-3-Clause
/* A generator's memory and sockets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/generator.h"

/* STUN has to fit, too, however small the payloads are. */
#define ROOM_MIN 2048

static unsigned int endpoint_count(const struct generator *g)
{
	return g->client_count + (g->own_peers ? g->peer_count : 0);
}

static int out_of_memory(struct generator *g)
{
	snprintf(g->error, sizeof(g->error), "not enough memory for %u allocations with %u channels each",
		 g->client_count, g->peer_count);
	return -ENOMEM;
}

static int get_memory(struct generator *g)
{
	const struct size_mix *sizes = &g->run->options->sizes;
	size_t room = CHANNEL_DATA_HEADER_LEN + sizes->largest + 1u;
	size_t flows = generator_flow_count(g);

	g->clients = calloc(g->client_count, sizeof(*g->clients));
	g->client_due = calloc(g->client_count, sizeof(*g->client_due));
	g->client_state = calloc(g->client_count, sizeof(*g->client_state));
	g->relayed = calloc(g->client_count, sizeof(*g->relayed));
	g->peers = calloc(g->peer_count, sizeof(*g->peers));
	g->endpoints = calloc(endpoint_count(g), sizeof(*g->endpoints));
	for (unsigned int i = 0; g->endpoints && i < endpoint_count(g); i++)
		g->endpoints[i].fd = -1;
	g->filler = malloc(sizes->largest);
	g->login.crypto = stun_crypto_new();
	for (unsigned int way = 0; way < WAYS; way++) {
		if (!options_way_used(g->run->options, (enum way)way))
			continue;
		g->flows[way] = calloc(flows, sizeof(*g->flows[way]));
		if (!g->flows[way])
			return out_of_memory(g);
	}
	if (!g->clients || !g->client_due || !g->client_state || !g->relayed ||
	    !g->peers || !g->endpoints || !g->filler ||
	    udp_batch_init(&g->inbox, room < ROOM_MIN ? ROOM_MIN : room))
		return out_of_memory(g);
	if (!g->login.crypto) {
		snprintf(g->error, sizeof(g->error), "OpenSSL lacks SHA-1 or SHA-256");
		return -EOPNOTSUPP;
	}
	/* Neither zeros nor the same everywhere: compressors exist. */
	for (size_t i = 0; i < sizes->largest; i++)
		g->filler[i] = (uint8_t)(i * 167 >> 3 ^ i);
	return 0;
}

static int socket_error(struct generator *g, const char *what,
			const struct transport_addr *addr, int error)
{
	char text[TRANSPORT_ADDR_STRLEN];

	snprintf(g->error, sizeof(g->error), "%s %s: %s%s", what,
		 transport_addr_print(addr, text), strerror(-error),
		 error == -EMFILE || error == -ENFILE ?
			 " (raise it with ulimit -n)" : "");
	return error;
}

static int watch(struct generator *g, unsigned int index)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.u32 = index,
	};

	if (!epoll_ctl(g->epoll, EPOLL_CTL_ADD, g->endpoints[index].fd,
		       &event))
		return 0;
	snprintf(g->error, sizeof(g->error), "epoll: %s", strerror(errno));
	return -errno;
}

static int open_clients(struct generator *g)
{
	const struct options *o = g->run->options;

	for (unsigned int i = 0; i < g->client_count; i++) {
		int fd = udp_open(&o->client_address, &g->run->server,
				  o->socket_buffer, false);

		if (fd < 0)
			return socket_error(g, "a socket to the server",
					    &g->run->server, fd);
		g->endpoints[i].fd = fd;
		if (watch(g, i))
			return -EINVAL;
	}
	return 0;
}

static int open_peers(struct generator *g)
{
	for (unsigned int i = 0; i < g->peer_count; i++) {
		unsigned int index = g->client_count + i;
		int fd = udp_open(&g->run->peer, NULL,
				  g->run->options->socket_buffer, false);

		if (fd < 0)
			return socket_error(g, "a peer's socket on",
					    &g->run->peer, fd);
		g->endpoints[index].fd = fd;
		if (watch(g, index) || udp_local(fd, &g->peers[i]))
			return -EINVAL;
	}
	return 0;
}

static void list_remote_peers(struct generator *g)
{
	for (unsigned int i = 0; i < g->peer_count; i++) {
		g->peers[i] = g->run->peer;
		g->peers[i].port = (uint16_t)(g->peers[i].port + i);
	}
}

/*
 * generator_open() - get memory and sockets
 * @g: the generator
 *
 * Return: 0 or a negative errno, and then @g->error says more.
 */
int generator_open(struct generator *g)
{
	const struct credentials *credentials = &g->run->credentials;
	int ret = get_memory(g);

	if (ret)
		return ret;
	g->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (g->epoll < 0) {
		snprintf(g->error, sizeof(g->error), "epoll: %s",
			 strerror(errno));
		return -EINVAL;
	}
	if (credentials->user[0]) {
		g->login.user = credentials->user;
		g->login.password = credentials->password;
	}
	for (unsigned int i = 0; i < g->client_count; i++) {
		client_init(&g->clients[i], &g->login, g->peers,
			    g->peer_count);
		g->client_due[i] = CLIENT_NEVER;
	}
	g->states[CLIENT_IDLE] = g->client_count;
	ret = open_clients(g);
	if (!ret && g->own_peers)
		return open_peers(g);
	list_remote_peers(g);
	return ret;
}

/* generator_close() - close and free everything, but not the results */
void generator_close(struct generator *g)
{
	for (unsigned int i = 0; g->endpoints && i < endpoint_count(g); i++) {
		if (g->endpoints[i].fd >= 0)
			close(g->endpoints[i].fd);
	}
	if (g->epoll >= 0)
		close(g->epoll);
	free(g->clients);
	free(g->client_due);
	free(g->client_state);
	free(g->relayed);
	free(g->peers);
	free(g->endpoints);
	free(g->filler);
	for (unsigned int way = 0; way < WAYS; way++)
		free(g->flows[way]);
	udp_batch_free(&g->inbox);
	stun_crypto_free(g->login.crypto);
}

/* generator_mark_drops() - from now on drops count */
void generator_mark_drops(struct generator *g)
{
	for (unsigned int i = 0; i < endpoint_count(g); i++)
		g->endpoints[i].drops = udp_drops(g->endpoints[i].fd);
}

/* generator_count_drops() - how many there were since */
void generator_count_drops(struct generator *g)
{
	for (unsigned int i = 0; i < endpoint_count(g); i++) {
		struct endpoint *e = &g->endpoints[i];
		bool peer = i >= g->client_count;
		enum way way = peer || g->run->options->traffic ==
			       TRAFFIC_ROUND_TRIP ? WAY_TO_PEER : WAY_TO_CLIENT;

		/* The difference is right across the counter's wrap. */
		g->results.ways[way].host_drops +=
			(uint32_t)(udp_drops(e->fd) - e->drops);
	}
}
