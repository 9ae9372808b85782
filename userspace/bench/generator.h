/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread that makes load: clients with allocations, peers, the datagrams
 * they send each other, and what is counted of them. Threads share nothing but
 * struct run.
 *
 * A flow is a channel: a client and a peer of the same thread. Flows are
 * numbered so that neighbours have different clients and the same peer: flow f
 * belongs to client f % clients and peer f / clients.
 */
#ifndef KTURN_BENCH_GENERATOR_H
#define KTURN_BENCH_GENERATOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/client.h"
#include "bench/credentials.h"
#include "bench/options.h"
#include "bench/pacer.h"
#include "bench/payload.h"
#include "bench/results.h"
#include "bench/sequence.h"
#include "bench/udp.h"
#include "stun/channel_data.h"

#define GENERATOR_ERROR_MAX 384

/**
 * struct run - what all threads go by
 * @options: the command line
 * @server: transport address of the server
 * @peer: own peers: their address, without a port; else the first elsewhere
 * @credentials: for the server
 * @id: random, tells this run's datagrams from others'
 * @start_ns: when to begin to send; valid once @go is set
 * @measure_ns: when to begin to measure; likewise
 * @end_ns: when to stop sending; may be brought forward
 * @go: every thread is ready: send
 * @give_up: another thread failed, or the operator lost patience: release
 *
 * Times are CLOCK_MONOTONIC.
 */
struct run {
	const struct options *options;
	struct transport_addr server;
	struct transport_addr peer;
	struct credentials credentials;
	uint32_t id;
	uint64_t start_ns;
	uint64_t measure_ns;
	_Atomic uint64_t end_ns;
	atomic_bool go;
	atomic_bool give_up;
};

/** enum phase - what a thread is about; phases follow in this order */
enum phase {
	PHASE_SETTING_UP,
	PHASE_READY,
	PHASE_SENDING,
	PHASE_DRAINING,
	PHASE_RELEASING,
	PHASE_DONE,
};

/**
 * struct progress - what the main thread may read while the thread runs
 * @phase: enum phase
 * @failed: set-up failed; @error says why
 * @clients: how many clients are ready
 * @sent: datagrams sent
 * @received: datagrams received
 */
struct progress {
	atomic_int phase;
	atomic_bool failed;
	_Atomic unsigned int clients;
	_Atomic uint64_t sent;
	_Atomic uint64_t received;
};

/**
 * struct flow - one way of one flow
 * @next: sequence number of the next datagram
 * @settled: what is below has arrived, was overtaken, or was given up
 * @arrivals: what has arrived
 */
struct flow {
	uint64_t next;
	uint64_t settled;
	struct sequence arrivals;
};

/**
 * struct outbox - datagrams of one way, to be sent through one socket
 * @fd: the socket
 * @count: how many
 * @way: their way
 * @msgs: their headers
 * @iovs: each a header of ours and then any bytes
 * @heads: headers: of the channel, and of the payload
 */
struct outbox {
	int fd;
	unsigned int count;
	enum way way;
	struct mmsghdr msgs[UDP_BATCH];
	struct iovec iovs[UDP_BATCH][2];
	uint8_t heads[UDP_BATCH][CHANNEL_DATA_HEADER_LEN + PAYLOAD_HEADER_LEN];
};

/**
 * struct sender - whose turn it is, one way
 * @flow: the flow that sends
 * @left: how many more it sends before the next one does
 * @window: what is under way
 * @outbox: what is about to be sent
 */
struct sender {
	unsigned int flow;
	unsigned int left;
	struct window window;
	struct outbox outbox;
};

/**
 * struct endpoint - a socket, of a client or of a peer
 * @fd: the descriptor
 * @drops: its drops when the measurement began
 */
struct endpoint {
	int fd;
	uint32_t drops;
};

/**
 * struct generator - the thread
 * @run: shared with the others
 * @first_flow: number of its first flow, among those of all threads
 * @client_count: how many clients it has
 * @peer_count: how many peers, which is how many channels each client has
 * @own_peers: peers are sockets of its own
 * @thread: the thread
 * @progress: for the main thread
 * @error: why set-up failed, or the first allocation was lost, or empty
 * @phase: what it is about
 * @epoll: descriptor; clients are numbered from 0, then peers
 * @clients: its clients
 * @client_due: when each has something to send
 * @client_state: what each was last known to be about
 * @states: how many clients are in which state
 * @started: how many were started
 * @relayed: relayed addresses, as datagrams come from them
 * @peers: peers' transport addresses
 * @endpoints: sockets: clients', then peers'
 * @flows: by way, then by number less @first_flow
 * @login: shared by its clients
 * @crypto: likewise
 * @pacer: at a rate: when to send
 * @turn: at a rate: counts datagrams, so that ways take turns
 * @senders: by way
 * @inbox: what was just received
 * @filler: what datagrams carry behind their headers
 * @measuring: it counts
 * @look_at: when to look after the clients again
 * @phase_ends: when draining or releasing has to be over
 * @cpu_start: processor time used when the measurement began
 * @total_sent: datagrams sent, measured or not
 * @total_received: likewise
 * @results: what was counted
 */
struct generator {
	const struct run *run;
	uint32_t first_flow;
	unsigned int client_count;
	unsigned int peer_count;
	bool own_peers;
	pthread_t thread;
	struct progress progress;
	char error[GENERATOR_ERROR_MAX];

	enum phase phase;
	int epoll;
	struct client *clients;
	uint64_t *client_due;
	uint8_t *client_state;
	unsigned int states[CLIENT_FAILED + 1];
	unsigned int started;
	union udp_name *relayed;
	struct transport_addr *peers;
	struct endpoint *endpoints;
	struct flow *flows[WAYS];
	struct login login;

	struct pacer pacer;
	uint64_t turn;
	struct sender senders[WAYS];
	struct udp_batch inbox;
	uint8_t *filler;
	bool measuring;
	uint64_t look_at;
	uint64_t phase_ends;
	uint64_t cpu_start;
	uint64_t total_sent;
	uint64_t total_received;
	struct results results;
};

/**
 * generator_start() - make a thread
 * @g: zero-initialised
 * @run: shared
 * @first_client: how many clients the threads before it have
 * @clients: how many it is to have
 *
 * Return: 0 or a negative errno, and then @g->error says more.
 */
int generator_start(struct generator *g, const struct run *run,
		    unsigned int first_client, unsigned int clients);

/** generator_join() - wait until the thread ends, and free all but results */
void generator_join(struct generator *g);

/** generator_flow_count() - how many flows it has */
static inline unsigned int generator_flow_count(const struct generator *g)
{
	return g->client_count * g->peer_count;
}

/* endpoints.c */
int generator_open(struct generator *g);
void generator_close(struct generator *g);
void generator_mark_drops(struct generator *g);
void generator_count_drops(struct generator *g);

/* clients.c */
void generator_look_after(struct generator *g, uint64_t now);
void generator_unreachable(struct generator *g, unsigned int endpoint);
void generator_pump(struct generator *g, unsigned int client, uint64_t now);

/* send.c */
void generator_send(struct generator *g, uint64_t now);
uint64_t generator_send_next(const struct generator *g);

/* receive.c */
void generator_receive(struct generator *g, unsigned int endpoint);

#endif /* KTURN_BENCH_GENERATOR_H */
