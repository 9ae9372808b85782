// SPDX-License-Identifier: BSD-3-Clause
/* What a generator receives: what it is, whether it is right, and counting. */
#include <errno.h>

#include "bench/generator.h"
#include "stun/demux.h"

/* Batches from one socket before the others have their turn. */
#define BATCHES 4

/**
 * struct arrival - a payload, and how it came
 * @payload: what it says of itself
 * @way: the way it came
 * @flow: the flow it came by, less the first
 * @ns: when it came
 */
struct arrival {
	struct payload payload;
	enum way way;
	unsigned int flow;
	uint64_t ns;
};

static void count_latency(struct generator *g, enum way way, uint64_t sent,
			  uint64_t arrived)
{
	if (arrived < sent) {
		g->results.clock_steps++;
		arrived = sent;
	}
	histogram_add(&g->results.ways[way].latency, arrived - sent);
}

static void count_arrival(struct generator *g, const struct arrival *a,
			  enum arrival_kind kind)
{
	struct way_results *r = &g->results.ways[a->way];

	if (!a->payload.measured)
		return;
	switch (kind) {
	case ARRIVAL_DUPLICATE:
		r->duplicates++;
		return;
	case ARRIVAL_STALE:
		r->stale++;
		return;
	case ARRIVAL_REORDERED:
		r->reordered++;
		break;
	case ARRIVAL_IN_ORDER:
		break;
	}
	r->received++;
	r->received_bytes += a->payload.len;
	count_latency(g, a->way, a->payload.sent_ns, a->ns);
}

/* Is it one that this run has sent, as it was sent? */
static bool is_ours(struct generator *g, struct payload *p, const void *data,
		    size_t len)
{
	int ret = payload_read(p, data, len);

	if (ret == -ENOMSG || (!ret && p->run != g->run->id)) {
		g->results.foreign++;
		return false;
	}
	if (ret)
		g->results.damaged++;
	return !ret;
}

/* Ours, and it came where it belongs. */
static void take(struct generator *g, const struct arrival *a, uint64_t now)
{
	struct flow *f = &g->flows[a->way][a->flow];
	uint64_t sequence = a->payload.sequence;

	if (sequence >= f->next) {
		g->results.damaged++;
		return;
	}
	g->total_received++;
	if (sequence >= f->settled) {
		window_arrived(&g->senders[a->way].window,
			       sequence + 1 - f->settled, now);
		f->settled = sequence + 1;
	}
	count_arrival(g, a, sequence_arrived(&f->arrivals, sequence));
}

/* The channel says whom it is from; it must be of that flow. */
static void receive_data(struct generator *g, unsigned int client,
			 unsigned int i, uint64_t now)
{
	struct arrival a = {
		.way = g->run->options->traffic == TRAFFIC_ROUND_TRIP ?
		       WAY_TO_PEER : WAY_TO_CLIENT,
		.ns = udp_arrival(&g->inbox, i),
	};
	struct channel_data cd;
	unsigned int peer;

	if (channel_data_parse(&cd, g->inbox.iovs[i].iov_base,
			       g->inbox.msgs[i].msg_len)) {
		g->results.damaged++;
		return;
	}
	if (!is_ours(g, &a.payload, cd.payload, cd.len))
		return;
	peer = (unsigned int)cd.number - CHANNEL_NUMBER_MIN;
	a.flow = peer * g->client_count + client;
	if (peer >= g->peer_count || a.payload.way != a.way ||
	    a.payload.flow - g->first_flow != a.flow) {
		g->results.misrouted++;
		return;
	}
	take(g, &a, now);
}

static void receive_by_client(struct generator *g, unsigned int client,
			      unsigned int i, uint64_t now)
{
	const uint8_t *data = g->inbox.iovs[i].iov_base;
	size_t len = g->inbox.msgs[i].msg_len;

	if (stun_packet_classify(data, len, false) == STUN_PACKET_MESSAGE) {
		client_response(&g->clients[client], data, len, now);
		generator_pump(g, client, now);
		return;
	}
	receive_data(g, client, i, now);
}

/* It says what flow it is of; it must have come from that one's address. */
static void receive_by_peer(struct generator *g, unsigned int peer,
			    unsigned int i, uint64_t now)
{
	struct arrival a = {
		.way = WAY_TO_PEER,
		.ns = udp_arrival(&g->inbox, i),
	};

	if (!is_ours(g, &a.payload, g->inbox.iovs[i].iov_base,
		     g->inbox.msgs[i].msg_len))
		return;
	a.flow = a.payload.flow - g->first_flow;
	if (a.flow / g->client_count != peer || a.payload.way != a.way ||
	    !udp_name_equal(&g->inbox.names[i],
			    &g->relayed[a.flow % g->client_count])) {
		g->results.misrouted++;
		return;
	}
	take(g, &a, now);
}

/* Back where they came from, as they are. */
static void echo(struct generator *g, int fd, unsigned int count)
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct payload p;

		g->inbox.iovs[i].iov_len = g->inbox.msgs[i].msg_len;
		g->inbox.msgs[i].msg_hdr.msg_control = NULL;
		g->inbox.msgs[i].msg_hdr.msg_controllen = 0;
		if (!payload_read(&p, g->inbox.iovs[i].iov_base,
				  g->inbox.msgs[i].msg_len))
			g->results.echoed += p.measured;
	}
	while (done < count) {
		int sent = sendmmsg(fd, &g->inbox.msgs[done], count - done, 0);

		done += sent > 0 ? (unsigned int)sent : errno != EINTR;
	}
}

static void receive_batch(struct generator *g, unsigned int endpoint,
			  unsigned int count)
{
	uint64_t now = monotonic_ns();

	if (endpoint >= g->client_count &&
	    g->run->options->traffic == TRAFFIC_ROUND_TRIP) {
		echo(g, g->endpoints[endpoint].fd, count);
		return;
	}
	for (unsigned int i = 0; i < count; i++) {
		if (endpoint < g->client_count)
			receive_by_client(g, endpoint, i, now);
		else
			receive_by_peer(g, endpoint - g->client_count, i, now);
	}
}

/*
 * generator_receive() - take what has come to a socket
 * @g: the generator
 * @endpoint: its index
 */
void generator_receive(struct generator *g, unsigned int endpoint)
{
	for (unsigned int i = 0; i < BATCHES; i++) {
		int got = udp_receive(&g->inbox, g->endpoints[endpoint].fd);

		if (got < 0)
			generator_unreachable(g, endpoint);
		if (got <= 0)
			return;
		receive_batch(g, endpoint, (unsigned int)got);
		if (got < UDP_BATCH)
			return;
	}
}
