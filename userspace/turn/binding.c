// SPDX-License-Identifier: BSD-3-Clause
/* Binding requests (RFC 8489, section 7), and discovery with them (RFC 5780). */
#include "stun/error_code.h"
#include "turn/discovery.h"
#include "turn/request.h"
#include "turn/source_limit.h"

/* Enough for a datagram in fragments on nearly all paths. */
#define PADDING_MAX 1500

/* Headers that travel with a message: IPv4 or IPv6, and UDP. */
static size_t headers_len(const struct turn_5tuple *tuple)
{
	return tuple->client.family == AF_INET ? 20 + 8 : 40 + 8;
}

static bool discovery_on(const struct turn_request *req)
{
	return req->srv->cfg->discovery.on &&
	       req->tuple->transport == TURN_UDP;
}

/* Which of the two addresses of which site is that? */
static const struct turn_discovery_site *
find_site(const struct turn_discovery *d, const struct transport_addr *addr,
	  int *index)
{
	for (int i = 0; i < 2; i++)
		for (*index = 0; *index < 2; ++*index)
			if (transport_addr_same_ip(&d->sites[i].local[*index],
						   addr))
				return &d->sites[i];
	return NULL;
}

/* The other address with the other port; false if there is none. */
static bool find_other(const struct turn_request *req,
		       struct transport_addr *other)
{
	const struct turn_discovery *d = &req->srv->cfg->discovery;
	const struct transport_addr *here = &req->tuple->server;
	const struct turn_discovery_site *site;
	int index;

	site = find_site(d, here, &index);
	if (!site || (here->port != d->ports[0] && here->port != d->ports[1]))
		return false;
	*other = site->local[1 - index];
	other->port = here->port == d->ports[0] ? d->ports[1] : d->ports[0];
	return true;
}

static struct transport_addr told(const struct turn_discovery *d,
				  const struct transport_addr *addr)
{
	struct transport_addr outside = *addr;
	const struct turn_discovery_site *site;
	int index;

	site = find_site(d, addr, &index);
	if (site)
		outside = site->told[index];
	outside.port = addr->port;
	return outside;
}

size_t turn_discovery_unknown(const struct turn_request *req,
			      uint16_t types[static TURN_DISCOVERY_ATTRS])
{
	bool served = req->msg->method == STUN_BINDING && discovery_on(req);
	struct transport_addr other;
	size_t n = 0;

	if (stun_has(req->msg, STUN_ATTR_CHANGE_REQUEST) &&
	    !(served && find_other(req, &other)))
		types[n++] = STUN_ATTR_CHANGE_REQUEST;
	if (stun_has(req->msg, STUN_ATTR_PADDING) && !served)
		types[n++] = STUN_ATTR_PADDING;
	if (stun_has(req->msg, STUN_ATTR_RESPONSE_PORT) && !served)
		types[n++] = STUN_ATTR_RESPONSE_PORT;
	return n;
}

/* RFC 5780, section 6.1, table 1: where the response leaves from and goes to. */
static unsigned int choose_way(const struct turn_request *req,
			       struct turn_5tuple *way)
{
	const struct stun_message *msg = req->msg;
	bool change_ip, change_port;
	struct transport_addr other;
	uint16_t port;

	if (stun_get_change_request(msg, &change_ip, &change_port) == 0 &&
	    find_other(req, &other)) {
		if (!change_port)
			other.port = way->server.port;
		if (change_ip)
			way->server = other;
		way->server.port = other.port;
	}
	if (stun_get_response_port(msg, &port))
		return 0;
	if (!port || stun_has(msg, STUN_ATTR_PADDING))
		return STUN_ERR_BAD_REQUEST;
	way->client.port = port;
	return 0;
}

static bool is_special(const struct stun_message *msg)
{
	return stun_has(msg, STUN_ATTR_CHANGE_REQUEST) ||
	       stun_has(msg, STUN_ATTR_PADDING) ||
	       stun_has(msg, STUN_ATTR_RESPONSE_PORT);
}

static void put_padding(struct turn_request *req)
{
	struct stun_bytes asked;
	uint8_t *value;
	size_t len;

	if (stun_get_bytes(req->msg, STUN_ATTR_PADDING, &asked))
		return;
	len = asked.len < PADDING_MAX ? asked.len & ~(size_t)3 : PADDING_MAX;
	value = stun_put_space(&req->b, STUN_ATTR_PADDING, len);
	if (value)
		memset(value, 0, len);
}

static void put_discovery(struct turn_request *req,
			  const struct turn_5tuple *way)
{
	const struct turn_discovery *d = &req->srv->cfg->discovery;
	struct transport_addr origin = told(d, &way->server), other;

	stun_put_address(&req->b, STUN_ATTR_MAPPED_ADDRESS, &req->tuple->client);
	stun_put_address(&req->b, STUN_ATTR_RESPONSE_ORIGIN, &origin);
	if (find_other(req, &other)) {
		other = told(d, &other);
		stun_put_address(&req->b, STUN_ATTR_OTHER_ADDRESS, &other);
	}
	put_padding(req);
	req->headers = headers_len(way);
}

static void serve_discovery(struct turn_request *req)
{
	uint32_t rate = req->srv->cfg->discovery_rate;
	struct turn_5tuple way = *req->tuple;
	unsigned int code;

	if (is_special(req->msg) &&
	    !turn_source_permits(req->srv->shared, &way.client, rate,
				 req->now)) {
		turn_drop(req->srv, TURN_DROP_SOURCE_RATE);
		return;
	}
	code = choose_way(req, &way);
	if (code) {
		turn_reply_error(req, code);
		return;
	}
	stun_put_address(turn_reply_begin(req), STUN_ATTR_XOR_MAPPED_ADDRESS,
			 &req->tuple->client);
	put_discovery(req, &way);
	req->tuple = &way;
	turn_reply_end(req);
}

static void log_binding(const struct turn_request *req)
{
	char client[TRANSPORT_ADDR_STRLEN];

	turn_log(req->srv, TURN_LOG_INFO, NULL, "Binding request of %s",
		 transport_addr_print(&req->tuple->client, client));
}

void turn_serve_binding(struct turn_request *req)
{
	if (req->msg->bad_attribute) {
		turn_reply_error(req, STUN_ERR_BAD_REQUEST);
		return;
	}
	if (req->srv->cfg->log_binding)
		log_binding(req);
	if (discovery_on(req)) {
		serve_discovery(req);
		return;
	}
	stun_put_address(turn_reply_begin(req), STUN_ATTR_XOR_MAPPED_ADDRESS,
			 &req->tuple->client);
	if (req->srv->cfg->response_origin)
		turn_reply_address_if_it_fits(req, STUN_ATTR_RESPONSE_ORIGIN,
					      &req->tuple->server);
	turn_reply_end(req);
}
