/* SPDX-License-Identifier: BSD-3-Clause */
/* A network namespace of its own with a connection to the module in it. */
#ifndef KTURN_TESTS_NETLINK_FIXTURE_H
#define KTURN_TESTS_NETLINK_FIXTURE_H

#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include <kselftest_harness.h>

#include "fastpath/fastpath.h"

#define MINUTE_MS 60000

/* Shows the client library's explanation where a call fails. */
#define ASSERT_DONE(call) \
	ASSERT_EQ(0, call) TH_LOG("%s", self->err.text)

static inline struct transport_addr addr(const char *text)
{
	struct transport_addr a;

	if (transport_addr_parse(&a, text))
		abort();
	return a;
}

/* Allocation number i, unlike any other: 192.0.2.x:p, relayed at port p. */
static inline struct fastpath_allocation make_allocation(unsigned int i)
{
	struct fastpath_allocation a = {
		.client = addr("192.0.2.1:1"),
		.server = addr("198.51.100.1:3478"),
		.relayed_ipv4 = addr("198.51.100.1:1"),
		.relayed_ipv6 = addr("[2001:db8::1]:1"),
		.timeout_ms = 10 * MINUTE_MS,
	};

	a.client.ip[3] = (uint8_t)(1 + i / 50000);
	a.client.port = (uint16_t)(10000 + i % 50000);
	a.relayed_ipv4.ip[3] = a.client.ip[3];
	a.relayed_ipv4.port = a.client.port;
	a.relayed_ipv6.ip[15] = a.client.ip[3];
	a.relayed_ipv6.port = a.client.port;
	return a;
}

FIXTURE(netlink)
{
	struct fastpath *fp;
	struct fastpath_error err;
};

FIXTURE_SETUP(netlink)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_DONE(fastpath_open(&self->fp, &self->err));
	ASSERT_TRUE(fastpath_attached(self->fp)) {
		TH_LOG("the module kturn is not loaded");
	}
}

FIXTURE_TEARDOWN(netlink)
{
	fastpath_close(self->fp);
}

#endif /* KTURN_TESTS_NETLINK_FIXTURE_H */
