// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "stun/addr.h"

int transport_addr_from_ip(struct transport_addr *addr, int family,
			   const void *ip, uint16_t port)
{
	*addr = (struct transport_addr){ 0 };
	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	addr->family = (uint16_t)family;
	addr->port = port;
	memcpy(addr->ip, ip, transport_addr_ip_len(addr));
	return 0;
}

int transport_addr_from_sockaddr(struct transport_addr *addr,
				 const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	*addr = (struct transport_addr){ 0 };
	if (len < (socklen_t)sizeof(sa->sa_family))
		return -EINVAL;

	/* Copied, since the caller's buffer need not be aligned. */
	switch (sa->sa_family) {
	case AF_INET:
		if (len < (socklen_t)sizeof(in))
			return -EINVAL;
		memcpy(&in, sa, sizeof(in));
		return transport_addr_from_ip(addr, AF_INET, &in.sin_addr,
					      ntohs(in.sin_port));
	case AF_INET6:
		if (len < (socklen_t)sizeof(in6))
			return -EINVAL;
		memcpy(&in6, sa, sizeof(in6));
		return transport_addr_from_ip(addr, AF_INET6, &in6.sin6_addr,
					      ntohs(in6.sin6_port));
	default:
		return -EAFNOSUPPORT;
	}
}

socklen_t transport_addr_to_sockaddr(const struct transport_addr *addr,
				     struct sockaddr_storage *ss)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };

	memset(ss, 0, sizeof(*ss));
	switch (addr->family) {
	case AF_INET:
		in.sin_port = htons(addr->port);
		memcpy(&in.sin_addr, addr->ip, sizeof(in.sin_addr));
		memcpy(ss, &in, sizeof(in));
		return sizeof(in);
	case AF_INET6:
		in6.sin6_port = htons(addr->port);
		memcpy(&in6.sin6_addr, addr->ip, sizeof(in6.sin6_addr));
		memcpy(ss, &in6, sizeof(in6));
		return sizeof(in6);
	default:
		return 0;
	}
}

/* Decimal, no sign, no more than five digits, at most 65535. */
static int parse_port(const char *text, uint16_t *port)
{
	size_t digits = strspn(text, "0123456789");
	unsigned int value = 0;

	if (digits == 0 || digits > 5 || text[digits] != '\0')
		return -EINVAL;
	for (; *text; text++)
		value = value * 10 + (unsigned int)(*text - '0');
	if (value > UINT16_MAX)
		return -EINVAL;
	*port = (uint16_t)value;
	return 0;
}

/*
 * Three shapes: "[v6]" or "[v6]:port"; a bare v6, which has two colons or
 * more; and "v4" or "v4:port".
 */
int transport_addr_parse(struct transport_addr *addr, const char *text)
{
	const char *colon = strchr(text, ':');
	const char *start = text, *end, *rest;
	char host[INET6_ADDRSTRLEN];
	int family = AF_INET6;
	uint16_t port = 0;
	uint8_t ip[16];

	*addr = (struct transport_addr){ 0 };
	if (*text == '[') {
		start = text + 1;
		end = strchr(start, ']');
		if (!end)
			return -EINVAL;
		rest = end + 1;
	} else if (colon && strchr(colon + 1, ':')) {
		end = text + strlen(text);
		rest = end;
	} else {
		family = AF_INET;
		end = colon ? colon : text + strlen(text);
		rest = end;
	}

	if (*rest != '\0' && (*rest != ':' || parse_port(rest + 1, &port) < 0))
		return -EINVAL;
	if ((size_t)(end - start) >= sizeof(host))
		return -EINVAL;
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	if (inet_pton(family, host, ip) != 1)
		return -EINVAL;
	return transport_addr_from_ip(addr, family, ip, port);
}

const char *transport_addr_print_ip(const struct transport_addr *addr,
				    char buf[static TRANSPORT_ADDR_STRLEN])
{
	if (transport_addr_ip_len(addr) == 0 ||
	    !inet_ntop(addr->family, addr->ip, buf, TRANSPORT_ADDR_STRLEN))
		memcpy(buf, "-", sizeof("-"));
	return buf;
}

const char *transport_addr_print(const struct transport_addr *addr,
				 char buf[static TRANSPORT_ADDR_STRLEN])
{
	char ip[INET6_ADDRSTRLEN];

	if (transport_addr_ip_len(addr) == 0 ||
	    !inet_ntop(addr->family, addr->ip, ip, sizeof(ip)))
		memcpy(buf, "-", sizeof("-"));
	else
		snprintf(buf, TRANSPORT_ADDR_STRLEN,
			 addr->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
			 ip, addr->port);
	return buf;
}

static const uint8_t teredo[4] = { 0x20, 0x01 };
static const uint8_t six_to_four[2] = { 0x20, 0x02 };

bool transport_addr_is_tunneled(const struct transport_addr *addr)
{
	return addr->family == AF_INET6 &&
	       (memcmp(addr->ip, teredo, sizeof(teredo)) == 0 ||
		memcmp(addr->ip, six_to_four, sizeof(six_to_four)) == 0);
}

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

void transport_addr_unmap(struct transport_addr *addr)
{
	struct transport_addr inner;

	if (addr->family != AF_INET6 ||
	    memcmp(addr->ip, v4_mapped, sizeof(v4_mapped)) != 0)
		return;
	transport_addr_from_ip(&inner, AF_INET, addr->ip + 12, addr->port);
	*addr = inner;
}

bool transport_addr_embedded_ipv4(const struct transport_addr *addr,
				  struct transport_addr *inner)
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	static const uint8_t local_nat64[6] = { 0x00, 0x64, 0xff, 0x9b, 0, 1 };
	static const uint8_t translated[12] = { [8] = 0xff, [9] = 0xff };
	static const uint8_t zeros[15];
	const uint8_t *ip = addr->ip;
	uint8_t v4[4];

	*inner = (struct transport_addr){ 0 };
	if (addr->family != AF_INET6)
		return false;

	/* :: and ::1 are addresses of their own, not v4-compatible ones. */
	if (memcmp(ip, zeros, 15) == 0 && ip[15] <= 1)
		return false;

	if (memcmp(ip, v4_mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0 ||
	    memcmp(ip, local_nat64, 6) == 0 || memcmp(ip, translated, 12) == 0 ||
	    memcmp(ip, zeros, 12) == 0) {
		memcpy(v4, ip + 12, 4);
	} else if (memcmp(ip, six_to_four, 2) == 0) {
		memcpy(v4, ip + 2, 4);
	} else if (memcmp(ip, teredo, 4) == 0) {
		/* RFC 4380, section 4: the client's address is inverted. */
		for (int i = 0; i < 4; i++)
			v4[i] = (uint8_t)~ip[12 + i];
	} else {
		return false;
	}
	return transport_addr_from_ip(inner, AF_INET, v4, addr->port) == 0;
}
