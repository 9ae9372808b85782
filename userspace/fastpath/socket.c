// SPDX-License-Identifier: BSD-3-Clause
/*
 * The exchange: requests go out in one datagram, answers come back.
 *
 * Generic netlink works within the sender's system call, so that all answers
 * lie in the receive buffer when send() returns, and one recvmmsg() takes
 * them. libnl has sockets, messages and attributes; its receive loop knows
 * neither extack nor several requests under way, hence this one.
 *
 * Requests are worked off in order, and refusals are always told. So only the
 * last one of a datagram asks for an acknowledgement: with it, those before
 * that were not refused have succeeded. No refusal gets lost on the way
 * unnoticed: the kernel would say ENOBUFS before anything else.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "fastpath/internal.h"

#define RECEIVE_TIMEOUT_S 2
#define RECEIVE_BUFFER (1 << 20)
/* The kernel takes no datagram that is longer than this. */
#define SEND_BUFFER (2 * FP_SEND_SIZE)

int fp_socket_open(struct nl_sock **sk, struct fastpath_error *err)
{
	const struct timeval timeout = { .tv_sec = RECEIVE_TIMEOUT_S };
	const int on = 1, buffer = RECEIVE_BUFFER, send_buffer = SEND_BUFFER;
	int ret, fd;

	*sk = nl_socket_alloc();
	if (!*sk)
		return fp_fail(err, ENOMEM, "netlink socket: out of memory");

	errno = 0;
	ret = nl_connect(*sk, NETLINK_GENERIC);
	if (ret < 0) {
		int code = errno ? errno : EIO;

		nl_socket_free(*sk);
		*sk = NULL;
		return fp_fail(err, code, "netlink socket: %s",
			       nl_geterror(ret));
	}

	/* A receive buffer that large needs CAP_NET_ADMIN; the usual will do. */
	fd = nl_socket_get_fd(*sk);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer,
		   sizeof(send_buffer));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
		       sizeof(timeout)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on))) {
		ret = fp_fail(err, errno, "netlink socket: %s",
			      strerror(errno));
		nl_socket_free(*sk);
		*sk = NULL;
		return ret;
	}
	return 0;
}

/**
 * fp_socket_window() - how many requests may be under way
 * @sk: the socket
 *
 * Return: at least 1, at most FP_BATCH
 */
unsigned int fp_socket_window(struct nl_sock *sk)
{
	socklen_t len = sizeof(int);
	unsigned int window;
	int buffer = 0;

	if (getsockopt(nl_socket_get_fd(sk), SOL_SOCKET, SO_RCVBUF, &buffer,
		       &len))
		return 1;
	window = (unsigned int)buffer / FP_ANSWER_CHARGE;
	if (!window)
		return 1;
	return window < FP_BATCH ? window : FP_BATCH;
}

void fp_begin(struct fastpath *fp)
{
	/* Late answers to what was given up must match nothing. */
	fp->seq += fp->count;
	fp->count = 0;
	fp->send_len = 0;
	fp->interrupted = false;
}

bool fp_full(const struct fastpath *fp)
{
	return fp->count == fp->window ||
	       fp->send_len + FP_REQUEST_SIZE > sizeof(fp->send);
}

/* Room is certain: see fp_message() and fp_full(). */
void fp_queue(struct fastpath *fp, struct nl_msg *msg,
	      struct fastpath_error *why)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct fp_slot *slot = &fp->slots[fp->count];

	nlh->nlmsg_seq = fp->seq + fp->count;
	nlh->nlmsg_pid = nl_socket_get_local_port(fp->sk);
	*slot = (struct fp_slot){ .offset = fp->send_len, .why = why };
	if (why)
		why->code = 0;

	memcpy(fp->send + fp->send_len, nlh, nlh->nlmsg_len);
	fp->send_len += NLMSG_ALIGN(nlh->nlmsg_len);
	fp->count++;
}

/**
 * struct receiver - what becomes of answers
 * @data: called for each that carries data, or NULL
 * @arg: for @data
 * @err: the first failure
 * @done: the last request has its verdict, and so all have
 */
struct receiver {
	fp_data_cb data;
	void *arg;
	struct fastpath_error *err;
	bool done;
};

/* An acknowledgement, a refusal or the end of a list. */
static void take_verdict(struct fastpath *fp, struct receiver *r,
			 unsigned int index, struct nlmsghdr *nlh)
{
	struct fp_slot *slot = &fp->slots[index];
	struct nlmsghdr *request = (void *)(fp->send + slot->offset);
	size_t skip = nlh->nlmsg_type == NLMSG_ERROR ?
			      sizeof(struct nlmsgerr) : sizeof(int);
	bool explained;

	if (slot->answered || nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(int))
		return;

	slot->answered = true;
	slot->error = *(int *)NLMSG_DATA(nlh);
	r->done = index == fp->count - 1;
	if (!slot->error)
		return;

	explained = fp_explain(r->err, -slot->error, request, nlh, skip);
	slot->bare = !explained;
	if (slot->why)
		fp_explain(slot->why, -slot->error, request, nlh, skip);
}

static void take_message(struct fastpath *fp, struct receiver *r,
			 struct nlmsghdr *nlh)
{
	unsigned int index = nlh->nlmsg_seq - fp->seq;

	if (index >= fp->count)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		fp->interrupted = true;

	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE)
		take_verdict(fp, r, index, nlh);
	else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && r->data)
		r->data(index, nlh, r->arg);
}

static int take_datagram(struct fastpath *fp, struct receiver *r,
			 const struct mmsghdr *m)
{
	const struct sockaddr_nl *from = m->msg_hdr.msg_name;
	struct nlmsghdr *nlh = m->msg_hdr.msg_iov->iov_base;
	int left = (int)m->msg_len;

	if (m->msg_hdr.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	/* Only the kernel speaks for the kernel. */
	if (m->msg_hdr.msg_namelen != sizeof(*from) || from->nl_pid != 0)
		return 0;

	for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left))
		take_message(fp, r, nlh);
	return 0;
}

static int receive(struct fastpath *fp, struct receiver *r, unsigned int slots)
{
	const size_t size = FP_RECV_SIZE / slots;
	struct mmsghdr msgs[FP_ANSWERS];
	struct sockaddr_nl from[FP_ANSWERS];
	struct iovec iov[FP_ANSWERS];
	int n, ret = 0;

	while (!r->done && !ret) {
		memset(msgs, 0, sizeof(msgs));
		for (unsigned int i = 0; i < slots; i++) {
			iov[i].iov_base = fp->recv + i * size;
			iov[i].iov_len = size;
			msgs[i].msg_hdr.msg_iov = &iov[i];
			msgs[i].msg_hdr.msg_iovlen = 1;
			msgs[i].msg_hdr.msg_name = &from[i];
			msgs[i].msg_hdr.msg_namelen = sizeof(from[i]);
		}
		n = recvmmsg(nl_socket_get_fd(fp->sk), msgs, slots,
			     MSG_WAITFORONE, NULL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		for (int i = 0; i < n && !ret; i++)
			ret = take_datagram(fp, r, &msgs[i]);
	}
	return ret;
}

/*
 * What is left of an exchange that failed. A socket that overflowed takes
 * nothing before it was emptied.
 */
static void drain(struct fastpath *fp)
{
	ssize_t len;

	do {
		len = recv(nl_socket_get_fd(fp->sk), fp->recv,
			   sizeof(fp->recv), MSG_DONTWAIT | MSG_TRUNC);
	} while (len >= 0 || errno == EINTR || errno == ENOBUFS);
}

/* The exchange as such failed: what has no verdict may have been done or not. */
static void fail_exchange(struct fastpath *fp, struct fastpath_error *err,
			  int ret)
{
	const char *text = ret == -ETIMEDOUT ?
				   "no answer from the kernel in time" :
				   strerror(-ret);

	fp_fail(err, -ret, "netlink: %s", text);
	for (unsigned int i = 0; i < fp->count; i++) {
		struct fp_slot *slot = &fp->slots[i];

		if (slot->answered)
			continue;
		slot->error = ret;
		fp_fail(slot->why, -ret, "netlink: %s", text);
	}
}

static int exchange(struct fastpath *fp, struct receiver *r,
		    unsigned int slots)
{
	ssize_t sent;
	int ret = 0;

	do {
		sent = send(nl_socket_get_fd(fp->sk), fp->send, fp->send_len,
			    0);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		ret = -errno;
	else
		ret = receive(fp, r, slots);

	if (!ret)
		return 0;

	drain(fp);
	fail_exchange(fp, r->err, ret);
	return ret;
}

/*
 * Send what is queued and wait until each request has its verdict, which then
 * is in its slot; err holds the first that is not 0. Returns a negative errno
 * only if the exchange as such failed.
 */
int fp_exchange(struct fastpath *fp, fp_data_cb data, void *arg,
		struct fastpath_error *err)
{
	struct fp_slot *last = &fp->slots[fp->count - 1];
	struct nlmsghdr *nlh = (void *)(fp->send + last->offset);
	struct receiver r = { .data = data, .arg = arg, .err = err };

	nlh->nlmsg_flags |= NLM_F_ACK;
	return exchange(fp, &r, FP_ANSWERS);
}

/* The same for one request that asks for a list. */
int fp_exchange_dump(struct fastpath *fp, fp_data_cb data, void *arg,
		     struct fastpath_error *err)
{
	struct receiver r = { .data = data, .arg = arg, .err = err };

	return exchange(fp, &r, 1);
}
