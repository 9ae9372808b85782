// SPDX-License-Identifier: BSD-3-Clause
/* Looking after a generator's clients: set up, kept alive, released. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "bench/generator.h"
#include "stun/error_code.h"

/* Clients that are setting up, or releasing, at a time. */
#define AT_A_TIME 64

/* What may be done about it. */
static const char *remedy(const struct generator *g,
			  const struct client_failure *failure)
{
	switch (failure->code) {
	case STUN_ERR_UNAUTHENTICATED:
		return g->login.user ? " (wrong user name or password)" :
		       " (it wants --user and --password, or --secret)";
	case STUN_ERR_FORBIDDEN:
		return failure->peer.family ?
		       " (it does not allow this peer: see --peer-address)" :
		       "";
	case STUN_ERR_ALLOCATION_QUOTA_REACHED:
		return " (fewer --allocations, or a larger quota)";
	default:
		return "";
	}
}

static void tell_failure(struct generator *g,
			 const struct client_failure *failure)
{
	char why[GENERATOR_ERROR_MAX - 2 * TRANSPORT_ADDR_STRLEN];
	char server[TRANSPORT_ADDR_STRLEN];

	client_failure_print(failure, why, sizeof(why));
	snprintf(g->error, sizeof(g->error), "%s %s%s",
		 transport_addr_print(&g->run->server, server), why,
		 remedy(g, failure));
}

/* A client is about something else now. */
static void note_state(struct generator *g, unsigned int i)
{
	struct client *c = &g->clients[i];

	if (c->state == g->client_state[i])
		return;
	g->states[g->client_state[i]]--;
	g->states[c->state]++;
	if (c->state == CLIENT_READY)
		udp_name_from(&g->relayed[i], &c->relayed);
	if (c->state == CLIENT_FAILED && !g->error[0] &&
	    g->client_state[i] != CLIENT_RELEASING)
		tell_failure(g, &c->failure);
	g->client_state[i] = (uint8_t)c->state;
}

/*
 * generator_unreachable() - an ICMP error has come back to a socket
 * @g: the generator
 * @endpoint: whose it is
 */
void generator_unreachable(struct generator *g, unsigned int endpoint)
{
	/* A server that is only starting is no finding. */
	g->results.refused += g->phase != PHASE_SETTING_UP;
	if (endpoint < g->client_count)
		client_unreachable(&g->clients[endpoint]);
}

/*
 * generator_pump() - send what a client has to send
 * @g: the generator
 * @client: index of the client
 * @now: the time
 */
void generator_pump(struct generator *g, unsigned int client, uint64_t now)
{
	struct client *c = &g->clients[client];
	uint8_t request[CLIENT_REQUEST_MAX];
	size_t len = client_request(c, now, request, sizeof(request));

	/* What is not sent counts as lost, and is sent again in time. */
	if (len && send(g->endpoints[client].fd, request, len, 0) < 0 &&
	    errno == ECONNREFUSED)
		generator_unreachable(g, client);
	g->client_due[client] = client_due(c);
	note_state(g, client);
}

static void start_some(struct generator *g, uint64_t now)
{
	while (g->started < g->client_count &&
	       g->states[CLIENT_STARTING] < AT_A_TIME) {
		client_start(&g->clients[g->started], now);
		generator_pump(g, g->started++, now);
	}
}

static void release_some(struct generator *g, uint64_t now)
{
	while (g->started && g->states[CLIENT_RELEASING] < AT_A_TIME) {
		unsigned int i = --g->started;

		client_release(&g->clients[i], now);
		generator_pump(g, i, now);
	}
}

/*
 * generator_look_after() - see to all clients whose time has come
 * @g: the generator
 * @now: the time
 */
void generator_look_after(struct generator *g, uint64_t now)
{
	for (unsigned int i = 0; i < g->client_count; i++) {
		if (g->client_due[i] <= now)
			generator_pump(g, i, now);
	}
	if (g->phase == PHASE_SETTING_UP)
		start_some(g, now);
	if (g->phase == PHASE_RELEASING)
		release_some(g, now);
}
