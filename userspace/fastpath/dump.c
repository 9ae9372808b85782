// SPDX-License-Identifier: BSD-3-Clause
/* Lists of objects. */
#include <errno.h>

#include "fastpath/internal.h"

/* How often to begin again when the list changes while it is read. */
#define DUMP_ATTEMPTS 5

union object {
	struct fastpath_allocation allocation;
	struct fastpath_permission permission;
	struct fastpath_channel channel;
};

/**
 * struct dump - one list being read
 * @cmd: which
 * @allocation_cb: the caller's callback; which member depends on @cmd
 * @permission_cb: same
 * @channel_cb: same
 * @arg: for the callback
 * @err: for failures on the way
 * @ret: what the callback said; not 0 ends the dump
 */
struct dump {
	enum kturn_cmd cmd;
	union {
		fastpath_allocation_cb allocation_cb;
		fastpath_permission_cb permission_cb;
		fastpath_channel_cb channel_cb;
	};
	void *arg;
	struct fastpath_error *err;
	int ret;
};

/* Hand an object to the caller, or NULL for a new beginning. */
static int hand_over(struct dump *dump, const union object *object)
{
	switch (dump->cmd) {
	case KTURN_CMD_ALLOCATION_GET:
		return dump->allocation_cb(object ? &object->allocation : NULL,
					   dump->arg);
	case KTURN_CMD_PERMISSION_GET:
		return dump->permission_cb(object ? &object->permission : NULL,
					   dump->arg);
	default:
		return dump->channel_cb(object ? &object->channel : NULL,
					dump->arg);
	}
}

static bool decode(struct dump *dump, struct nlmsghdr *nlh,
		   union object *object)
{
	switch (dump->cmd) {
	case KTURN_CMD_ALLOCATION_GET:
		return fp_decode_allocation(nlh, &object->allocation);
	case KTURN_CMD_PERMISSION_GET:
		return fp_decode_permission(nlh, &object->permission);
	default:
		return fp_decode_channel(nlh, &object->channel);
	}
}

/* After a failure the rest is read all the same, to leave the socket clean. */
static void take_object(unsigned int index, struct nlmsghdr *nlh, void *arg)
{
	struct dump *dump = arg;
	union object object;

	(void)index;
	if (dump->ret)
		return;
	if (decode(dump, nlh, &object))
		dump->ret = hand_over(dump, &object);
	else
		dump->ret = fp_fail(dump->err, EBADMSG,
				    "%s: the module's answer cannot be understood",
				    fp_cmd_name(dump->cmd));
}

/* One pass. */
static int dump_once(struct fastpath *fp, struct dump *dump,
		     uint32_t allocation_id)
{
	/* The attribute is the first in both sets that a dump may be cut by. */
	struct nl_msg *msg = fp_encode_id(fp, dump->cmd, NLM_F_DUMP,
					  KTURN_A_CHANNEL_ALLOCATION_ID,
					  allocation_id);

	_Static_assert((int)KTURN_A_CHANNEL_ALLOCATION_ID ==
		       (int)KTURN_A_PERMISSION_ALLOCATION_ID, "same number");
	if (!msg)
		return fp_fail(dump->err, EMSGSIZE,
			       "netlink: request is too long");

	dump->ret = hand_over(dump, NULL);
	if (dump->ret)
		return dump->ret;
	fp_begin(fp);
	fp_queue(fp, msg, NULL);
	fp_exchange_dump(fp, take_object, dump, dump->err);
	fp_check_gone(fp, dump->err);
	return dump->ret ? dump->ret : fp->slots[0].error;
}

static int dump_all(struct fastpath *fp, struct dump *dump,
		    uint32_t allocation_id)
{
	int ret;

	if (dump->err)
		dump->err->code = 0;
	if (fp_check_attached(fp, dump->err))
		return -ENODEV;

	for (int i = 0; i < DUMP_ATTEMPTS; i++) {
		ret = dump_once(fp, dump, allocation_id);
		if (ret || !fp->interrupted)
			return ret;
	}
	return 1;
}

int fastpath_allocation_dump(struct fastpath *fp, fastpath_allocation_cb cb,
			     void *arg, struct fastpath_error *err)
{
	struct dump dump = {
		.cmd = KTURN_CMD_ALLOCATION_GET,
		.allocation_cb = cb,
		.arg = arg,
		.err = err,
	};

	return dump_all(fp, &dump, 0);
}

int fastpath_permission_dump(struct fastpath *fp, uint32_t allocation_id,
			     fastpath_permission_cb cb, void *arg,
			     struct fastpath_error *err)
{
	struct dump dump = {
		.cmd = KTURN_CMD_PERMISSION_GET,
		.permission_cb = cb,
		.arg = arg,
		.err = err,
	};

	return dump_all(fp, &dump, allocation_id);
}

int fastpath_channel_dump(struct fastpath *fp, uint32_t allocation_id,
			  fastpath_channel_cb cb, void *arg,
			  struct fastpath_error *err)
{
	struct dump dump = {
		.cmd = KTURN_CMD_CHANNEL_GET,
		.channel_cb = cb,
		.arg = arg,
		.err = err,
	};

	return dump_all(fp, &dump, allocation_id);
}
