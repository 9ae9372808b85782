// SPDX-License-Identifier: BSD-3-Clause
/* ChannelData, and telling it from STUN on datagrams and streams. */
#include <errno.h>

#include <kselftest_harness.h>

#include "stun/channel_data.h"
#include "stun/demux.h"
#include "stun/header.h"
#include "stun_vectors.h"

TEST(parse)
{
	static const uint8_t data[] = { 0x40, 0x01, 0, 3, 'a', 'b', 'c', 0 };
	struct channel_data cd;

	for (size_t len = 0; len < 7; len++)
		EXPECT_EQ(-EBADMSG, channel_data_parse(&cd, data, len));

	/* without padding, and with */
	for (size_t len = 7; len <= 8; len++) {
		ASSERT_EQ(0, channel_data_parse(&cd, data, len));
		EXPECT_EQ(0x4001, cd.number);
		EXPECT_EQ(3, cd.len);
		EXPECT_EQ(data + 4, cd.payload);
	}
}

TEST(parse_empty_and_full)
{
	static uint8_t data[4 + 65535] = { 0x4f, 0xff, 0, 0 };
	struct channel_data cd;

	ASSERT_EQ(0, channel_data_parse(&cd, data, 4));
	EXPECT_EQ(0x4fff, cd.number);
	EXPECT_EQ(0, cd.len);

	data[2] = 0xff;
	data[3] = 0xff;
	EXPECT_EQ(0, channel_data_parse(&cd, data, sizeof(data)));
	EXPECT_EQ(65535, cd.len);
	EXPECT_EQ(-EBADMSG, channel_data_parse(&cd, data, sizeof(data) - 1));
}

TEST(push)
{
	uint8_t buf[4 + 7] = "....payload";
	struct channel_data cd;

	ASSERT_EQ(&buf[0], channel_data_push(buf + 4, 0x4abc, 7));
	EXPECT_EQ(0, memcmp(buf, "\x4a\xbc\0\x7payload", 11));
	ASSERT_EQ(0, channel_data_parse(&cd, buf, sizeof(buf)));
	EXPECT_EQ(0x4abc, cd.number);
	EXPECT_EQ(7, cd.len);
}

TEST(numbers)
{
	EXPECT_FALSE(channel_number_valid(0x3fff, true));
	EXPECT_TRUE(channel_number_valid(0x4000, false));
	EXPECT_TRUE(channel_number_valid(0x4fff, false));
	EXPECT_FALSE(channel_number_valid(0x5000, false));
	EXPECT_TRUE(channel_number_valid(0x5000, true));
	EXPECT_TRUE(channel_number_valid(0x7fff, true));
	EXPECT_FALSE(channel_number_valid(0x8000, true));
	EXPECT_FALSE(channel_number_valid(0xffff, false));
}

/* RFC 7983, figure 3, and RFC 5766's wider range */
TEST(classify)
{
	for (unsigned int first = 0; first < 256; first++) {
		const uint8_t byte = (uint8_t)first;
		enum stun_packet_kind now =
			stun_packet_classify(&byte, 1, false);
		enum stun_packet_kind wide =
			stun_packet_classify(&byte, 1, true);

		if (first <= 3) {
			EXPECT_EQ(STUN_PACKET_MESSAGE, now);
			EXPECT_EQ(STUN_PACKET_MESSAGE, wide);
		} else if (first >= 64 && first <= 79) {
			EXPECT_EQ(STUN_PACKET_CHANNEL_DATA, now);
			EXPECT_EQ(STUN_PACKET_CHANNEL_DATA, wide);
		} else if (first >= 80 && first <= 127) {
			EXPECT_EQ(STUN_PACKET_OTHER, now);
			EXPECT_EQ(STUN_PACKET_CHANNEL_DATA, wide);
		} else {
			EXPECT_EQ(STUN_PACKET_OTHER, now);
			EXPECT_EQ(STUN_PACKET_OTHER, wide);
		}
	}
	EXPECT_EQ(STUN_PACKET_OTHER, stun_packet_classify("", 0, true));
}

TEST(frames_of_stun)
{
	for (size_t v = 0; v < VECTOR_COUNT; v++) {
		for (size_t len = 0; len < 4; len++)
			EXPECT_EQ(0, stun_frame_len(vectors[v].data, len,
						    false));
		EXPECT_EQ((ssize_t)vectors[v].len,
			  stun_frame_len(vectors[v].data, 4, false));
		EXPECT_EQ((ssize_t)vectors[v].len,
			  stun_frame_len(vectors[v].data, vectors[v].len,
					 false));
	}
	EXPECT_EQ(-EBADMSG, stun_frame_len("\0\1\0\1", 4, false));
	EXPECT_EQ(20 + 65532, stun_frame_len("\0\1\xff\xfc", 4, false));
}

TEST(frames_of_channel_data)
{
	EXPECT_EQ(4, stun_frame_len("\x40\0\0\0", 4, false));
	EXPECT_EQ(8, stun_frame_len("\x40\0\0\1", 4, false));
	EXPECT_EQ(8, stun_frame_len("\x40\0\0\4", 4, false));
	EXPECT_EQ(12, stun_frame_len("\x40\0\0\5", 4, false));
	EXPECT_EQ(65540, stun_frame_len("\x40\0\xff\xff", 4, false));
	EXPECT_EQ(0, stun_frame_len("\x40\0\0", 3, false));
}

TEST(frames_of_something_else)
{
	EXPECT_EQ(-EBADMSG, stun_frame_len("POST / HTTP/1.1", 15, false));
	EXPECT_EQ(-EBADMSG, stun_frame_len("\x16\x03\x01\x02", 4, true));
	/* known by its first byte already */
	EXPECT_EQ(-EBADMSG, stun_frame_len("\x80", 1, true));
	EXPECT_EQ(-EBADMSG, stun_frame_len("\x50", 1, false));
	EXPECT_EQ(0, stun_frame_len("\x50", 1, true));
}

TEST_HARNESS_MAIN
