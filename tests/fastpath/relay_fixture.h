/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two fixtures of the packet path's tests: "relay" runs a test for each
 * address family, "path" for each family and direction.
 */
#ifndef KTURN_TESTS_RELAY_FIXTURE_H
#define KTURN_TESTS_RELAY_FIXTURE_H

#include <netinet/in.h>
#include <stdio.h>

#include <kselftest_harness.h>

#include "relay_lab.h"

FIXTURE(relay) {
	struct relay r;
};

FIXTURE_VARIANT(relay) {
	int family;
};

FIXTURE_VARIANT_ADD(relay, ipv4) {
	.family = AF_INET,
};

FIXTURE_VARIANT_ADD(relay, ipv6) {
	.family = AF_INET6,
};

FIXTURE_SETUP(relay)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	ASSERT_EQ(0, relay_open(&self->r, variant->family));
}

FIXTURE_TEARDOWN(relay)
{
	relay_close(&self->r);
}

FIXTURE(path) {
	struct relay r;
};

FIXTURE_VARIANT(path) {
	int family;
	enum direction dir;
};

FIXTURE_VARIANT_ADD(path, ipv4_to_peer) {
	.family = AF_INET,
	.dir = TO_PEER,
};

FIXTURE_VARIANT_ADD(path, ipv4_to_client) {
	.family = AF_INET,
	.dir = TO_CLIENT,
};

FIXTURE_VARIANT_ADD(path, ipv6_to_peer) {
	.family = AF_INET6,
	.dir = TO_PEER,
};

FIXTURE_VARIANT_ADD(path, ipv6_to_client) {
	.family = AF_INET6,
	.dir = TO_CLIENT,
};

FIXTURE_SETUP(path)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	ASSERT_EQ(0, relay_open(&self->r, variant->family));
}

FIXTURE_TEARDOWN(path)
{
	relay_close(&self->r);
}

#endif /* KTURN_TESTS_RELAY_FIXTURE_H */
