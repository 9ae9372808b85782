// SPDX-License-Identifier: BSD-3-Clause
/* Changes and look-ups of single objects, alone or many at a time. */
#include <errno.h>
#include <stdlib.h>

#include "fastpath/internal.h"

int fastpath_open(struct fastpath **fp, struct fastpath_error *err)
{
	struct fp_family family;
	int ret;

	if (err)
		err->code = 0;
	*fp = calloc(1, sizeof(**fp));
	if (!*fp)
		return fp_fail(err, ENOMEM, "netlink: out of memory");

	/* Not 0: that is what the kernel's own notifications carry. */
	(*fp)->seq = 1;
	(*fp)->scratch = nlmsg_alloc_size(FP_REQUEST_SIZE);
	if ((*fp)->scratch)
		ret = fp_socket_open(&(*fp)->sk, err);
	else
		ret = fp_fail(err, ENOMEM, "netlink: out of memory");
	if (!ret) {
		(*fp)->window = fp_socket_window((*fp)->sk);
		ret = fp_family_lookup(*fp, &family, err);
	}
	if (ret) {
		fastpath_close(*fp);
		*fp = NULL;
		return ret;
	}
	if (family.version == KTURN_FAMILY_VERSION)
		(*fp)->family = family.id;
	return 0;
}

void fastpath_close(struct fastpath *fp)
{
	if (!fp)
		return;
	nl_socket_free(fp->sk);
	nlmsg_free(fp->scratch);
	free(fp);
}

/* The id of a new allocation, into its request. */
static void take_id(unsigned int index, struct nlmsghdr *nlh, void *arg)
{
	struct fastpath_request *requests = arg;
	struct fastpath_request *request = &requests[index];
	struct nlattr *id;

	if (request->cmd != KTURN_CMD_ALLOCATION_NEW)
		return;
	id = nlmsg_find_attr(nlh, GENL_HDRLEN, KTURN_A_ALLOCATION_ID);
	if (id && nla_len(id) >= (int)sizeof(uint32_t))
		request->allocation.id = nla_get_u32(id);
}

/* One datagram's worth. Every request gets its error. */
static void submit_batch(struct fastpath *fp,
			 struct fastpath_request *requests, size_t count,
			 struct fastpath_error *err)
{
	fp_exchange(fp, take_id, requests, err);
	fp_check_gone(fp, err);

	for (size_t i = 0; i < count; i++) {
		struct fastpath_request *request = &requests[i];

		request->error = fp->slots[i].error;
		/* A success without an id is none. */
		if (!request->error &&
		    request->cmd == KTURN_CMD_ALLOCATION_NEW &&
		    !request->allocation.id)
			request->error = fp_fail(err, EBADMSG,
						 "allocation-new: the module's answer has no id");
	}
}

static void refuse_long(struct fastpath_request *request,
			struct fastpath_error *err)
{
	const char *name = fp_cmd_name(request->cmd);

	if (request->why) {
		request->why->code = 0;
		fp_fail(request->why, EMSGSIZE, "%s: request is too long",
			name);
	}
	request->error = fp_fail(err, EMSGSIZE, "%s: request is too long",
				 name);
}

/*
 * Queue as many as one datagram takes. A request that cannot be encoded fails
 * on its own and ends the batch, so that slots and requests stay in step.
 */
static size_t queue_batch(struct fastpath *fp,
			  struct fastpath_request *requests, size_t count,
			  struct fastpath_error *err)
{
	size_t queued = 0;

	fp_begin(fp);
	while (queued < count && !fp_full(fp)) {
		struct fastpath_request *request = &requests[queued];
		struct nl_msg *msg;

		if (request->cmd == KTURN_CMD_ALLOCATION_NEW)
			request->allocation.id = 0;
		msg = fp_encode_request(fp, request);
		if (!msg && queued == 0)
			refuse_long(request, err);
		if (!msg)
			break;
		fp_queue(fp, msg, request->why);
		queued++;
	}
	return queued;
}

/* What is left when the module has gone. */
static void refuse(struct fastpath *fp, struct fastpath_request *request)
{
	if (request->why) {
		request->why->code = 0;
		fp_check_attached(fp, request->why);
	}
	request->error = -ENODEV;
}

int fastpath_submit(struct fastpath *fp, struct fastpath_request *requests,
		    size_t count, struct fastpath_error *err)
{
	size_t done = 0, queued;

	if (err)
		err->code = 0;
	while (done < count) {
		if (fp_check_attached(fp, err)) {
			refuse(fp, &requests[done++]);
			continue;
		}
		queued = queue_batch(fp, requests + done, count - done, err);
		if (queued)
			submit_batch(fp, requests + done, queued, err);
		done += queued ? queued : 1;
	}
	for (size_t i = 0; i < count; i++) {
		if (requests[i].error)
			return requests[i].error;
	}
	return 0;
}

int fastpath_allocation_new(struct fastpath *fp,
			    struct fastpath_allocation *allocation,
			    struct fastpath_error *err)
{
	struct fastpath_request request = {
		.cmd = KTURN_CMD_ALLOCATION_NEW,
		.allocation = *allocation,
	};
	int ret = fastpath_submit(fp, &request, 1, err);

	if (!ret)
		allocation->id = request.allocation.id;
	return ret;
}

int fastpath_allocation_set(struct fastpath *fp,
			    const struct fastpath_allocation *allocation,
			    struct fastpath_error *err)
{
	struct fastpath_request request = {
		.cmd = KTURN_CMD_ALLOCATION_SET,
		.allocation = *allocation,
	};

	return fastpath_submit(fp, &request, 1, err);
}

int fastpath_allocation_del(struct fastpath *fp, uint32_t id,
			    struct fastpath_error *err)
{
	struct fastpath_request request = {
		.cmd = KTURN_CMD_ALLOCATION_DEL,
		.allocation = { .id = id },
	};

	return fastpath_submit(fp, &request, 1, err);
}

int fastpath_permission_new(struct fastpath *fp,
			    const struct fastpath_permission *permission,
			    struct fastpath_error *err)
{
	struct fastpath_request request = {
		.cmd = KTURN_CMD_PERMISSION_NEW,
		.permission = *permission,
	};

	return fastpath_submit(fp, &request, 1, err);
}

int fastpath_permission_del(struct fastpath *fp,
			    const struct fastpath_permission *permission,
			    struct fastpath_error *err)
{
	struct fastpath_request request = {
		.cmd = KTURN_CMD_PERMISSION_DEL,
		.permission = *permission,
	};

	return fastpath_submit(fp, &request, 1, err);
}

int fastpath_channel_new(struct fastpath *fp,
			 const struct fastpath_channel *channel,
			 struct fastpath_error *err)
{
	struct fastpath_request request = {
		.cmd = KTURN_CMD_CHANNEL_NEW,
		.channel = *channel,
	};

	return fastpath_submit(fp, &request, 1, err);
}

int fastpath_bind(struct fastpath *fp, const struct fastpath_channel *channel,
		  uint32_t permission_timeout_ms, struct fastpath_error *err)
{
	struct fastpath_request requests[] = {
		{
			.cmd = KTURN_CMD_PERMISSION_NEW,
			.permission = {
				.allocation_id = channel->allocation_id,
				.peer = channel->peer,
				.timeout_ms = permission_timeout_ms,
			},
		},
		{
			.cmd = KTURN_CMD_CHANNEL_NEW,
			.channel = *channel,
		},
	};

	return fastpath_submit(fp, requests, 2, err);
}

int fastpath_channel_del(struct fastpath *fp, uint32_t allocation_id,
			 uint16_t number, struct fastpath_error *err)
{
	struct fastpath_request request = {
		.cmd = KTURN_CMD_CHANNEL_DEL,
		.channel = {
			.allocation_id = allocation_id,
			.number = number,
		},
	};

	return fastpath_submit(fp, &request, 1, err);
}

/* What one answer is decoded into. */
struct answer {
	bool (*decode)(struct nlmsghdr *nlh, void *into);
	void *into;
	bool taken;
};

static void take_answer(unsigned int index, struct nlmsghdr *nlh, void *arg)
{
	struct answer *answer = arg;

	(void)index;
	answer->taken = answer->decode(nlh, answer->into);
}

/* One request that is not a change of an object. */
static int ask(struct fastpath *fp, struct nl_msg *msg, struct answer *answer,
	       struct fastpath_error *err)
{
	int ret;

	if (!msg)
		return fp_fail(err, EMSGSIZE, "netlink: request is too long");
	fp_begin(fp);
	fp_queue(fp, msg, NULL);
	fp_exchange(fp, answer ? take_answer : NULL, answer, err);
	fp_check_gone(fp, err);

	ret = fp->slots[0].error;
	if (!ret && answer && !answer->taken)
		return fp_fail(err, EBADMSG,
			       "the module's answer cannot be understood");
	return ret;
}

static int ask_plain(struct fastpath *fp, uint8_t cmd, uint32_t id,
		     struct answer *answer, struct fastpath_error *err)
{
	if (err)
		err->code = 0;
	if (fp_check_attached(fp, err))
		return -ENODEV;
	return ask(fp,
		   fp_encode_id(fp, cmd, 0, KTURN_A_ALLOCATION_ID, id),
		   answer, err);
}

static bool decode_allocation(struct nlmsghdr *nlh, void *into)
{
	return fp_decode_allocation(nlh, into);
}

static bool decode_net(struct nlmsghdr *nlh, void *into)
{
	return fp_decode_net(nlh, into);
}

static bool decode_stats(struct nlmsghdr *nlh, void *into)
{
	return fp_decode_stats(nlh, into);
}

int fastpath_allocation_get(struct fastpath *fp, uint32_t id,
			    struct fastpath_allocation *allocation,
			    struct fastpath_error *err)
{
	struct answer answer = {
		.decode = decode_allocation,
		.into = allocation,
	};

	return ask_plain(fp, KTURN_CMD_ALLOCATION_GET, id, &answer, err);
}

int fastpath_net_get(struct fastpath *fp, struct fastpath_net *net,
		     struct fastpath_error *err)
{
	struct answer answer = { .decode = decode_net, .into = net };

	return ask_plain(fp, KTURN_CMD_NET_GET, 0, &answer, err);
}

int fastpath_net_set(struct fastpath *fp, unsigned int which,
		     const struct fastpath_net *net,
		     struct fastpath_error *err)
{
	if (err)
		err->code = 0;
	if (fp_check_attached(fp, err))
		return -ENODEV;
	return ask(fp, fp_encode_net(fp, which, net), NULL, err);
}

int fastpath_stats_get(struct fastpath *fp, struct fastpath_stats *stats,
		       struct fastpath_error *err)
{
	struct answer answer = { .decode = decode_stats, .into = stats };

	return ask_plain(fp, KTURN_CMD_STATS_GET, 0, &answer, err);
}

int fastpath_flush(struct fastpath *fp, struct fastpath_error *err)
{
	return ask_plain(fp, KTURN_CMD_FLUSH, 0, NULL, err);
}
