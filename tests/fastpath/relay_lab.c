// SPDX-License-Identifier: BSD-3-Clause
/*
 * A client, a relay and a peer.
 */
#include "relay_lab.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FENCE_PORT 9

/* IP and UDP header, and the longest packet that relaying makes fragmentable. */
#define IPV4_HEADERS 28
#define FRAGMENTABLE_IPV4 1260

static struct transport_addr addr(const char *ip, uint16_t port)
{
	struct transport_addr a;

	if (transport_addr_parse(&a, ip))
		printf("# no address: %s\n", ip);
	a.port = port;
	return a;
}

static int tell(const struct fastpath_error *err, int ret)
{
	if (ret)
		printf("# %s\n", err->text);
	return ret;
}

int relay_permit(struct relay *r, uint32_t timeout_ms)
{
	struct fastpath_permission permission = {
		.allocation_id = r->allocation.id,
		.peer = r->peer_addr,
		.timeout_ms = timeout_ms,
	};
	struct fastpath_error err;

	return tell(&err, fastpath_permission_new(r->fastpath, &permission,
						  &err));
}

int relay_bind(struct relay *r, uint32_t timeout_ms)
{
	struct fastpath_channel channel = {
		.allocation_id = r->allocation.id,
		.number = RELAY_CHANNEL,
		.peer = r->peer_addr,
		.timeout_ms = timeout_ms,
	};
	struct fastpath_error err;

	return tell(&err, fastpath_channel_new(r->fastpath, &channel, &err));
}

int relay_install(struct relay *r, uint32_t timeout_ms)
{
	struct fastpath_error err;
	int ret;

	r->allocation.timeout_ms = timeout_ms;
	ret = tell(&err, fastpath_allocation_new(r->fastpath, &r->allocation,
						 &err));
	if (!ret)
		ret = relay_permit(r, timeout_ms);
	if (!ret)
		ret = relay_bind(r, timeout_ms);
	return ret;
}

int relay_set_hook(struct relay *r, enum kturn_hook hook)
{
	struct fastpath_net net = { .hook = hook };
	struct fastpath_error err;

	return tell(&err, fastpath_net_set(r->fastpath, FASTPATH_NET_HOOK,
					   &net, &err));
}

static void choose_addresses(struct relay *r)
{
	bool v4 = r->family == AF_INET;
	bool peer_v4 = r->peer_family == AF_INET;

	r->allocation.client = addr(v4 ? "192.0.2.1" : "2001:db8:1::1",
				    RELAY_CLIENT_PORT);
	r->allocation.server = addr(v4 ? "192.0.2.2" : "2001:db8:1::2",
				    RELAY_SERVER_PORT);
	r->peer_addr = addr(peer_v4 ? "198.51.100.1" : "2001:db8:2::1",
			    RELAY_PEER_PORT);
	*(peer_v4 ? &r->allocation.relayed_ipv4 :
		    &r->allocation.relayed_ipv6) =
		addr(peer_v4 ? "198.51.100.2" : "2001:db8:2::2",
		     RELAY_RELAYED_PORT);
}

static const struct transport_addr *relayed(const struct relay *r)
{
	return r->peer_family == AF_INET ? &r->allocation.relayed_ipv4
					 : &r->allocation.relayed_ipv6;
}

static int open_sockets(struct relay *r)
{
	struct transport_addr fence = addr("0.0.0.0", FENCE_PORT);
	const struct netns *n = &r->ns;
	int err;

	err = wire_open(&r->client, n, NETNS_CLIENT, "c", netns_mac_c,
			netns_mac_rc);
	if (!err)
		err = wire_open(&r->peer, n, NETNS_PEER, "p", netns_mac_p,
				netns_mac_rp);
	if (err)
		return err;
	r->client_fd = netns_udp_socket(n, NETNS_CLIENT,
					&r->allocation.client);
	r->peer_fd = netns_udp_socket(n, NETNS_PEER, &r->peer_addr);
	r->server_fd = netns_udp_socket(n, NETNS_RELAY, &r->allocation.server);
	r->relayed_fd = netns_udp_socket(n, NETNS_RELAY, relayed(r));
	r->fence_fd = netns_udp_socket(n, NETNS_RELAY, &fence);
	if (r->client_fd < 0 || r->peer_fd < 0 || r->server_fd < 0 ||
	    r->relayed_fd < 0 || r->fence_fd < 0)
		return -EIO;
	return 0;
}

static int stay_on_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

int relay_open(struct relay *r, int family)
{
	return relay_open_between(r, family, family);
}

int relay_open_between(struct relay *r, int family, int peer_family)
{
	struct fastpath_error err;
	int ret;

	memset(r, 0, sizeof(*r));
	r->client.fd = r->peer.fd = -1;
	r->client_fd = r->peer_fd = r->server_fd = r->relayed_fd = -1;
	r->fence_fd = -1;
	r->family = family;
	r->peer_family = peer_family;
	choose_addresses(r);
	ret = stay_on_one_cpu();
	if (!ret)
		ret = netns_open(&r->ns);
	if (!ret)
		ret = open_sockets(r);
	if (!ret)
		ret = netns_enter(&r->ns, NETNS_RELAY);
	if (!ret)
		ret = tell(&err, fastpath_open(&r->fastpath, &err));
	if (!ret)
		ret = tell(&err, fastpath_attach(r->fastpath, &err));
	if (!ret)
		ret = relay_door_open(&r->door, &r->ns);
	if (!ret)
		ret = relay_install(r, RELAY_TIMEOUT_MS);
	return ret;
}

void relay_close(struct relay *r)
{
	int *fds[] = { &r->client_fd, &r->server_fd, &r->relayed_fd,
		       &r->peer_fd, &r->fence_fd };
	size_t i;

	relay_door_close(r->door, r->fastpath);
	r->door = NULL;
	fastpath_close(r->fastpath);
	r->fastpath = NULL;
	wire_close(&r->client);
	wire_close(&r->peer);
	for (i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	netns_close(&r->ns);
}

void relay_fill(void *buf, size_t len)
{
	uint8_t *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = i * 7 + (i >> 8) + 1;
}

size_t relay_channel_data(uint8_t *buf, uint16_t number, const void *data,
			  size_t len, size_t pad)
{
	buf[0] = number >> 8;
	buf[1] = number;
	buf[2] = len >> 8;
	buf[3] = len;
	if (!data)
		relay_fill(buf + 4, len);
	else if (len)
		memcpy(buf + 4, data, len);
	memset(buf + 4 + len, 0xa5, pad);
	return 4 + len + pad;
}

struct udp_packet relay_datagram(const struct relay *r, enum direction dir,
				 const void *data, size_t len)
{
	return (struct udp_packet) {
		.src = dir == TO_PEER ? r->allocation.client : r->peer_addr,
		.dst = dir == TO_PEER ? r->allocation.server : *relayed(r),
		.data = data,
		.len = len,
		.hops = 64,
		.df = true,
		.id = 0x1234,
		.flow_label = 0x54321,
	};
}

struct udp_packet relay_message(const struct relay *r, enum direction dir,
				uint8_t *buf, size_t len)
{
	if (dir == TO_PEER)
		len = relay_channel_data(buf, RELAY_CHANNEL, NULL, len, 0);
	else
		relay_fill(buf, len);
	return relay_datagram(r, dir, buf, len);
}

struct udp_packet relay_output(struct relay *r, enum direction dir,
			       const struct udp_packet *in)
{
	const uint8_t *data = in->data;
	struct udp_packet out = *in;

	out.hops--;
	if (dir == TO_PEER) {
		out.src = *relayed(r);
		out.dst = r->peer_addr;
		out.data = data + 4;
		out.len = data[2] << 8 | data[3];
	} else {
		out.src = r->allocation.server;
		out.dst = r->allocation.client;
		out.data = r->scratch;
		out.len = relay_channel_data(r->scratch, RELAY_CHANNEL, data,
					     in->len, 0);
	}
	if (in->src.family == AF_INET6 && out.src.family == AF_INET)
		out.df = IPV4_HEADERS + out.len > FRAGMENTABLE_IPV4;
	return out;
}

bool relay_catch(const struct wire *w, const struct udp_packet *want)
{
	static struct frame f;
	int err = wire_receive(w, &f, PACKET_TIMEOUT_MS);

	if (err) {
		printf("# nothing came out: %s\n", strerror(-err));
		return false;
	}
	return frame_is_udp(&f, w, want);
}

/* What is booked for a datagram that is forwarded, and what comes out of it. */
static struct udp_packet book_output(struct relay *r, enum direction dir,
				     const struct udp_packet *in)
{
	struct udp_packet out = relay_output(r, dir, in);
	struct fastpath_flow *flow = dir == TO_PEER ? &r->want.to_peer
						    : &r->want.to_client;

	flow->packets++;
	flow->bytes += dir == TO_PEER ? out.len : in->len;
	return out;
}

struct wire *wire_out(struct relay *r, enum direction dir)
{
	return dir == TO_PEER ? &r->peer : &r->client;
}

struct wire *wire_in(struct relay *r, enum direction dir)
{
	return dir == TO_PEER ? &r->client : &r->peer;
}

bool relay_expect_output(struct relay *r, enum direction dir,
			 const struct udp_packet *in)
{
	struct udp_packet out = book_output(r, dir, in);

	return relay_catch(wire_out(r, dir), &out);
}

bool relay_expect_fragments(struct relay *r, enum direction dir,
			    const struct udp_packet *in, size_t mtu)
{
	struct udp_packet out = book_output(r, dir, in);
	const struct wire *w = wire_out(r, dir);
	static struct frame whole, f;
	bool more = true;

	out.df = false;
	whole.len = 0;
	while (more) {
		if (wire_receive(w, &f, PACKET_TIMEOUT_MS)) {
			printf("# a fragment is missing\n");
			return false;
		}
		if (!frame_add_fragment(&whole, &f, mtu, &more))
			return false;
	}
	return frame_is_udp(&whole, w, &out);
}

static bool told(struct relay *r, enum direction dir,
		 const struct udp_packet *in, uint8_t type, uint8_t code,
		 uint32_t mtu)
{
	static uint8_t ip[PACKET_MAX];
	static struct frame f;
	size_t len = packet_build(ip, in);

	if (wire_receive(wire_in(r, dir), &f, PACKET_TIMEOUT_MS)) {
		printf("# the sender was told nothing\n");
		return false;
	}
	return frame_is_icmp_error(&f, &in->dst, &in->src, type, code, mtu, ip,
				   len);
}

bool relay_expect_too_big(struct relay *r, enum direction dir,
			  const struct udp_packet *in, uint32_t mtu)
{
	bool v4 = in->src.family == AF_INET;

	return told(r, dir, in, v4 ? ICMP_DEST_UNREACH : ICMP6_PACKET_TOO_BIG,
		    v4 ? ICMP_FRAG_NEEDED : 0, mtu);
}

bool relay_expect_time_exceeded(struct relay *r, enum direction dir,
				const struct udp_packet *in)
{
	return told(r, dir, in, in->src.family == AF_INET ?
		    ICMP_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED, 0, 0);
}

static bool put(struct relay *r, enum direction dir,
		const struct udp_packet *in)
{
	return !wire_send_udp(wire_in(r, dir), in);
}

bool relay_forwards(struct relay *r, enum direction dir,
		    const struct udp_packet *in)
{
	return put(r, dir, in) && relay_expect_output(r, dir, in);
}

bool relay_forwards_bytes(struct relay *r, enum direction dir, size_t len)
{
	uint8_t buf[PACKET_MAX];
	struct udp_packet in = relay_message(r, dir, buf, len);

	return relay_forwards(r, dir, &in);
}

static ssize_t receive(int fd, void *buf, size_t size,
		       struct transport_addr *from, int *hops, int *tos)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct sockaddr_storage ss;
	struct iovec iov = { buf, size };
	char control[256];
	struct msghdr msg = {
		.msg_name = &ss, .msg_namelen = sizeof(ss),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t len;

	if (poll(&poller, 1, PACKET_TIMEOUT_MS) <= 0)
		return -ETIME;
	len = recvmsg(fd, &msg, 0);
	if (len < 0)
		return -errno;
	transport_addr_from_sockaddr(from, (void *)&ss, msg.msg_namelen);
	*hops = *tos = -1;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_type == (c->cmsg_level == IPPROTO_IP ?
				     IP_TTL : IPV6_HOPLIMIT))
			memcpy(hops, CMSG_DATA(c), sizeof(*hops));
		else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
			*tos = *CMSG_DATA(c);
		else if (c->cmsg_type == IPV6_TCLASS)
			memcpy(tos, CMSG_DATA(c), sizeof(*tos));
	}
	return len;
}

bool relay_expect_passed(struct relay *r, enum direction dir,
			 const struct udp_packet *in, int reason)
{
	int fd = dir == TO_PEER ? r->server_fd : r->relayed_fd, hops, tos;
	static uint8_t got[PACKET_MAX];
	struct transport_addr from;
	ssize_t len;

	if (reason)
		r->want.passed[reason]++;
	len = receive(fd, got, sizeof(got), &from, &hops, &tos);
	if (len < 0) {
		printf("# nothing reached the server's socket: %s\n",
		       strerror(-len));
		return false;
	}
	if ((size_t)len != in->len || (len && memcmp(got, in->data, len)) ||
	    !transport_addr_equal(&from, &in->src) || hops != in->hops ||
	    tos != in->tos) {
		printf("# passed up, but not untouched: hops %d, tos %#x\n",
		       hops, tos);
		packet_dump("got", got, len);
		packet_dump("sent", in->data, in->len);
		return false;
	}
	return true;
}

bool relay_passes(struct relay *r, enum direction dir,
		  const struct udp_packet *in, int reason)
{
	return put(r, dir, in) && relay_expect_passed(r, dir, in, reason);
}

bool relay_drops(struct relay *r, enum direction dir,
		 const struct udp_packet *in, int reason)
{
	r->want.dropped[reason]++;
	return put(r, dir, in);
}

/* A datagram to the relay behind all others, on one of its links. */
static bool fence_to_relay(struct relay *r, const struct wire *w,
			   const char *from, const char *to)
{
	struct udp_packet p = {
		.src = addr(from, FENCE_PORT), .dst = addr(to, FENCE_PORT),
		.data = &r->fences, .len = sizeof(r->fences), .hops = 64,
	};
	struct transport_addr sender;
	uint32_t number = 0;
	int hops, tos;

	if (wire_send_udp(w, &p))
		return false;
	if (receive(r->fence_fd, &number, sizeof(number), &sender, &hops,
		    &tos) != sizeof(number) || number != r->fences) {
		printf("# a fence was lost on its way to the relay\n");
		return false;
	}
	return true;
}

/* And one from the relay behind all that it has sent. */
static bool fence_from_relay(struct relay *r, const struct wire *w,
			     const char *to)
{
	struct transport_addr dst = addr(to, FENCE_PORT);
	struct sockaddr_storage ss;
	socklen_t len = transport_addr_to_sockaddr(&dst, &ss);
	static struct frame f;
	bool quiet = true;

	if (sendto(r->fence_fd, &r->fences, sizeof(r->fences), 0,
		   (struct sockaddr *)&ss, len) < 0) {
		printf("# fence: %s\n", strerror(errno));
		return false;
	}
	while (!wire_receive(w, &f, PACKET_TIMEOUT_MS)) {
		if (frame_udp_port(&f) == FENCE_PORT &&
		    !memcmp(f.data + f.len - sizeof(r->fences), &r->fences,
			    sizeof(r->fences)))
			return quiet;
		packet_dump("unexpected frame", f.data, f.len);
		quiet = false;
	}
	printf("# a fence was lost on its way from the relay\n");
	return false;
}

static bool socket_empty(int fd, const char *name)
{
	uint8_t buf[2048];
	ssize_t len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (len < 0)
		return true;
	printf("# unexpected datagram at the %s socket\n", name);
	packet_dump("got", buf, len);
	return false;
}

bool relay_quiet(struct relay *r)
{
	bool quiet;

	r->fences++;
	quiet = fence_to_relay(r, &r->client, "192.0.2.1", "192.0.2.2") &&
		fence_to_relay(r, &r->peer, "198.51.100.1", "198.51.100.2");
	quiet = quiet && fence_from_relay(r, &r->client, "192.0.2.1");
	quiet = quiet && fence_from_relay(r, &r->peer, "198.51.100.1");
	quiet = socket_empty(r->server_fd, "server") && quiet;
	return socket_empty(r->relayed_fd, "relayed") && quiet;
}

struct fastpath_stats relay_stats(struct relay *r)
{
	struct fastpath_stats stats = { 0 };
	struct fastpath_error err;

	tell(&err, fastpath_stats_get(r->fastpath, &stats, &err));
	return stats;
}

uint64_t relay_passed_since_booked(struct relay *r, int reason)
{
	uint64_t now = relay_stats(r).passed[reason];
	uint64_t more = now - r->want.passed[reason];

	r->want.passed[reason] = now;
	return more;
}

void relay_print_stats(struct relay *r)
{
	struct fastpath_stats s = relay_stats(r);
	int i;

	printf("# forwarded %llu to peers, %llu to clients\n",
	       (unsigned long long)s.to_peer.packets,
	       (unsigned long long)s.to_client.packets);
	for (i = KTURN_A_PASSED_STUN; i <= KTURN_A_PASSED_MAX; i++)
		if (s.passed[i])
			printf("# passed %s %llu\n", fastpath_passed_name(i),
			       (unsigned long long)s.passed[i]);
	for (i = KTURN_A_DROPPED_UNBOUND_CHANNEL; i <= KTURN_A_DROPPED_MAX; i++)
		if (s.dropped[i])
			printf("# dropped %s %llu\n", fastpath_dropped_name(i),
			       (unsigned long long)s.dropped[i]);
}

static bool same_count(const char *kind, const char *name, uint64_t got,
		       uint64_t want)
{
	if (got != want)
		printf("# counter %s %s: %llu, want %llu\n", kind, name,
		       (unsigned long long)got, (unsigned long long)want);
	return got == want;
}

/* Nothing is counted twice, and nothing is forgotten. */
static uint64_t expected_received(const struct fastpath_stats *want)
{
	uint64_t sum = want->to_peer.packets + want->to_client.packets;
	int i;

	for (i = KTURN_A_PASSED_STUN; i <= KTURN_A_PASSED_MAX; i++)
		sum += want->passed[i];
	for (i = KTURN_A_DROPPED_UNBOUND_CHANNEL; i <= KTURN_A_DROPPED_MAX; i++)
		sum += want->dropped[i];
	return sum - want->hairpin;
}

bool relay_counted(struct relay *r)
{
	struct fastpath_stats got = relay_stats(r), *want = &r->want;
	bool same;
	int i;

	want->received = expected_received(want);
	same = same_count("all", "received", got.received, want->received);
	same &= same_count("all", "hairpin", got.hairpin, want->hairpin);
	same &= same_count("to-peer", "packets", got.to_peer.packets,
			  want->to_peer.packets);
	same &= same_count("to-peer", "bytes", got.to_peer.bytes,
			   want->to_peer.bytes);
	same &= same_count("to-client", "packets", got.to_client.packets,
			   want->to_client.packets);
	same &= same_count("to-client", "bytes", got.to_client.bytes,
			   want->to_client.bytes);
	for (i = KTURN_A_PASSED_STUN; i <= KTURN_A_PASSED_MAX; i++)
		same &= same_count("passed", fastpath_passed_name(i),
				   got.passed[i], want->passed[i]);
	for (i = KTURN_A_DROPPED_UNBOUND_CHANNEL; i <= KTURN_A_DROPPED_MAX; i++)
		same &= same_count("dropped", fastpath_dropped_name(i),
				   got.dropped[i], want->dropped[i]);
	return same;
}

bool relay_settled(struct relay *r)
{
	bool quiet = relay_quiet(r);

	return relay_counted(r) && quiet;
}
