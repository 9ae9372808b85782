// SPDX-License-Identifier: BSD-3-Clause
/*
 * The two legs of a relay.
 */
#include "relay_leg.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "rtnl.h"

enum netns_end_id leg_end_id(enum direction leg)
{
	return leg == TO_PEER ? NETNS_RP : NETNS_RC;
}

const struct netns_end *leg_end(enum direction leg)
{
	return &netns_ends[leg_end_id(leg)];
}

const struct netns_end *leg_far_end(enum direction leg)
{
	return &netns_ends[leg_end_id(leg) ^ 1];
}

const char *leg_host(const struct relay *r, enum direction leg)
{
	return leg_far_end(leg)->addr[r->family != AF_INET];
}

struct wire *leg_wire(struct relay *r, enum direction leg)
{
	return leg == TO_PEER ? &r->peer : &r->client;
}

int leg_socket(const struct relay *r, enum direction leg)
{
	int fd = leg == TO_PEER ? r->relayed_fd : r->server_fd;
	bool v4 = r->family == AF_INET;
	int one = 1;

	return setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
			  v4 ? IP_RECVERR : IPV6_RECVERR, &one, sizeof(one)) ?
	       -errno : fd;
}

static int bring_up(const struct netns *n, enum netns_id id, const char *device)
{
	struct nl_sock *sk = netns_rtnl(n, id);
	int err;

	if (!sk)
		return -EIO;
	err = rtnl_up(sk, device);
	rtnl_close(sk);
	return err;
}

int leg_second_link(struct relay *r, enum direction leg, struct wire *w)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0xd2 };
	const struct netns_end *far = leg_far_end(leg);
	struct nl_sock *sk = netns_rtnl(&r->ns, NETNS_RELAY);
	int err;

	w->fd = -1;
	if (!sk)
		return -EIO;
	err = rtnl_veth(sk, "second", mac, "other", far->mac,
			r->ns.fd[far->id]);
	rtnl_close(sk);
	if (!err)
		err = bring_up(&r->ns, NETNS_RELAY, "second");
	if (!err)
		err = bring_up(&r->ns, far->id, "other");
	if (!err)
		err = wire_open(w, &r->ns, far->id, "other", far->mac, mac);
	return err ? err : netns_wait_for_link(&r->ns, NETNS_RELAY, "second");
}

void leg_swap(struct relay *r, enum direction leg, struct wire *w)
{
	struct wire first = *leg_wire(r, leg);

	*leg_wire(r, leg) = *w;
	*w = first;
}
