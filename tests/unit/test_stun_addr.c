// SPDX-License-Identifier: BSD-3-Clause
/* Transport addresses: text, sockets, canonical forms. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include <kselftest_harness.h>

#include "stun/addr.h"

TEST(text_both_ways)
{
	static const struct {
		const char *text, *printed, *ip;
		uint16_t port;
	} cases[] = {
		{ "192.0.2.1:3478", "192.0.2.1:3478", "192.0.2.1", 3478 },
		{ "192.0.2.1", "192.0.2.1:0", "192.0.2.1", 0 },
		{ "0.0.0.0:65535", "0.0.0.0:65535", "0.0.0.0", 65535 },
		{ "[2001:db8::1]:3478", "[2001:db8::1]:3478", "2001:db8::1",
		  3478 },
		{ "[2001:DB8:0:0::1]", "[2001:db8::1]:0", "2001:db8::1", 0 },
		{ "2001:db8::1", "[2001:db8::1]:0", "2001:db8::1", 0 },
		{ "::", "[::]:0", "::", 0 },
		{ "[::]:1", "[::]:1", "::", 1 },
		{ "[::ffff:192.0.2.1]:5", "[::ffff:192.0.2.1]:5",
		  "::ffff:192.0.2.1", 5 },
		{ "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
		  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535 },
	};
	char buf[TRANSPORT_ADDR_STRLEN];
	struct transport_addr addr;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ASSERT_EQ(0, transport_addr_parse(&addr, cases[i].text));
		EXPECT_EQ(cases[i].port, addr.port);
		EXPECT_STREQ(cases[i].printed,
			     transport_addr_print(&addr, buf));
		EXPECT_STREQ(cases[i].ip, transport_addr_print_ip(&addr, buf));
	}
}

TEST(bad_text)
{
	static const char *const bad[] = {
		"", ":", ":3478", "192.0.2.1:", "192.0.2.1:65536",
		"192.0.2.1:100000", "192.0.2.1:-1", "192.0.2.1:+1",
		"192.0.2.1: 1", "192.0.2.1 ", " 192.0.2.1", "192.0.2",
		"192.0.2.256", "192.0.2.1:1:2", "[192.0.2.1]:1", "[", "[]",
		"[::", "[::]1", "[::]:", "[::]:x", "::1:", "[::1]:65536",
		"[fe80::1%lo]:1", "localhost:1",
		"11111111111111111111111111111111111111111111111111111:1",
	};
	static const struct transport_addr none;
	struct transport_addr addr;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&addr, 0xff, sizeof(addr));
		EXPECT_EQ(-EINVAL, transport_addr_parse(&addr, bad[i])) {
			TH_LOG("accepted \"%s\"", bad[i]);
		}
		EXPECT_EQ(0, memcmp(&none, &addr, sizeof(addr)));
	}
}

TEST(sockets_both_ways)
{
	static const char *const texts[] = { "192.0.2.1:3478",
					     "[2001:db8::1]:3478" };
	struct transport_addr addr, back;
	struct sockaddr_storage ss;
	socklen_t len;

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, transport_addr_parse(&addr, texts[i]));
		len = transport_addr_to_sockaddr(&addr, &ss);
		ASSERT_EQ(i ? sizeof(struct sockaddr_in6)
			    : sizeof(struct sockaddr_in), len);
		EXPECT_EQ(addr.family, ss.ss_family);
		/* the port has the same place in both */
		EXPECT_EQ(htons(3478),
			  ((struct sockaddr_in *)&ss)->sin_port);
		memset(&back, 0xff, sizeof(back));
		ASSERT_EQ(0, transport_addr_from_sockaddr(&back,
					(struct sockaddr *)&ss, len));
		EXPECT_TRUE(transport_addr_equal(&addr, &back));
		EXPECT_EQ(-EINVAL, transport_addr_from_sockaddr(&back,
					(struct sockaddr *)&ss, len - 1));
		EXPECT_EQ(0, back.family);
	}
}

TEST(other_families)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNIX };
	struct transport_addr addr;

	EXPECT_EQ(-EAFNOSUPPORT,
		  transport_addr_from_sockaddr(&addr, (struct sockaddr *)&ss,
					       sizeof(ss)));
	EXPECT_EQ(-EINVAL,
		  transport_addr_from_sockaddr(&addr, (struct sockaddr *)&ss,
					       0));
	EXPECT_EQ(-EAFNOSUPPORT,
		  transport_addr_from_ip(&addr, AF_UNSPEC, "1234", 1));
}

TEST(no_address)
{
	const struct transport_addr none = { 0 };
	char buf[TRANSPORT_ADDR_STRLEN];
	struct sockaddr_storage ss;

	EXPECT_STREQ("-", transport_addr_print(&none, buf));
	EXPECT_STREQ("-", transport_addr_print_ip(&none, buf));
	EXPECT_EQ(0, transport_addr_to_sockaddr(&none, &ss));
	EXPECT_EQ(0, transport_addr_ip_len(&none));
}

TEST(comparison)
{
	struct transport_addr a, b;

	transport_addr_parse(&a, "192.0.2.1:1");
	transport_addr_parse(&b, "192.0.2.1:1");
	EXPECT_TRUE(transport_addr_equal(&a, &b));
	b.port = 2;
	EXPECT_FALSE(transport_addr_equal(&a, &b));
	EXPECT_TRUE(transport_addr_same_ip(&a, &b));
	transport_addr_parse(&b, "192.0.2.2:1");
	EXPECT_FALSE(transport_addr_same_ip(&a, &b));
	/* c000:201:: has the bytes of 192.0.2.1, but another family */
	transport_addr_parse(&b, "[c000:201::]:1");
	EXPECT_FALSE(transport_addr_same_ip(&a, &b));
}

TEST(unmap)
{
	struct transport_addr addr, want;

	transport_addr_parse(&addr, "[::ffff:192.0.2.1]:7");
	transport_addr_parse(&want, "192.0.2.1:7");
	transport_addr_unmap(&addr);
	EXPECT_TRUE(transport_addr_equal(&want, &addr));
	transport_addr_unmap(&addr);
	EXPECT_TRUE(transport_addr_equal(&want, &addr));

	transport_addr_parse(&addr, "[::fffe:192.0.2.1]:7");
	want = addr;
	transport_addr_unmap(&addr);
	EXPECT_TRUE(transport_addr_equal(&want, &addr));
}

TEST(embedded_ipv4)
{
	static const struct {
		const char *outer, *inner;
	} cases[] = {
		{ "[::ffff:127.0.0.1]:9", "127.0.0.1:9" },
		{ "[::127.0.0.1]:9", "127.0.0.1:9" },
		{ "[64:ff9b::10.0.0.1]:9", "10.0.0.1:9" },
		/* RFC 8215, RFC 7915 */
		{ "[64:ff9b:1::10.0.0.1]:9", "10.0.0.1:9" },
		{ "[::ffff:0:10.0.0.1]:9", "10.0.0.1:9" },
		{ "[2002:a00:1::5]:9", "10.0.0.1:9" },
		/* RFC 4380, 4: client 192.0.2.45 */
		{ "[2001:0:4136:e378:8000:63bf:3fff:fdd2]:9", "192.0.2.45:9" },
		{ "[::]:9", NULL }, { "[::1]:9", NULL },
		{ "[2001:db8::1]:9", NULL },
		{ "192.0.2.1:9", NULL },
	};
	struct transport_addr outer, inner, want;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ASSERT_EQ(0, transport_addr_parse(&outer, cases[i].outer));
		memset(&want, 0, sizeof(want));
		if (cases[i].inner)
			ASSERT_EQ(0, transport_addr_parse(&want,
							  cases[i].inner));
		EXPECT_EQ(cases[i].inner != NULL,
			  transport_addr_embedded_ipv4(&outer, &inner));
		EXPECT_TRUE(transport_addr_equal(&want, &inner)) {
			TH_LOG("inner address of %s", cases[i].outer);
		}
	}
}

TEST_HARNESS_MAIN
