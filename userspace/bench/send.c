// SPDX-License-Identifier: BSD-3-Clause
/* What a generator sends: when, through which flow, and how many at a time. */
#include <errno.h>
#include <string.h>

#include "bench/generator.h"

/* One way, between two looks at what has come in. */
#define AT_A_TIME UDP_BATCH

static void count_sent(struct generator *g, const struct outbox *box,
		       unsigned int first, unsigned int count)
{
	struct way_results *r = &g->results.ways[box->way];

	g->total_sent += count;
	if (!g->measuring)
		return;
	r->sent += count;
	for (unsigned int i = first; i < first + count; i++)
		r->sent_bytes += PAYLOAD_HEADER_LEN +
				 box->iovs[i][1].iov_len;
}

/* Whether the message may be tried again after this error. */
static bool again(struct generator *g, int error)
{
	if (error == EINTR)
		return true;
	/* An earlier datagram's ICMP error; this one has not been sent. */
	if (error == ECONNREFUSED) {
		g->results.refused++;
		return true;
	}
	g->results.send_errors++;
	if (!g->results.send_errno)
		g->results.send_errno = error;
	return false;
}

static void flush(struct generator *g, struct outbox *box)
{
	uint64_t ns = realtime_ns();
	unsigned int done = 0;

	for (unsigned int i = 0; i < box->count; i++)
		payload_stamp(box->heads[i] + CHANNEL_DATA_HEADER_LEN, ns);
	while (done < box->count) {
		int sent = sendmmsg(box->fd, &box->msgs[done],
				    box->count - done, 0);

		if (sent > 0)
			count_sent(g, box, done, (unsigned int)sent);
		if (sent > 0)
			done += (unsigned int)sent;
		else if (!again(g, errno))
			done++;
	}
	box->count = 0;
}

/* Adds a datagram whose headers are in place. */
static void put(struct outbox *box, uint8_t *head, size_t head_len,
		uint8_t *filler, size_t filler_len, union udp_name *to)
{
	struct iovec *iov = box->iovs[box->count];

	iov[0].iov_base = head;
	iov[0].iov_len = head_len;
	iov[1].iov_base = filler;
	iov[1].iov_len = filler_len;
	box->msgs[box->count].msg_hdr = (struct msghdr){
		.msg_name = to,
		.msg_namelen = !to ? 0 : to->any.sa_family == AF_INET ?
			       sizeof(to->in) : sizeof(to->in6),
		.msg_iov = iov,
		.msg_iovlen = 2,
	};
	box->count++;
}

/* The next datagram of a flow, one way. */
static void send_one(struct generator *g, enum way way, unsigned int flow)
{
	unsigned int client = flow % g->client_count;
	unsigned int peer = flow / g->client_count;
	bool up = way == WAY_TO_PEER;
	struct endpoint *from = &g->endpoints[up ? client
						 : g->client_count + peer];
	struct outbox *box = &g->senders[way].outbox;
	struct flow *f = &g->flows[way][flow];
	uint8_t *head;
	uint16_t size = size_mix_pick(&g->run->options->sizes,
				      f->next + flow);

	if (box->count && (box->fd != from->fd || box->count == UDP_BATCH))
		flush(g, box);
	box->fd = from->fd;
	box->way = way;
	head = box->heads[box->count] + CHANNEL_DATA_HEADER_LEN;
	payload_write(head, &(struct payload){
		.run = g->run->id,
		.flow = g->first_flow + flow,
		.way = (uint8_t)way,
		.measured = g->measuring,
		.len = size,
		.sequence = f->next++,
	});
	if (up)
		head = channel_data_push(head, client_channel_number(peer),
					 size);
	put(box, head, PAYLOAD_HEADER_LEN + (up ? CHANNEL_DATA_HEADER_LEN : 0),
	    g->filler, size - PAYLOAD_HEADER_LEN,
	    up ? NULL : &g->relayed[client]);
}

static void send_next(struct generator *g, enum way way)
{
	struct sender *s = &g->senders[way];

	if (!s->left) {
		if (++s->flow >= generator_flow_count(g))
			s->flow = 0;
		s->left = g->run->options->burst;
	}
	s->left--;
	send_one(g, way, s->flow);
}

static void send_paced(struct generator *g, uint64_t now)
{
	uint64_t skipped = g->pacer.skipped;
	uint64_t due = pacer_due(&g->pacer, now, WAYS * AT_A_TIME);
	const struct options *o = g->run->options;

	if (g->measuring)
		g->results.skipped += g->pacer.skipped - skipped;
	while (due--) {
		enum way way = g->turn++ % WAYS;

		if (o->traffic != TRAFFIC_BOTH)
			way = o->traffic == TRAFFIC_TO_CLIENT ? WAY_TO_CLIENT
							      : WAY_TO_PEER;
		send_next(g, way);
	}
}

static void send_flat_out(struct generator *g, enum way way, uint64_t now)
{
	struct window *window = &g->senders[way].window;
	uint64_t room;

	if (window_stalled(window, now)) {
		for (unsigned int i = 0; i < generator_flow_count(g); i++)
			g->flows[way][i].settled = g->flows[way][i].next;
		g->results.stalls += g->measuring;
	}
	room = window_room(window);
	if (room > AT_A_TIME)
		room = AT_A_TIME;
	while (room--) {
		send_next(g, way);
		window_sent(window, now);
	}
}

/*
 * generator_send() - send what is due
 * @g: the generator
 * @now: the time
 */
void generator_send(struct generator *g, uint64_t now)
{
	if (g->pacer.rate)
		send_paced(g, now);
	for (unsigned int way = 0; way < WAYS; way++) {
		if (!g->pacer.rate && g->flows[way])
			send_flat_out(g, (enum way)way, now);
		flush(g, &g->senders[way].outbox);
	}
}

/*
 * generator_send_next() - when to call generator_send() again
 * @g: the generator
 *
 * Return: a time, which may be past; PACER_NEVER: as soon as something arrives.
 */
uint64_t generator_send_next(const struct generator *g)
{
	if (g->pacer.rate)
		return pacer_next(&g->pacer);
	for (unsigned int way = 0; way < WAYS; way++) {
		if (g->flows[way] && window_room(&g->senders[way].window))
			return 0;
	}
	return PACER_NEVER;
}
