/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of this folder share, and nobody else sees. */
#ifndef KTURN_FASTPATH_INTERNAL_H
#define KTURN_FASTPATH_INTERNAL_H

#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/socket.h>

#include "fastpath/fastpath.h"

/* Requests that share one datagram at most: see also struct fastpath.window. */
#define FP_BATCH 256

/* Longest request; an allocation with a full blob needs half of it. */
#define FP_REQUEST_SIZE 1024

/* Bytes in a datagram of requests; most are of 60 to 200. */
#define FP_SEND_SIZE (64 * FP_REQUEST_SIZE)

/*
 * What an answer takes of the receive buffer, with the kernel's own overhead,
 * at most: a refusal with the longest explanation, or one object.
 */
#define FP_ANSWER_CHARGE 2048

/* Longest single answer; the kernel's lists come in datagrams of up to 32 K. */
#define FP_ANSWER_SIZE 2048
#define FP_ANSWERS 16
#define FP_RECV_SIZE (FP_ANSWERS * FP_ANSWER_SIZE)

/**
 * struct fp_slot - one request of an exchange, and what became of it
 * @offset: where it starts in the send buffer
 * @error: 0 or a negative errno
 * @answered: the kernel said so, rather than the exchange having failed
 * @bare: the error came without any explanation
 * @why: whom to tell of this error in words, besides the caller; or NULL
 */
struct fp_slot {
	size_t offset;
	struct fastpath_error *why;
	int error;
	bool answered;
	bool bare;
};

/**
 * struct fastpath - a connection
 * @sk: the netlink socket
 * @family: id of the module's family, 0 while not attached
 * @window: requests that may share a datagram: their answers have to fit into
 *	the socket's receive buffer all at once, for the kernel does not wait
 * @scratch: the request that is being made
 * @seq: sequence number of the first request in @send
 * @count: requests in @send
 * @send_len: bytes in @send
 * @slots: one for each request in @send
 * @interrupted: what the kernel listed changed while it did
 * @send: requests, as they go out
 * @recv: answers; an array of FP_ANSWERS, or one long one
 */
struct fastpath {
	struct nl_sock *sk;
	uint16_t family;
	unsigned int window;
	struct nl_msg *scratch;
	uint32_t seq;
	unsigned int count;
	size_t send_len;
	struct fp_slot slots[FP_BATCH];
	bool interrupted;
	_Alignas(struct nlmsghdr) unsigned char send[FP_SEND_SIZE];
	_Alignas(struct nlmsghdr) unsigned char recv[FP_RECV_SIZE];
};

/**
 * struct fp_family - what the kernel says of a netlink family
 * @id: its id, 0 if there is none
 * @version: of the interface
 * @events: id of the multicast group "events", 0 if there is none
 */
struct fp_family {
	uint16_t id;
	uint32_t version;
	uint32_t events;
};

/* Called for each answer that carries data; index says to which request. */
typedef void (*fp_data_cb)(unsigned int index, struct nlmsghdr *nlh,
			   void *arg);

/* socket.c: requests go out, answers come in. */
int fp_socket_open(struct nl_sock **sk, struct fastpath_error *err);
unsigned int fp_socket_window(struct nl_sock *sk);
void fp_begin(struct fastpath *fp);
bool fp_full(const struct fastpath *fp);
void fp_queue(struct fastpath *fp, struct nl_msg *msg,
	      struct fastpath_error *why);
int fp_exchange(struct fastpath *fp, fp_data_cb data, void *arg,
		struct fastpath_error *err);
int fp_exchange_dump(struct fastpath *fp, fp_data_cb data, void *arg,
		     struct fastpath_error *err);

/* family.c: whether the module is there. */
bool fp_family_parse(struct nlmsghdr *nlh, struct fp_family *family);
int fp_family_lookup(struct fastpath *fp, struct fp_family *family,
		     struct fastpath_error *err);
int fp_check_attached(const struct fastpath *fp, struct fastpath_error *err);
void fp_check_gone(struct fastpath *fp, struct fastpath_error *err);

/*
 * encode.c: requests. All return the connection's one message, good until the
 * next is made; NULL when the request is too long.
 */
struct nl_msg *fp_message(struct fastpath *fp, uint16_t family, uint8_t cmd,
			  int flags);
struct nl_msg *fp_encode_request(struct fastpath *fp,
				 const struct fastpath_request *request);
struct nl_msg *fp_encode_net(struct fastpath *fp, unsigned int which,
			     const struct fastpath_net *net);
struct nl_msg *fp_encode_id(struct fastpath *fp, uint8_t cmd, int flags,
			    int attr, uint32_t id);

/* decode.c: answers and notifications; false if malformed. */
bool fp_decode_allocation(struct nlmsghdr *nlh, struct fastpath_allocation *a);
bool fp_decode_permission(struct nlmsghdr *nlh, struct fastpath_permission *p);
bool fp_decode_channel(struct nlmsghdr *nlh, struct fastpath_channel *c);
bool fp_decode_net(struct nlmsghdr *nlh, struct fastpath_net *net);
bool fp_decode_stats(struct nlmsghdr *nlh, struct fastpath_stats *stats);

/* error.c: failures in words. */
int fp_fail(struct fastpath_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool fp_explain(struct fastpath_error *err, int code, struct nlmsghdr *request,
		struct nlmsghdr *answer, size_t skip);

/* names.c */
const char *fp_cmd_name(unsigned int cmd);
const char *fp_attr_name(unsigned int cmd, unsigned int attr);
const char *fp_endpoint_attr_name(unsigned int attr);

#endif /* KTURN_FASTPATH_INTERNAL_H */
