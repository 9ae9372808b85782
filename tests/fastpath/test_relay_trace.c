// SPDX-License-Identifier: BSD-3-Clause
/*
 * The tracepoints: each datagram of an allocation leaves one line, by which an
 * operator sees what became of it.
 */
#include "relay_fixture.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing/"

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0)
		return -1;
	ret = write(fd, text, strlen(text));
	close(fd);
	return ret < 0 ? -1 : 0;
}

/* All events of the module, and nothing of the past. */
static int trace_begin(void)
{
	return write_file(TRACING "trace", "") ||
	       write_file(TRACING "events/kturn/enable", "1");
}

/* Lines of the trace with both texts in them. */
static int trace_lines(const char *event, const char *text)
{
	FILE *file = fopen(TRACING "trace", "re");
	char line[512];
	int found = 0;

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, event) && strstr(line, text))
			found++;
	if (file)
		fclose(file);
	return found;
}

/* Lines of the module's; where XDP comes first, one is about its passing it up. */
static int lines_left(const struct relay *r)
{
	return trace_lines("kturn_", "") -
	       (r->door && trace_lines("kturn_xdp_pass: ", "") == 1);
}

TEST_F(path, a_forwarded_datagram)
{
	const bool to_peer = variant->dir == TO_PEER;
	char want[64];

	ASSERT_EQ(0, trace_begin());
	EXPECT_TRUE(relay_forwards_bytes(&self->r, variant->dir, 172));
	EXPECT_TRUE(relay_settled(&self->r));
	snprintf(want, sizeof(want),
		 "allocation=%u channel=0x4000 to=%s len=172 err=0",
		 self->r.allocation.id, to_peer ? "peer" : "client");
	EXPECT_EQ(1, trace_lines("kturn_forward: ", want));
	EXPECT_EQ(1, trace_lines("kturn_", ""));
	EXPECT_EQ(0, write_file(TRACING "events/kturn/enable", "0"));
}

TEST_F(path, a_datagram_left_to_the_server)
{
	const bool to_peer = variant->dir == TO_PEER;
	uint8_t buf[20] = { 0 };
	struct udp_packet in = relay_datagram(&self->r, variant->dir, buf, 20);
	char src[TRANSPORT_ADDR_STRLEN], dst[TRANSPORT_ADDR_STRLEN], want[256];

	in.src.port = to_peer ? in.src.port : 5001;
	snprintf(want, sizeof(want), " len=%d src=%s dst=%s\n",
		 variant->family == AF_INET ? 48 : 68,
		 transport_addr_print(&in.src, src),
		 transport_addr_print(&in.dst, dst));
	ASSERT_EQ(0, trace_begin());
	EXPECT_TRUE(relay_passes(&self->r, variant->dir, &in,
				 to_peer ? KTURN_A_PASSED_STUN :
					   KTURN_A_PASSED_NO_CHANNEL));
	EXPECT_EQ(1, trace_lines("kturn_pass: ", want));
	EXPECT_EQ(1, trace_lines("kturn_pass: ",
				 to_peer ? "reason=stun " :
					   "reason=no-channel "));
	EXPECT_EQ(1, lines_left(&self->r));
	EXPECT_EQ(0, write_file(TRACING "events/kturn/enable", "0"));
}

TEST_F(relay, a_dropped_datagram)
{
	uint8_t buf[200];
	size_t len = relay_channel_data(buf, 0x4001, NULL, 100, 0);
	struct udp_packet in = relay_datagram(&self->r, TO_PEER, buf, len);

	ASSERT_EQ(0, trace_begin());
	EXPECT_TRUE(relay_drops(&self->r, TO_PEER, &in,
				KTURN_A_DROPPED_UNBOUND_CHANNEL));
	EXPECT_TRUE(relay_settled(&self->r));
	EXPECT_EQ(1, trace_lines("kturn_drop: ", "reason=unbound-channel "));
	EXPECT_EQ(1, trace_lines("kturn_drop: ", ":3478\n"));
	EXPECT_EQ(1, lines_left(&self->r));
	EXPECT_EQ(0, write_file(TRACING "events/kturn/enable", "0"));
}

TEST_HARNESS_MAIN
