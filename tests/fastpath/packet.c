// SPDX-License-Identifier: BSD-3-Clause
/*
 * Packets made by hand, and packets caught.
 */
#include "packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IPV4_LEN 20
#define IPV6_LEN 40
#define UDP_LEN 8
#define ICMP_LEN 8
#define PROTO_UDP 17
#define PROTO_ICMPV6 58
#define VLAN_TAG_LEN 4
#define HEADER_MAX (ETH_HLEN + 2 * VLAN_TAG_LEN)

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

uint16_t packet_checksum(uint16_t start, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t sum = start;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	if (len & 1)
		sum += p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* RFC 768 and RFC 8200 section 8.1; both sums come out the same. */
static uint16_t pseudo_header_sum(const uint8_t *addresses, size_t len,
				  uint8_t protocol, uint16_t upper_len)
{
	uint8_t tail[4] = { 0, protocol, upper_len >> 8, upper_len & 0xff };

	return packet_checksum(packet_checksum(0, addresses, len), tail,
			       sizeof(tail));
}

void packet_set_ipv4_checksum(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, ~packet_checksum(0, ip, (ip[0] & 15) * 4));
}

static size_t build_ipv4(uint8_t *ip, const struct udp_packet *p,
			 uint8_t protocol, size_t len)
{
	size_t header = IPV4_LEN + p->options_len;

	ip[0] = 0x40 | header / 4;
	ip[1] = p->tos;
	put16(ip + 2, header + len);
	put16(ip + 4, p->id);
	put16(ip + 6, p->df ? 0x4000 : 0);
	ip[8] = p->hops;
	ip[9] = protocol;
	memcpy(ip + 12, p->src.ip, 4);
	memcpy(ip + 16, p->dst.ip, 4);
	if (p->options_len)
		memcpy(ip + IPV4_LEN, p->options, p->options_len);
	packet_set_ipv4_checksum(ip);
	return header;
}

static size_t build_ipv6(uint8_t *ip, const struct udp_packet *p,
			 uint8_t protocol, size_t len)
{
	put16(ip, 0x6000 | p->tos << 4 | p->flow_label >> 16);
	put16(ip + 2, p->flow_label);
	put16(ip + 4, p->options_len + len);
	ip[6] = p->options_len ? p->next_header : protocol;
	ip[7] = p->hops;
	memcpy(ip + 8, p->src.ip, 16);
	memcpy(ip + 24, p->dst.ip, 16);
	if (p->options_len)
		memcpy(ip + IPV6_LEN, p->options, p->options_len);
	return IPV6_LEN + p->options_len;
}

static size_t build_ip(uint8_t *ip, const struct udp_packet *p,
		       uint8_t protocol, size_t len)
{
	return p->src.family == AF_INET ? build_ipv4(ip, p, protocol, len) :
					  build_ipv6(ip, p, protocol, len);
}

uint16_t packet_pseudo_sum(const struct udp_packet *p)
{
	size_t n = transport_addr_ip_len(&p->src);
	uint8_t addresses[32];

	memcpy(addresses, p->src.ip, n);
	memcpy(addresses + n, p->dst.ip, n);
	return pseudo_header_sum(addresses, 2 * n, PROTO_UDP, UDP_LEN + p->len);
}

static void build_udp(uint8_t *udp, const struct udp_packet *p)
{
	uint16_t sum;

	put16(udp, p->src.port);
	put16(udp + 2, p->dst.port);
	put16(udp + 4, UDP_LEN + p->len);
	put16(udp + 6, 0);
	if (p->len)
		memcpy(udp + UDP_LEN, p->data, p->len);
	sum = ~packet_checksum(packet_pseudo_sum(p), udp, UDP_LEN + p->len);
	if (!sum)
		sum = 0xffff;
	if (p->bad_checksum) {
		uint16_t error = htons(p->bad_checksum);

		sum = packet_checksum(sum, &error, sizeof(error));
	}
	put16(udp + 4, UDP_LEN + p->len + p->length_lie);
	put16(udp + 6, p->no_checksum ? 0 : sum);
}

size_t packet_build(uint8_t *buf, const struct udp_packet *p)
{
	size_t header = build_ip(buf, p, PROTO_UDP, UDP_LEN + p->len);

	build_udp(buf + header, p);
	return header + UDP_LEN + p->len;
}

size_t packet_build_icmp_error(uint8_t *buf, const struct transport_addr *src,
			       const struct transport_addr *dst, uint8_t type,
			       uint8_t code, uint32_t mtu,
			       const uint8_t *about, size_t about_len)
{
	const struct udp_packet p = { .src = *src, .dst = *dst, .hops = 64 };
	bool v4 = src->family == AF_INET;
	size_t len = ICMP_LEN + about_len;
	size_t header = build_ip(buf, &p, v4 ? IPPROTO_ICMP : PROTO_ICMPV6,
				 len);
	uint8_t *icmp = buf + header;
	uint16_t start = 0;

	icmp[0] = type;
	icmp[1] = code;
	put16(icmp + 2, 0);
	put16(icmp + 4, v4 ? 0 : mtu >> 16);
	put16(icmp + 6, mtu);
	memcpy(icmp + ICMP_LEN, about, about_len);
	if (!v4)
		start = pseudo_header_sum(buf + 8, 32, PROTO_ICMPV6, len);
	put16(icmp + 2, ~packet_checksum(start, icmp, len));
	return header + len;
}

static int open_socket(struct wire *w, const struct netns *n, enum netns_id id,
		       const char *device, int type)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	int one = 1, size = 64 << 20, err = netns_enter(n, id);

	memset(w, 0, sizeof(*w));
	w->fd = -1;
	if (err)
		return err;
	ll.sll_ifindex = if_nametoindex(device);
	w->fd = socket(AF_PACKET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0 || !ll.sll_ifindex ||
	    setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(w->fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) ||
	    setsockopt(w->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
		       sizeof(one)) ||
	    bind(w->fd, (struct sockaddr *)&ll, sizeof(ll)) < 0) {
		err = -errno;
		printf("# AF_PACKET on %s: %s\n", device, strerror(errno));
		wire_close(w);
	}
	if (type == SOCK_DGRAM)
		w->ifindex = ll.sll_ifindex;
	return err;
}

int wire_open(struct wire *w, const struct netns *n, enum netns_id id,
	      const char *device, const uint8_t mac[6],
	      const uint8_t remote_mac[6])
{
	int err = open_socket(w, n, id, device, SOCK_RAW);

	memcpy(w->mac, mac, sizeof(w->mac));
	memcpy(w->remote_mac, remote_mac, sizeof(w->remote_mac));
	return err;
}

int wire_open_bare(struct wire *w, const struct netns *n, enum netns_id id,
		   const char *device)
{
	return open_socket(w, n, id, device, SOCK_DGRAM);
}

void wire_set_tags(struct wire *w, const void *tags, size_t len)
{
	w->tags_len = len;
	if (len)
		memcpy(w->tags, tags, len);
}

void wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

static uint16_t ether_type(const uint8_t *ip)
{
	return *ip >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP;
}

/* What is in front of the IP packet; its length in bytes is returned. */
static size_t put_header(uint8_t *frame, const struct wire *w,
			 const uint8_t *to, const uint8_t *from,
			 const uint8_t *ip)
{
	size_t len = 2 * ETH_ALEN + w->tags_len;

	memcpy(frame, to, ETH_ALEN);
	memcpy(frame + ETH_ALEN, from, ETH_ALEN);
	memcpy(frame + 2 * ETH_ALEN, w->tags, w->tags_len);
	put16(frame + len, ether_type(ip));
	return len + 2;
}

static ssize_t send_bare(const struct wire *w, const void *ip, size_t len)
{
	struct {
		struct sockaddr_ll ll;
		uint8_t more[16];	/* an IPv6 tunnel's address is longer */
	} to = {
		.ll = {
			.sll_family = AF_PACKET,
			.sll_protocol = htons(ether_type(ip)),
			.sll_ifindex = w->ifindex,
		},
	};

	return sendto(w->fd, ip, len, 0, (struct sockaddr *)&to, sizeof(to));
}

int wire_send(const struct wire *w, const void *ip, size_t len)
{
	uint8_t frame[HEADER_MAX + PACKET_MAX];
	ssize_t sent;
	size_t header;

	if (w->ifindex) {
		sent = send_bare(w, ip, len);
	} else {
		header = put_header(frame, w, w->remote_mac, w->mac, ip);
		memcpy(frame + header, ip, len);
		sent = send(w->fd, frame, header + len, 0);
	}
	if (sent < 0) {
		printf("# AF_PACKET send: %s\n", strerror(errno));
		return -errno;
	}
	return 0;
}

int wire_send_udp(const struct wire *w, const struct udp_packet *p)
{
	uint8_t ip[PACKET_MAX];

	return wire_send(w, ip, packet_build(ip, p));
}

/* Behind the tags; a frame too short for an IP packet has it at its end. */
static size_t ip_offset(const uint8_t *frame, size_t len)
{
	size_t at = 2 * ETH_ALEN;

	while (at + 2 <= len && (get16(frame + at) == ETH_P_8021Q ||
				 get16(frame + at) == ETH_P_8021AD))
		at += VLAN_TAG_LEN;
	return at + 2 <= len ? at + 2 : len;
}

/* What hosts send on their own, and no test is about. */
static bool is_housekeeping(const uint8_t *frame, size_t len)
{
	size_t header = ip_offset(frame, len);
	const uint8_t *ip = frame + header;

	if (len < header + IPV4_LEN)
		return true;
	switch (get16(ip - 2)) {
	case ETH_P_IP:
		return ip[9] == IPPROTO_IGMP;
	case ETH_P_IPV6:
		return len < header + IPV6_LEN + 8 ||
		       ip[6] == IPPROTO_HOPOPTS ||
		       (ip[6] == PROTO_ICMPV6 && ip[IPV6_LEN] >= 130);
	}
	return true;
}

uint64_t wire_drain(int fd)
{
	uint8_t frame[128];
	uint64_t count = 0;
	ssize_t len;

	while ((len = recv(fd, frame, sizeof(frame), MSG_DONTWAIT)) >= 0)
		count += !is_housekeeping(frame, len);
	return count;
}

/* The kernel takes the outer tag off before it shows a frame. */
static void put_tag_back(struct frame *f, const struct tpacket_auxdata *aux)
{
	uint8_t *tag = f->data + 2 * ETH_ALEN;

	if (!(aux->tp_status & TP_STATUS_VLAN_VALID))
		return;
	memmove(tag + VLAN_TAG_LEN, tag, f->len - 2 * ETH_ALEN);
	put16(tag, aux->tp_status & TP_STATUS_VLAN_TPID_VALID ?
		   aux->tp_vlan_tpid : ETH_P_8021Q);
	put16(tag + 2, aux->tp_vlan_tci);
	f->len += VLAN_TAG_LEN;
}

static void note_auxdata(struct frame *f, struct msghdr *msg)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *c;

	f->csum_not_ready = false;
	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		f->csum_not_ready = aux.tp_status & TP_STATUS_CSUMNOTREADY;
		put_tag_back(f, &aux);
	}
}

static int receive(const struct wire *w, struct frame *f)
{
	size_t made_up = w->ifindex ? ETH_HLEN : 0;
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec iov = { f->data + made_up,
			     sizeof(f->data) - ETH_HLEN - VLAN_TAG_LEN };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(w->fd, &msg, 0);

	if (len < 0)
		return -errno;
	if (made_up)
		put_header(f->data, w, w->mac, w->remote_mac,
			   f->data + made_up);
	f->len = made_up + len;
	note_auxdata(f, &msg);
	f->ip = ip_offset(f->data, f->len);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

int wire_receive(const struct wire *w, struct frame *f, int timeout_ms)
{
	struct pollfd poller = { .fd = w->fd, .events = POLLIN };
	int64_t end = now_ms() + timeout_ms, left;
	int err;

	for (;;) {
		err = receive(w, f);
		if (!err && !is_housekeeping(f->data, f->len))
			return 0;
		if (err && err != -EAGAIN)
			return err;
		if (!err)
			continue;
		left = end - now_ms();
		if (left <= 0)
			return -ETIME;
		poll(&poller, 1, left);
	}
}

void packet_dump(const char *what, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	printf("# %s, %zu bytes:", what, len);
	for (i = 0; i < len && i < 128; i++)
		printf("%s%02x", i % 16 ? " " : "\n#   ", p[i]);
	printf("%s\n", i < len ? " ..." : "");
}

static bool same_bytes(const uint8_t *got, size_t got_len, const uint8_t *want,
		       size_t want_len)
{
	size_t i;

	if (got_len == want_len && !memcmp(got, want, want_len))
		return true;
	for (i = 0; i < got_len && i < want_len && got[i] == want[i]; i++)
		;
	printf("# packets differ first at byte %zu of the frame\n", i);
	packet_dump("got", got, got_len);
	packet_dump("want", want, want_len);
	return false;
}

/* What XDP sends is filled up to what Ethernet asks for. */
static size_t fill_up(const struct frame *f, uint8_t *frame, size_t len)
{
	if (len >= ETH_ZLEN || f->len != ETH_ZLEN)
		return len;
	memset(frame + len, 0, ETH_ZLEN - len);
	return ETH_ZLEN;
}

bool frame_is_udp(const struct frame *f, const struct wire *w,
		  const struct udp_packet *want)
{
	uint8_t expected[HEADER_MAX + PACKET_MAX], ip[PACKET_MAX];
	struct udp_packet p = *want;
	size_t header, len;

	if (f->len >= f->ip + IPV4_LEN) {
		p.id = get16(f->data + f->ip + 4);
		p.flow_label = get32(f->data + f->ip) & 0xfffff;
	}
	len = packet_build(ip, &p);
	if (f->csum_not_ready)
		put16(ip + len - p.len - 2, packet_pseudo_sum(&p));
	header = put_header(expected, w, w->mac, w->remote_mac, ip);
	memcpy(expected + header, ip, len);
	return same_bytes(f->data, f->len, expected,
			  fill_up(f, expected, header + len));
}

uint16_t frame_udp_port(const struct frame *f)
{
	const uint8_t *ip = f->data + f->ip;

	if (ip[0] >> 4 == 4 && ip[9] == PROTO_UDP)
		return get16(ip + (ip[0] & 15) * 4 + 2);
	if (ip[0] >> 4 == 6 && ip[6] == PROTO_UDP)
		return get16(ip + IPV6_LEN + 2);
	return 0;
}

/* Header that is left without, and offset of the data, of a fragment. */
struct fragment {
	size_t header, skip, offset;
	bool is, more;
	uint32_t id;
};

static struct fragment fragment_of(const uint8_t *ip)
{
	struct fragment at = { .header = IPV4_LEN };

	if (ip[0] >> 4 == 4) {
		at.is = get16(ip + 6) & 0x3fff;
		at.more = ip[6] & 0x20;
		at.offset = (get16(ip + 6) & 0x1fff) * 8;
		at.id = get16(ip + 4);
		return at;
	}
	at.header = IPV6_LEN;
	at.is = ip[6] == IPPROTO_FRAGMENT;
	if (at.is) {
		at.skip = 8;
		at.more = ip[IPV6_LEN + 3] & 1;
		at.offset = get16(ip + IPV6_LEN + 2) & ~7;
		at.id = get32(ip + IPV6_LEN + 4);
	}
	return at;
}

/* The header of the first fragment becomes that of the whole. */
static void finish_whole(struct frame *whole)
{
	uint8_t *ip = whole->data + whole->ip;
	size_t len = whole->len - whole->ip;

	if (ip[0] >> 4 == 4) {
		put16(ip + 2, len);
		put16(ip + 6, 0);
		packet_set_ipv4_checksum(ip);
	} else {
		put16(ip + 4, len - IPV6_LEN);
		ip[6] = PROTO_UDP;
	}
}

bool frame_add_fragment(struct frame *whole, const struct frame *f, size_t mtu,
			bool *more)
{
	const uint8_t *ip = f->data + f->ip;
	struct fragment at = fragment_of(ip);
	size_t start = f->ip + at.header, skip = start + at.skip;
	static uint32_t id;

	if (!whole->len) {
		memcpy(whole->data, f->data, start);
		whole->len = start;
		whole->ip = f->ip;
		whole->csum_not_ready = false;
		id = at.id;
	}
	if (!at.is || f->len - f->ip > mtu || at.id != id ||
	    whole->len != start + at.offset) {
		printf("# no fragment, too long a one, or not the next\n");
		packet_dump("got", f->data, f->len);
		return false;
	}
	memcpy(whole->data + whole->len, f->data + skip, f->len - skip);
	whole->len += f->len - skip;
	*more = at.more;
	if (!at.more)
		finish_whole(whole);
	return true;
}

static bool icmp_checksum_right(const uint8_t *ip, const uint8_t *icmp,
				size_t len)
{
	uint16_t start = 0;

	if (ip[0] >> 4 == 6)
		start = pseudo_header_sum(ip + 8, 32, PROTO_ICMPV6, len);
	return packet_checksum(start, icmp, len) == 0xffff;
}

bool frame_is_icmp_error(const struct frame *f,
			 const struct transport_addr *src,
			 const struct transport_addr *dst, uint8_t type,
			 uint8_t code, uint32_t mtu, const uint8_t *about,
			 size_t about_len)
{
	bool v4 = src->family == AF_INET;
	size_t header = v4 ? IPV4_LEN : IPV6_LEN, n = v4 ? 4 : 16;
	const uint8_t *ip = f->data + f->ip, *icmp = ip + header;
	size_t least = (v4 ? IPV4_LEN : IPV6_LEN) + UDP_LEN, quoted;
	uint32_t told;

	if (f->len < f->ip + header + 8 + least ||
	    (v4 ? ip[9] != IPPROTO_ICMP : ip[6] != PROTO_ICMPV6) ||
	    ip[0] >> 4 != (v4 ? 4 : 6) || icmp[0] != type || icmp[1] != code) {
		printf("# not an ICMP error %u/%u\n", type, code);
		packet_dump("got", f->data, f->len);
		return false;
	}
	if (memcmp(ip + (v4 ? 12 : 8), src->ip, n) ||
	    memcmp(ip + (v4 ? 16 : 24), dst->ip, n)) {
		packet_dump("ICMP error of the wrong hosts", f->data, f->len);
		return false;
	}
	quoted = f->len - f->ip - header - 8;
	if (!icmp_checksum_right(ip, icmp, quoted + 8)) {
		packet_dump("ICMP checksum wrong", f->data, f->len);
		return false;
	}
	told = v4 ? get16(icmp + 6) : get32(icmp + 4);
	if (told != mtu) {
		printf("# MTU %u reported, want %u\n", told, mtu);
		return false;
	}
	if (quoted > about_len)
		quoted = about_len;
	return same_bytes(icmp + 8, quoted, about, quoted);
}
