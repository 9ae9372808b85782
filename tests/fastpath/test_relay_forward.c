// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the module forwards, byte by byte: RFC 8656 sections 12.4 to 12.7, 13
 * and 14.
 */
#include "relay_fixture.h"

#include <sys/socket.h>

/* Link MTU less IP and UDP headers: largest UDP payload. */
static size_t udp_max(const struct relay *r)
{
	return 1500 - (r->family == AF_INET ? 28 : 48);
}

TEST_F(path, sizes_from_nothing_to_mtu)
{
	size_t max = udp_max(&self->r) - 4;
	size_t sizes[] = { 0, 1, 2, 3, 4, 5, 7, 8, 172, 1200, max - 3, max - 2,
			   max - 1, max };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir,
						 sizes[i]))
			TH_LOG("payload of %zu bytes", sizes[i]);
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, dscp_and_ecn_are_copied)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 20);
	int tos;

	for (tos = 0; tos < 256; tos++) {
		in.tos = tos;
		ASSERT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, df_is_copied)
{
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 20);

	in.df = true;
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	in.df = false;
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, hop_limit_is_decremented)
{
	static const uint8_t hops[] = { 255, 128, 64, 3, 2 };
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 20);
	size_t i;

	for (i = 0; i < sizeof(hops); i++) {
		in.hops = hops[i];
		EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

/* "As appropriate for a packet originating from the server" (section 14). */
TEST_F(path, ipv4_identification_is_the_relays)
{
	const struct wire *out = wire_out(&self->r, variant->dir);
	const struct wire *w = wire_in(&self->r, variant->dir);
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 20);
	static struct frame first, second;

	if (variant->family != AF_INET)
		SKIP(return, "IPv6 headers have no identification");
	in.df = false;
	ASSERT_EQ(0, wire_send_udp(w, &in));
	ASSERT_EQ(0, wire_receive(out, &first, PACKET_TIMEOUT_MS));
	ASSERT_EQ(0, wire_send_udp(w, &in));
	ASSERT_EQ(0, wire_receive(out, &second, PACKET_TIMEOUT_MS));
	EXPECT_NE(0, memcmp(first.data + 18, second.data + 18, 2))
		TH_LOG("two fragmentable packets share an identification");
}

/* Sections 13.2: not copied; one for each flow. */
TEST_F(path, ipv6_flow_label_is_the_relays)
{
	const struct wire *out = wire_out(&self->r, variant->dir);
	const struct wire *w = wire_in(&self->r, variant->dir);
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 20);
	static struct frame first, second;
	unsigned int label;

	if (variant->family != AF_INET6)
		SKIP(return, "IPv4 has no flow labels");
	in.flow_label = 0xabcde;
	ASSERT_EQ(0, wire_send_udp(w, &in));
	ASSERT_EQ(0, wire_receive(out, &first, PACKET_TIMEOUT_MS));
	in.flow_label = 0x12345;
	ASSERT_EQ(0, wire_send_udp(w, &in));
	ASSERT_EQ(0, wire_receive(out, &second, PACKET_TIMEOUT_MS));
	EXPECT_EQ(0, memcmp(first.data + 14, second.data + 14, 4));
	EXPECT_EQ(0x60, first.data[14]);
	label = first.data[15] << 16 | first.data[16] << 8 | first.data[17];
	EXPECT_NE(0, label)
		TH_LOG("no flow label was set");
	EXPECT_NE(0xabcde, label);
	EXPECT_NE(0x12345, label);
}

TEST_F(path, a_bad_checksum_stays_bad)
{
	static const uint16_t errors[] = { 1, 0x100, 0x8000, 0xfffe };
	uint8_t buf[200];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 21);
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		in.bad_checksum = errors[i];
		EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

/* A byte broken on the way to the relay: whoever receives it can tell. */
TEST_F(path, corruption_stays_detectable)
{
	uint8_t buf[200], ip[PACKET_MAX];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 64);
	bool to_peer = variant->dir == TO_PEER;
	int fd = to_peer ? self->r.peer_fd : self->r.client_fd;
	static struct frame f;
	size_t len = packet_build(ip, &in);

	ip[len - 10] ^= 0x40;
	ASSERT_EQ(0, wire_send(wire_in(&self->r, variant->dir), ip, len));
	ASSERT_EQ(0, wire_receive(wire_out(&self->r, variant->dir), &f,
				  PACKET_TIMEOUT_MS));
	EXPECT_TRUE(relay_quiet(&self->r));
	EXPECT_EQ(-1, recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
}

/* A sum of 0 would mean "no checksum": it is sent as 0xffff (RFC 768). */
TEST_F(path, a_checksum_of_zero_is_sent_as_ffff)
{
	uint8_t buf[200] = { 0 }, ip[PACKET_MAX];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 2);
	uint8_t *data = buf + in.len - 2;
	struct udp_packet out;
	size_t len, udp;

	memset(data, 0, 2);
	out = relay_output(&self->r, variant->dir, &in);
	len = packet_build(ip, &out);
	udp = len - out.len - 8;
	memcpy(data, ip + udp + 6, 2);

	out = relay_output(&self->r, variant->dir, &in);
	packet_build(ip, &out);
	ASSERT_EQ(0xffff, ip[udp + 6] << 8 | ip[udp + 7]);
	EXPECT_TRUE(relay_forwards(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, no_checksum)
{
	static const size_t sizes[] = { 0, 1, 4, 173, 1200 };
	int one = 1;
	uint8_t buf[2000];
	struct udp_packet in;
	size_t i;

	if (variant->family == AF_INET6) {
		int fd = variant->dir == TO_PEER ? self->r.server_fd
						  : self->r.relayed_fd;

		ASSERT_EQ(0, setsockopt(fd, IPPROTO_UDP, 102, &one,
					sizeof(one)));
	}
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		in = relay_message(&self->r, variant->dir, buf, sizes[i]);
		in.no_checksum = true;
		if (variant->family == AF_INET) {
			EXPECT_TRUE(relay_forwards(&self->r, variant->dir,
						   &in));
		} else {
			EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in,
						 KTURN_A_PASSED_CHECKSUM));
		}
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(relay, padding_is_stripped)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 172, 173 };
	static const size_t pads[] = { 1, 2, 3 };
	uint8_t buf[600];
	struct udp_packet in;
	size_t i, j, len;
	int fill;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (j = 0; j < sizeof(pads) / sizeof(*pads); j++)
			for (fill = 0; fill < 2; fill++) {
				len = relay_channel_data(buf, RELAY_CHANNEL,
							 NULL, sizes[i],
							 pads[j]);
				if (!fill)
					memset(buf + len - pads[j], 0, pads[j]);
				in = relay_datagram(&self->r, TO_PEER, buf,
						    len);
				ASSERT_TRUE(relay_forwards(&self->r, TO_PEER,
							   &in))
					TH_LOG("%zu bytes, %zu of padding",
					       sizes[i], pads[j]);
			}
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Padding is to a multiple of four (section 12.5): this is something else. */
TEST_F(relay, more_than_padding_is_left_to_the_server)
{
	static const size_t pads[] = { 4, 5, 8, 251 };
	uint8_t buf[600];
	struct udp_packet in;
	size_t i, len;

	for (i = 0; i < sizeof(pads) / sizeof(*pads); i++) {
		len = relay_channel_data(buf, RELAY_CHANNEL, NULL, 20, pads[i]);
		in = relay_datagram(&self->r, TO_PEER, buf, len);
		EXPECT_TRUE(relay_passes(&self->r, TO_PEER, &in,
					 KTURN_A_PASSED_OTHER));
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(relay, padding_with_a_bad_checksum)
{
	uint8_t buf[600];
	size_t len = relay_channel_data(buf, RELAY_CHANNEL, NULL, 5, 3);
	struct udp_packet in = relay_datagram(&self->r, TO_PEER, buf, len);

	in.bad_checksum = 0x1234;
	EXPECT_TRUE(relay_forwards(&self->r, TO_PEER, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(relay, padding_without_checksum)
{
	uint8_t buf[600];
	size_t len = relay_channel_data(buf, RELAY_CHANNEL, NULL, 5, 3);
	struct udp_packet in = relay_datagram(&self->r, TO_PEER, buf, len);

	if (variant->family != AF_INET)
		SKIP(return, "IPv6 requires a checksum");
	in.no_checksum = true;
	EXPECT_TRUE(relay_forwards(&self->r, TO_PEER, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* Frames shorter than Ethernet's minimum are padded behind the IP packet. */
TEST_F(path, bytes_behind_the_ip_packet_are_no_data)
{
	uint8_t buf[200], ip[PACKET_MAX];
	struct udp_packet in = relay_message(&self->r, variant->dir, buf, 1);
	const struct wire *w = wire_in(&self->r, variant->dir);
	size_t len = packet_build(ip, &in);

	memset(ip + len, 0xee, 26);
	ASSERT_EQ(0, wire_send(w, ip, len + 26));
	EXPECT_TRUE(relay_expect_output(&self->r, variant->dir, &in));
	EXPECT_TRUE(relay_settled(&self->r));
}

/* --- through real sockets, with and without checksum offload --- */

static int send_from_socket(struct relay *r, enum direction dir,
			    const struct udp_packet *in)
{
	struct sockaddr_storage ss;
	socklen_t len = transport_addr_to_sockaddr(&in->dst, &ss);
	int fd = dir == TO_PEER ? r->client_fd : r->peer_fd;

	return sendto(fd, in->data, in->len, 0, (struct sockaddr *)&ss, len) ==
	       (ssize_t)in->len ? 0 : -errno;
}

static bool socket_received(struct relay *r, enum direction dir,
			    const struct udp_packet *out)
{
	int fd = dir == TO_PEER ? r->peer_fd : r->client_fd;
	static uint8_t got[PACKET_MAX];
	ssize_t len = recv(fd, got, sizeof(got), MSG_DONTWAIT);

	if (len == (ssize_t)out->len &&
	    (!len || !memcmp(got, out->data, out->len)))
		return true;
	printf("# the receiving socket got %zd bytes, want %zu\n", len,
	       out->len);
	return false;
}

static bool socket_to_socket(struct relay *r, enum direction dir, size_t len,
			     size_t pad, bool no_checksum)
{
	uint8_t buf[2000];
	struct udp_packet in = relay_message(r, dir, buf, len), out;

	memset(buf + in.len, 0x5a, pad);
	in.len += pad;
	in.no_checksum = no_checksum;
	if (send_from_socket(r, dir, &in) ||
	    !relay_expect_output(r, dir, &in))
		return false;
	out = relay_output(r, dir, &in);
	return socket_received(r, dir, &out);
}

static bool all_sizes(struct relay *r, enum direction dir, bool no_checksum)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 5, 172, 1200, 1401 };
	size_t i, pad, most = dir == TO_PEER ? 3 : 0;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (pad = 0; pad <= most; pad++)
			if (!socket_to_socket(r, dir, sizes[i], pad,
					      no_checksum)) {
				printf("# %zu bytes, %zu of padding\n",
				       sizes[i], pad);
				return false;
			}
	return true;
}

/*
 * The sender's device leaves the checksum to do (CHECKSUM_PARTIAL) or not, the
 * relay's device takes such packets or has the stack finish them first.
 */
TEST_F(path, checksum_offload)
{
	bool to_peer = variant->dir == TO_PEER;
	struct netns *n = &self->r.ns;
	int combination;

	for (combination = 0; combination < 4; combination++) {
		ASSERT_EQ(0, netns_offload_checksum(n, to_peer ? NETNS_CLIENT
							       : NETNS_PEER,
						    to_peer ? "c" : "p",
						    combination & 1));
		ASSERT_EQ(0, netns_offload_checksum(n, NETNS_RELAY,
						    to_peer ? "rp" : "rc",
						    combination & 2));
		EXPECT_TRUE(all_sizes(&self->r, variant->dir, false))
			TH_LOG("offload: sender %s, relay %s",
			       combination & 1 ? "on" : "off",
			       combination & 2 ? "on" : "off");
	}
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_F(path, socket_without_checksum)
{
	int fd = variant->dir == TO_PEER ? self->r.client_fd
					  : self->r.peer_fd;
	int one = 1;

	if (variant->family != AF_INET)
		SKIP(return, "IPv6 requires a checksum");
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &one,
				sizeof(one)));
	EXPECT_TRUE(all_sizes(&self->r, variant->dir, true));
	EXPECT_TRUE(relay_settled(&self->r));
}

TEST_HARNESS_MAIN
