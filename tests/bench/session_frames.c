// SPDX-License-Identifier: BSD-3-Clause
/*
 * Makes frames for the sessions of plan.h, a set as the test module's file
 * "frames" takes it. A million of them are too many for frames.py, which
 * checks what this makes.
 *
 *	session_frames 4|6 to-peer|to-client in|out SESSIONS FRAMES FILE
 *
 * "in" is what arrives at the relay, "out" what has to leave it. Frame by
 * frame the sessions are taken in an order that spreads any number of
 * frames over all of them.
 */
#include <fcntl.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "plan.h"

/* A prime, so that i * STRIDE visits every session before it begins anew. */
#define STRIDE		611953u
#define PAYLOAD		172
#define CHANNEL_HEADER	4
#define HOP_LIMIT	64

/* The MAC addresses of lab.py: 02:00:00:00:xx:yy. */
#define MAC_CLIENT	0x000c
#define MAC_TO_CLIENT	0x0101
#define MAC_TO_PEER	0x0102
#define MAC_PEER	0x000e

/**
 * struct frame - one frame under way to memory
 * @data: its bytes
 * @len: how many
 */
struct frame {
	uint8_t data[sizeof(struct ether_header) + sizeof(struct ip6_hdr) +
		     sizeof(struct udphdr) + CHANNEL_HEADER + PAYLOAD];
	uint16_t len;
};

/* RFC 1071, of an even number of bytes. */
static uint32_t sum_words(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *at = data;

	for (; len; at += 2, len -= 2)
		sum += (uint32_t)at[0] << 8 | at[1];
	return sum;
}

static uint16_t checksum(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void set_mac(uint8_t *mac, uint16_t end)
{
	const uint8_t bytes[] = { 2, 0, 0, 0, (uint8_t)(end >> 8),
				  (uint8_t)end };

	memcpy(mac, bytes, sizeof(bytes));
}

static void put_ether(struct frame *f, int family, uint16_t from, uint16_t to)
{
	struct ether_header *eth = (void *)f->data;

	set_mac(eth->ether_shost, from);
	set_mac(eth->ether_dhost, to);
	eth->ether_type = htons(family == AF_INET ? ETHERTYPE_IP :
						    ETHERTYPE_IPV6);
	f->len = sizeof(*eth);
}

static void put_ip4(struct frame *f, const struct transport_addr *from,
		    const struct transport_addr *to, size_t udp_len)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = HOP_LIMIT,
		.frag_off = htons(IP_DF), .protocol = IPPROTO_UDP,
		.tot_len = htons((uint16_t)(sizeof(ip) + udp_len)),
	};

	memcpy(&ip.saddr, from->ip, 4);
	memcpy(&ip.daddr, to->ip, 4);
	ip.check = checksum(sum_words(&ip, sizeof(ip), 0));
	memcpy(f->data + f->len, &ip, sizeof(ip));
	f->len += sizeof(ip);
}

static void put_ip6(struct frame *f, const struct transport_addr *from,
		    const struct transport_addr *to, size_t udp_len)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6u << 28), .ip6_hlim = HOP_LIMIT,
		.ip6_nxt = IPPROTO_UDP, .ip6_plen = htons((uint16_t)udp_len),
	};

	memcpy(&ip.ip6_src, from->ip, 16);
	memcpy(&ip.ip6_dst, to->ip, 16);
	memcpy(f->data + f->len, &ip, sizeof(ip));
	f->len += sizeof(ip);
}

static uint32_t pseudo_sum(const struct transport_addr *from,
			   const struct transport_addr *to, size_t udp_len)
{
	size_t len = from->family == AF_INET ? 4 : 16;

	return sum_words(from->ip, len,
			 sum_words(to->ip, len,
				   IPPROTO_UDP + (uint32_t)udp_len));
}

/* Headers around a payload that starts with the session's number. */
static void build(struct frame *f, const struct transport_addr *from,
		  const struct transport_addr *to, uint16_t number, uint32_t i)
{
	uint8_t body[CHANNEL_HEADER + PAYLOAD] = { 0 };
	size_t skip = number ? 0 : CHANNEL_HEADER;
	size_t len = sizeof(body) - skip;
	struct udphdr udp = {
		.source = htons(from->port), .dest = htons(to->port),
		.len = htons((uint16_t)(sizeof(udp) + len)),
	};
	const uint16_t header[] = { htons(number), htons(PAYLOAD) };
	const uint32_t name = htonl(i);
	uint32_t sum = pseudo_sum(from, to, sizeof(udp) + len);

	memcpy(body, header, sizeof(header));
	memcpy(body + CHANNEL_HEADER, &name, sizeof(name));
	sum = sum_words(body + skip, len, sum_words(&udp, sizeof(udp), sum));
	udp.check = checksum(sum) ? checksum(sum) : 0xffff;

	if (from->family == AF_INET)
		put_ip4(f, from, to, sizeof(udp) + len);
	else
		put_ip6(f, from, to, sizeof(udp) + len);
	memcpy(f->data + f->len, &udp, sizeof(udp));
	memcpy(f->data + f->len + sizeof(udp), body + skip, len);
	f->len = (uint16_t)(f->len + sizeof(udp) + len);
}

static void build_frame(struct frame *f, int family, bool to_peer, bool out,
			uint32_t i)
{
	const struct session s = plan_session(family, i);

	if (to_peer && !out) {
		put_ether(f, family, MAC_CLIENT, MAC_TO_CLIENT);
		build(f, &s.client, &s.server, s.number, i);
	} else if (to_peer) {
		put_ether(f, family, MAC_TO_PEER, MAC_PEER);
		build(f, &s.relayed, &s.peer, 0, i);
	} else if (!out) {
		put_ether(f, family, MAC_PEER, MAC_TO_PEER);
		build(f, &s.peer, &s.relayed, 0, i);
	} else {
		put_ether(f, family, MAC_TO_CLIENT, MAC_CLIENT);
		build(f, &s.server, &s.client, s.number, i);
	}
}

/* One write: the test module takes a set at once. */
static void write_set(const char *file, const void *data, size_t len)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t written;

	if (fd < 0)
		err(1, "%s", file);
	written = write(fd, data, len);
	if (written < 0 || (size_t)written != len || close(fd))
		err(1, "%s", file);
}

static uint32_t number(const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	if (!n || n > UINT32_MAX)
		errx(2, "not a number: %s", text);
	return (uint32_t)n;
}

int main(int argc, char **argv)
{
	uint32_t sessions, count;
	struct frame f;
	uint8_t *set;
	size_t len = 0;
	bool to_peer, out;
	int family;

	if (argc != 7)
		errx(2, "usage: session_frames 4|6 to-peer|to-client in|out SESSIONS FRAMES FILE");
	family = strcmp(argv[1], "6") ? AF_INET : AF_INET6;
	to_peer = !strcmp(argv[2], "to-peer");
	out = !strcmp(argv[3], "out");
	sessions = number(argv[4]);
	count = number(argv[5]);

	set = malloc(count * (sizeof(f.len) + sizeof(f.data)));
	if (!set)
		err(1, "memory");
	for (uint32_t i = 0; i < count; i++) {
		build_frame(&f, family, to_peer, out,
			    (uint32_t)((uint64_t)i * STRIDE % sessions));
		memcpy(set + len, &f.len, sizeof(f.len));
		memcpy(set + len + sizeof(f.len), f.data, f.len);
		len += sizeof(f.len) + f.len;
	}
	write_set(argv[6], set, len);
	free(set);
	return 0;
}
