/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Netlink requests as no sane client would send them, and the module's verdict
 * with its extended acknowledgement.
 */
#ifndef KTURN_TESTS_NETLINK_RAW_H
#define KTURN_TESTS_NETLINK_RAW_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>

#include "kturn.h"

/**
 * struct raw - a netlink socket
 * @sk: libnl's socket
 * @family: id of the module's family
 */
struct raw {
	struct nl_sock *sk;
	uint16_t family;
};

/**
 * struct raw_verdict - what the module said
 * @error: errno, positive; 0 for success
 * @text: the text of its extended acknowledgement alone, or empty
 * @words: what the client library makes of it, attribute names included
 */
struct raw_verdict {
	int error;
	char text[256];
	char words[256];
};

/**
 * raw_open() - open a socket in the thread's network namespace
 * @raw: filled
 *
 * Return: 0, or a negative errno; -ENODEV: the module is not loaded.
 */
int raw_open(struct raw *raw);
void raw_close(struct raw *raw);

/**
 * raw_request() - begin a request
 * @raw: the socket
 * @cmd: KTURN_CMD_*, or anything
 * @flags: NLM_F_*, besides NLM_F_REQUEST and NLM_F_ACK
 */
struct nl_msg *raw_request(struct raw *raw, uint8_t cmd, int flags);

/**
 * raw_put_endpoint() - put a nest of type endpoint
 * @msg: the request
 * @attr: its type
 * @text: "192.0.2.1:5000", "[2001:db8::1]:5000"; without a port, none is put
 */
void raw_put_endpoint(struct nl_msg *msg, int attr, const char *text);

/**
 * raw_ask() - send a request and wait for the verdict
 * @raw: the socket
 * @msg: the request, which is released
 * @verdict: filled
 *
 * Return: 0, or a negative errno if no verdict came.
 */
int raw_ask(struct raw *raw, struct nl_msg *msg, struct raw_verdict *verdict);

/**
 * raw_refused() - send a request that must be refused
 * @raw: the socket
 * @msg: the request, which is released
 * @error: the errno that it must be refused with, positive
 * @names: what the explanation must name, such as an attribute
 *
 * Return: true if it is refused so, with a text; else false, and the reason is
 * on stdout.
 */
bool raw_refused(struct raw *raw, struct nl_msg *msg, int error,
		 const char *names);

#endif /* KTURN_TESTS_NETLINK_RAW_H */
