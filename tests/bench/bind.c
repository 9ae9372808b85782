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
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stun/builder.h"
#include "stun/channel_data.h"
#include "stun/integrity.h"
#include "stun/message.h"

#define REQUEST_MAX	1024
#define ATTEMPTS	3	/* of a request: without nonce, with it, with a fresh one */
#define SENDS		7	/* of a datagram (RFC 8489, section 6.2.1) */
#define RTO_MS		500
#define LIFETIME_S	3600

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
 * struct client - one client and its allocation
 * @options: options of all clients
 * @crypto: for integrity
 * @fd: connected socket
 * @addr: its own transport address
 * @channel: number of its channel
 * @peer: where the channel leads to
 * @relayed: the relayed transport address it got
 * @key: key of the long-term credentials, once the realm is known
 * @realm: realm, zero-terminated; empty until the server has sent it
 * @nonce: nonce, likewise
 * @request: the request under way
 * @answer: the latest answer
 * @reply: @answer, decoded
 */
struct client {
	const struct options *options;
	struct stun_crypto *crypto;
	int fd;
	struct transport_addr addr;
	uint16_t channel;
	struct transport_addr peer;
	struct transport_addr relayed;
	struct stun_key key;
	char realm[STUN_TEXT_MAX + 1];
	char nonce[STUN_TEXT_MAX + 1];
	uint8_t request[REQUEST_MAX];
	uint8_t answer[REQUEST_MAX];
	struct stun_message reply;
};

/* Writes the attributes of a request, all but those of authentication. */
typedef void (*put_attributes)(struct stun_builder *b, const struct client *c);

static void put_allocate(struct stun_builder *b, const struct client *c)
{
	stun_put_requested_transport(b, IPPROTO_UDP);
	stun_put_lifetime(b, LIFETIME_S);
	if (c->options->peer.family == AF_INET6)
		stun_put_address_family(b, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
					STUN_FAMILY_IPV6);
}

static void put_channel_bind(struct stun_builder *b, const struct client *c)
{
	stun_put_channel_number(b, c->channel);
	stun_put_address(b, STUN_ATTR_XOR_PEER_ADDRESS, &c->peer);
}

static void copy_text(const struct stun_message *msg, enum stun_attr_type type,
		      char text[static STUN_TEXT_MAX + 1])
{
	struct stun_bytes value;

	if (stun_get_bytes(msg, type, &value))
		return;
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
}

/* Keeps realm and nonce of a 401 or 438, and makes the key. */
static void take_challenge(struct client *c)
{
	int ret;

	copy_text(&c->reply, STUN_ATTR_REALM, c->realm);
	copy_text(&c->reply, STUN_ATTR_NONCE, c->nonce);
	ret = stun_key_long_term(c->crypto, STUN_PASSWORD_MD5,
				 stun_bytes(c->options->user),
				 stun_bytes(c->realm),
				 stun_bytes(c->options->password), &c->key);
	if (ret)
		errx(1, "key: %s", strerror(-ret));
}

/* Is what has arrived the answer to the request with this id? */
static bool receive_answer(struct client *c, const struct stun_txid *txid)
{
	ssize_t len = recv(c->fd, c->answer, sizeof(c->answer), MSG_DONTWAIT);

	return len > 0 &&
	       stun_message_decode(&c->reply, c->answer, (size_t)len) ==
		       STUN_OK &&
	       !memcmp(&c->reply.txid, txid, sizeof(*txid));
}

/* Sends the request until an answer comes. */
static void exchange(struct client *c, size_t len,
		     const struct stun_txid *txid)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	int timeout = RTO_MS;

	for (int i = 0; i < SENDS; i++, timeout *= 2) {
		/* An ICMP error (nobody listens yet) counts as lost. */
		if (send(c->fd, c->request, len, 0) < 0 &&
		    errno != ECONNREFUSED)
			err(1, "send");
		while (poll(&pfd, 1, timeout) > 0) {
			if (receive_answer(c, txid))
				return;
		}
	}
	errx(1, "the server does not answer");
}

static size_t build_request(struct client *c, uint16_t method,
			    put_attributes put, struct stun_txid *txid)
{
	struct stun_builder b;
	ssize_t len;

	if (getrandom(txid, sizeof(*txid), 0) != sizeof(*txid))
		err(1, "getrandom");
	stun_build(&b, c->request, sizeof(c->request), STUN_REQUEST, method,
		   txid);
	put(&b, c);
	if (c->nonce[0]) {
		stun_put_string(&b, STUN_ATTR_USERNAME, c->options->user);
		stun_put_string(&b, STUN_ATTR_REALM, c->realm);
		stun_put_string(&b, STUN_ATTR_NONCE, c->nonce);
		stun_put_integrity(&b, c->crypto, STUN_HMAC_SHA1, &c->key);
	}
	len = stun_build_end(&b);
	if (len < 0)
		errx(1, "request: %s", strerror((int)-len));
	return (size_t)len;
}

/* A request and its success, authenticated as the server wishes. */
static void request(struct client *c, uint16_t method, put_attributes put)
{
	struct stun_error error = { 0 };
	struct stun_txid txid;

	for (int i = 0; i < ATTEMPTS; i++) {
		size_t len = build_request(c, method, put, &txid);

		exchange(c, len, &txid);
		if (c->reply.class == STUN_SUCCESS)
			return;
		if (stun_get_error_code(&c->reply, &error) ||
		    (error.code != STUN_ERR_UNAUTHENTICATED &&
		     error.code != STUN_ERR_STALE_NONCE))
			break;
		take_challenge(c);
	}
	errx(1, "%s of client port %u: error %u %.*s",
	     stun_method_name(method), c->addr.port, error.code,
	     (int)error.reason.len, (const char *)error.reason.data);
}

static void open_socket(struct client *c)
{
	const struct transport_addr *server = &c->options->server;
	struct sockaddr_storage ss;
	socklen_t len = transport_addr_to_sockaddr(&c->addr, &ss);

	c->fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		err(1, "socket");
	if (bind(c->fd, (struct sockaddr *)&ss, len))
		err(1, "bind to port %u", c->addr.port);
	len = transport_addr_to_sockaddr(server, &ss);
	if (connect(c->fd, (struct sockaddr *)&ss, len))
		err(1, "connect");
}

static void init_client(struct client *c, const struct options *options,
			struct stun_crypto *crypto, unsigned int index)
{
	c->options = options;
	c->crypto = crypto;
	c->channel = CHANNEL_NUMBER_MIN +
		     index % (CHANNEL_NUMBER_MAX - CHANNEL_NUMBER_MIN);
	c->addr = options->client;
	c->addr.port = (uint16_t)(c->addr.port + index);
	c->peer = options->peer;
	c->peer.port = (uint16_t)(c->peer.port + index);
}

static void allocate(struct client *c)
{
	open_socket(c);
	request(c, STUN_ALLOCATE, put_allocate);
	if (stun_get_address(&c->reply, STUN_ATTR_XOR_RELAYED_ADDRESS,
			     &c->relayed))
		errx(1, "Allocate: no relayed transport address");
	close(c->fd);
}

static void bind_channel(struct client *c)
{
	char text[4][TRANSPORT_ADDR_STRLEN];

	open_socket(c);
	request(c, STUN_CHANNEL_BIND, put_channel_bind);
	close(c->fd);
	printf("%s %s %s %u %s\n", transport_addr_print(&c->addr, text[0]),
	       transport_addr_print(&c->options->server, text[1]),
	       transport_addr_print(&c->relayed, text[2]), c->channel,
	       transport_addr_print(&c->peer, text[3]));
}

static void run(struct client *clients, const struct options *o)
{
	for (unsigned int i = 0; i < o->count; i++)
		allocate(&clients[i]);
	for (unsigned int i = 0; i < o->count; i++) {
		if (o->pairs)
			clients[i].peer = clients[i ^ 1].relayed;
		bind_channel(&clients[i]);
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
	struct stun_crypto *crypto;
	struct client *clients;

	parse(&options, argc, argv);
	clients = calloc(options.count, sizeof(*clients));
	if (!clients)
		err(1, "memory");
	crypto = stun_crypto_new();
	if (!crypto)
		errx(1, "OpenSSL lacks SHA-1 or SHA-256");
	for (unsigned int i = 0; i < options.count; i++)
		init_client(&clients[i], &options, crypto, i);
	run(clients, &options);
	stun_crypto_free(crypto);
	free(clients);
	return 0;
}
