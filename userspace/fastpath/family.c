// SPDX-License-Identifier: BSD-3-Clause
/*
 * Whether the module is there. Looking a family up by its name makes the
 * kernel load the module that has it; listing all families does not, and so
 * is the way to look without interfering.
 */
#include <errno.h>
#include <string.h>

#include "fastpath/internal.h"

static uint32_t find_group(struct nlattr *groups, const char *name)
{
	struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1];
	struct nlattr *group;
	int left;

	nla_for_each_nested(group, groups, left) {
		if (nla_parse_nested(tb, CTRL_ATTR_MCAST_GRP_MAX, group, NULL) ||
		    !tb[CTRL_ATTR_MCAST_GRP_NAME] ||
		    !tb[CTRL_ATTR_MCAST_GRP_ID])
			continue;
		if (!strcmp(nla_get_string(tb[CTRL_ATTR_MCAST_GRP_NAME]), name))
			return nla_get_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
	}
	return 0;
}

/**
 * fp_family_parse() - read the controller's description of a family
 * @nlh: message of the generic netlink controller
 * @family: filled if it is about our family
 *
 * Return: true if it is.
 */
bool fp_family_parse(struct nlmsghdr *nlh, struct fp_family *family)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];

	if (genlmsg_parse(nlh, 0, tb, CTRL_ATTR_MAX, NULL) < 0 ||
	    !tb[CTRL_ATTR_FAMILY_NAME] || !tb[CTRL_ATTR_FAMILY_ID])
		return false;
	if (strcmp(nla_get_string(tb[CTRL_ATTR_FAMILY_NAME]),
		   KTURN_FAMILY_NAME) != 0)
		return false;

	*family = (struct fp_family){
		.id = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]),
	};
	if (tb[CTRL_ATTR_VERSION])
		family->version = nla_get_u32(tb[CTRL_ATTR_VERSION]);
	if (tb[CTRL_ATTR_MCAST_GROUPS])
		family->events = find_group(tb[CTRL_ATTR_MCAST_GROUPS],
					    KTURN_MCGRP_EVENTS);
	return true;
}

static void take_family(unsigned int index, struct nlmsghdr *nlh, void *arg)
{
	(void)index;
	fp_family_parse(nlh, arg);
}

/**
 * fp_family_lookup() - find our family without making the kernel load it
 * @fp: the connection
 * @family: filled; its id is 0 if there is none
 * @err: filled on failure
 *
 * Return: 0, or a negative errno if the kernel could not be asked.
 */
int fp_family_lookup(struct fastpath *fp, struct fp_family *family,
		     struct fastpath_error *err)
{
	struct nl_msg *msg;
	int ret;

	*family = (struct fp_family){ 0 };
	msg = fp_message(fp, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_DUMP);
	if (!msg)
		return fp_fail(err, EMSGSIZE, "netlink: request is too long");

	fp_begin(fp);
	fp_queue(fp, msg, NULL);
	ret = fp_exchange_dump(fp, take_family, family, err);
	return ret ? ret : fp->slots[0].error;
}

static int fail_absent(struct fastpath_error *err)
{
	return fp_fail(err, ENODEV, "the kernel module kturn is not loaded");
}

int fastpath_attach(struct fastpath *fp, struct fastpath_error *err)
{
	struct fp_family family;
	int ret;

	if (err)
		err->code = 0;
	fp->family = 0;
	ret = fp_family_lookup(fp, &family, err);
	if (ret)
		return ret;
	if (!family.id)
		return fail_absent(err);
	if (family.version != KTURN_FAMILY_VERSION)
		return fp_fail(err, EPROTO,
			       "the kernel module kturn speaks version %u of the netlink interface, this program version %u: install both from one release",
			       family.version, KTURN_FAMILY_VERSION);
	fp->family = family.id;
	return 0;
}

int fastpath_load(struct fastpath *fp, struct fastpath_error *err)
{
	struct nl_msg *msg;
	int ret;

	if (err)
		err->code = 0;
	msg = fp_message(fp, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	if (!msg || nla_put_string(msg, CTRL_ATTR_FAMILY_NAME,
				   KTURN_FAMILY_NAME))
		return fp_fail(err, EMSGSIZE, "netlink: request is too long");

	/* The verdict is of no interest: what counts is what is there now. */
	fp_begin(fp);
	fp_queue(fp, msg, NULL);
	ret = fp_exchange(fp, NULL, NULL, NULL);
	if (ret)
		return fp_fail(err, -ret, "netlink: %s", strerror(-ret));
	return fastpath_attach(fp, err);
}

bool fastpath_attached(const struct fastpath *fp)
{
	return fp->family != 0;
}

int fp_check_attached(const struct fastpath *fp, struct fastpath_error *err)
{
	return fp->family ? 0 : fail_absent(err);
}

/**
 * fp_check_gone() - after an exchange, tell "no such object" from "no module"
 * @fp: the connection
 * @err: the failure so far; rewritten if the module is gone
 *
 * Both are ENOENT. The module explains its own, generic netlink does not, so
 * one without an explanation raises the suspicion and a look confirms it.
 * Verdicts in the slots become -ENODEV and the connection is detached.
 */
void fp_check_gone(struct fastpath *fp, struct fastpath_error *err)
{
	const unsigned int count = fp->count;
	struct fp_slot slots[FP_BATCH];
	struct fp_family family;
	bool suspect = false;

	for (unsigned int i = 0; i < count; i++)
		suspect |= fp->slots[i].error == -ENOENT && fp->slots[i].bare;
	if (!suspect)
		return;
	/* The look is an exchange of its own and overwrites the slots. */
	memcpy(slots, fp->slots, sizeof(slots));
	if (fp_family_lookup(fp, &family, NULL) || family.id == fp->family)
		goto out;

	for (unsigned int i = 0; i < count; i++) {
		if (slots[i].error != -ENOENT || !slots[i].bare)
			continue;
		slots[i].error = -ENODEV;
		if (slots[i].why) {
			slots[i].why->code = 0;
			fail_absent(slots[i].why);
		}
	}
	fp->family = 0;
	if (err && err->code == ENOENT)
		err->code = 0;
	fail_absent(err);
out:
	memcpy(fp->slots, slots, sizeof(slots));
	fp->count = count;
}
