/* SPDX-License-Identifier: BSD-3-Clause */
/* What the operator asked for. */
#ifndef KTURN_BENCH_OPTIONS_H
#define KTURN_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/results.h"
#include "bench/size_mix.h"
#include "stun/addr.h"

#define BENCH_DEFAULT_PORT	3478
#define BENCH_MAX_ALLOCATIONS	1000000
#define BENCH_MAX_CHANNELS	4096	/* all numbers there are in RFC 8656 */
#define BENCH_MAX_FLOWS		(1 << 24)	/* channels on all of them */
#define BENCH_MAX_THREADS	256
#define BENCH_MAX_RATE		100000000
#define BENCH_MAX_BURST		64
#define BENCH_MAX_SECONDS	(7 * 24 * 3600)
#define OPTIONS_ERROR_MAX	256

/**
 * enum traffic - who sends to whom
 * @TRAFFIC_BOTH: clients and peers to each other
 * @TRAFFIC_TO_PEER: clients to peers
 * @TRAFFIC_TO_CLIENT: peers to clients
 * @TRAFFIC_ROUND_TRIP: clients to peers, which send it back
 */
enum traffic {
	TRAFFIC_BOTH,
	TRAFFIC_TO_PEER,
	TRAFFIC_TO_CLIENT,
	TRAFFIC_ROUND_TRIP,
};

/**
 * enum task - what to do
 * @TASK_MEASURE: load a server and measure
 * @TASK_PEER: be the peer of another kturn-bench
 * @TASK_HELP: print the help
 * @TASK_VERSION: print the version
 */
enum task {
	TASK_MEASURE,
	TASK_PEER,
	TASK_HELP,
	TASK_VERSION,
};

/**
 * struct options - the command line
 * @task: what to do
 * @server: host, or host and port, as given
 * @family: of the server's address: AF_INET, AF_INET6, or AF_UNSPEC for any
 * @client_address: address to send from; "no address": the system chooses
 * @peer_address: address of this process's own peers; "no address": the one
 *	that packets to the server go out from
 * @remote_peer: first of the peers elsewhere; "no address": none
 * @peer_listen: where to be a peer, for TASK_PEER
 * @user: user name, or for TURN REST what follows the time stamp, or NULL
 * @password: password, or NULL
 * @secret: TURN REST shared secret, or NULL
 * @allocations: how many in all
 * @channels: channels on each of them
 * @threads: how many share the work
 * @traffic: who sends to whom
 * @sizes: of payloads
 * @rate: datagrams per second in all; 0: flat out
 * @in_flight: flat out: how many may be under way each way; 0: any number
 * @burst: datagrams of a flow sent one right after the other
 * @duration_ns: how long to measure
 * @warm_up_ns: how long to send before that
 * @linger_ns: how long to wait for the last arrivals
 * @socket_buffer: of each socket, in bytes
 * @max_loss: in percent; more is a failure; negative: no bound
 * @json: where the JSON goes; "-" for stdout; NULL: nowhere
 * @svg: where the plot goes, likewise
 * @quiet: no progress
 */
struct options {
	enum task task;
	const char *server;
	int family;
	struct transport_addr client_address;
	struct transport_addr peer_address;
	struct transport_addr remote_peer;
	struct transport_addr peer_listen;
	const char *user;
	const char *password;
	const char *secret;
	unsigned int allocations;
	unsigned int channels;
	unsigned int threads;
	enum traffic traffic;
	struct size_mix sizes;
	uint64_t rate;
	uint64_t in_flight;
	unsigned int burst;
	uint64_t duration_ns;
	uint64_t warm_up_ns;
	uint64_t linger_ns;
	unsigned int socket_buffer;
	double max_loss;
	const char *json;
	const char *svg;
	bool quiet;
};

/**
 * options_parse() - read the command line
 * @o: filled; texts in it are those of @argv and the environment
 * @argc: as given to main()
 * @argv: as given to main()
 * @error: on failure what is wrong and what to do about it
 *
 * Return: 0 or -EINVAL.
 */
int options_parse(struct options *o, int argc, char **argv,
		  char error[static OPTIONS_ERROR_MAX]);

/** options_help() - print what options there are */
void options_help(void);

/** traffic_name() - as the operator wrote it */
const char *traffic_name(enum traffic traffic);

/** options_way_used() - does anybody send that way? */
bool options_way_used(const struct options *o, enum way way);

#endif /* KTURN_BENCH_OPTIONS_H */
