// SPDX-License-Identifier: BSD-3-Clause
/*
 * Makes allocations on a TURN server, then binds a channel on each, as real
 * clients would: long-term credentials, real sockets, any server. Channels
 * lead to a peer each; with --pairs, the first client's to the second's
 * relayed transport address and back, and so on. Then says what it got, one
 * line each:
 *
 *	CLIENT SERVER RELAYED CHANNEL PEER
 *
 * and ends. The allocations live on; the packet source then sends in the name
 * of these clients.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/client.h"
#include "bench/udp.h"
#include "stun/channel_data.h"

#define LIFETIME_S	3600
#define REASON_MAX	256

/**
 * struct options - what to make
 * @server: transport address of the server
 * @client: transport address of the first client; each has the next port
 * @peer: transport address of the first peer; each has the next port
 * @count: number of clients
 * @pairs: clients are one another's peers
 * @user: user name
 * @password: password
 */
struct options {
	struct transport_addr server;
	struct transport_addr client;
	struct transport_addr peer;
	unsigned int count;
	bool pairs;
	const char *user;
	const char *password;
};

/**
 * struct binding - one client, and the channel it is to have
 * @client: the client
 * @server: transport address of the server
 * @local: the client's transport address
 * @peer: where the channel leads to
 */
struct binding {
	struct client client;
	struct transport_addr server;
	struct transport_addr local;
	struct transport_addr peer;
};

/*
 * Not udp_open(): while a socket asks for time stamps, the kernel takes one of
 * every packet, and stops some time after the socket is closed.
 */
static int open_socket(const struct binding *b)
{
	struct sockaddr_storage ss;
	socklen_t len = transport_addr_to_sockaddr(&b->local, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	if (bind(fd, (struct sockaddr *)&ss, len))
		err(1, "bind to port %u", b->local.port);
	len = transport_addr_to_sockaddr(&b->server, &ss);
	if (connect(fd, (struct sockaddr *)&ss, len))
		err(1, "connect");
	return fd;
}

static void send_request(struct client *c, int fd)
{
	uint8_t request[CLIENT_REQUEST_MAX];
	size_t len = client_request(c, monotonic_ns(), request,
				    sizeof(request));

	/* An ICMP error (nobody listens yet) counts as lost. */
	if (len && send(fd, request, len, 0) < 0 && errno != ECONNREFUSED)
		err(1, "send");
}

/* Waits for an answer until it is time to send again. */
static void receive_answer(struct client *c, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t now = monotonic_ns(), due = client_due(c);
	uint8_t answer[CLIENT_REQUEST_MAX];
	ssize_t len;

	if (poll(&pfd, 1, due > now ? (int)((due - now) / 1000000 + 1) : 0) < 1)
		return;
	len = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	if (len > 0)
		client_response(c, answer, (size_t)len, monotonic_ns());
}

/* Has the client get what it lacks. */
static void get_ready(struct binding *b)
{
	struct client *c = &b->client;
	int fd = open_socket(b);
	char reason[REASON_MAX];

	client_start(c, monotonic_ns());
	while (c->state == CLIENT_STARTING) {
		send_request(c, fd);
		if (c->state == CLIENT_STARTING)
			receive_answer(c, fd);
	}
	if (c->state != CLIENT_READY) {
		client_failure_print(&c->failure, reason, sizeof(reason));
		errx(1, "client port %u: %s", b->local.port, reason);
	}
	close(fd);
}

static void init_binding(struct binding *b, const struct options *o,
			 struct login *login, unsigned int index)
{
	b->server = o->server;
	b->local = o->client;
	b->local.port = (uint16_t)(b->local.port + index);
	b->peer = o->peer;
	b->peer.port = (uint16_t)(b->peer.port + index);
	client_init(&b->client, login, &b->peer, 0);
	b->client.first_peer = index % (CHANNEL_NUMBER_MAX -
					CHANNEL_NUMBER_MIN);
	b->client.lifetime = LIFETIME_S;
}

static void print_binding(const struct binding *b)
{
	char text[4][TRANSPORT_ADDR_STRLEN];

	printf("%s %s %s %u %s\n", transport_addr_print(&b->local, text[0]),
	       transport_addr_print(&b->server, text[1]),
	       transport_addr_print(&b->client.relayed, text[2]),
	       client_channel_number(b->client.first_peer),
	       transport_addr_print(&b->peer, text[3]));
}

/* All allocations come first: in pairs, a channel's peer is one of them. */
static void run(struct binding *bindings, const struct options *o)
{
	for (unsigned int i = 0; i < o->count; i++)
		get_ready(&bindings[i]);
	for (unsigned int i = 0; i < o->count; i++) {
		struct binding *b = &bindings[i];

		if (o->pairs)
			b->peer = bindings[i ^ 1].client.relayed;
		b->client.peer_count = 1;
		get_ready(b);
		print_binding(b);
	}
}

static void usage(void)
{
	errx(2, "options: --server, --client and --peer ADDRESS:PORT, --count N, --user NAME, --password WORD [--pairs]");
}

static void parse_addr(struct transport_addr *addr)
{
	if (transport_addr_parse(addr, optarg) || !addr->port)
		errx(2, "not a transport address: %s", optarg);
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "server", required_argument, NULL, 's' },
		{ "client", required_argument, NULL, 'c' },
		{ "peer", required_argument, NULL, 'p' },
		{ "count", required_argument, NULL, 'n' },
		{ "pairs", no_argument, NULL, 'P' },
		{ "user", required_argument, NULL, 'u' },
		{ "password", required_argument, NULL, 'w' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 's':
			parse_addr(&o->server);
			break;
		case 'c':
			parse_addr(&o->client);
			break;
		case 'p':
			parse_addr(&o->peer);
			break;
		case 'n':
			o->count = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'P':
			o->pairs = true;
			break;
		case 'u':
			o->user = optarg;
			break;
		case 'w':
			o->password = optarg;
			break;
		default:
			usage();
		}
	}
	if (!o->server.port || !o->client.port || !o->peer.port || !o->count ||
	    !o->user || !o->password)
		usage();
	if (o->client.port + o->count > UINT16_MAX ||
	    o->peer.port + o->count > UINT16_MAX)
		errx(2, "not so many ports after the first");
	if (o->pairs && o->count % 2)
		errx(2, "an odd number of clients makes no pairs");
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct login login = { 0 };
	struct binding *bindings;

	parse(&options, argc, argv);
	bindings = calloc(options.count, sizeof(*bindings));
	if (!bindings)
		err(1, "memory");
	login.user = options.user;
	login.password = options.password;
	login.crypto = stun_crypto_new();
	if (!login.crypto)
		errx(1, "OpenSSL lacks SHA-1 or SHA-256");
	for (unsigned int i = 0; i < options.count; i++)
		init_binding(&bindings[i], &options, &login, i);
	run(bindings, &options);
	stun_crypto_free(login.crypto);
	free(bindings);
	return 0;
}
