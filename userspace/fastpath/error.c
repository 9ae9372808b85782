// SPDX-License-Identifier: BSD-3-Clause
/*
 * Failures in words: the kernel's extended acknowledgement names what was
 * wrong with a request by text, by the offset of the offending attribute, or
 * by the type of the missing one. Policy checks of the kernel itself give a
 * text like "integer out of range", which says little without the attribute.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fastpath/internal.h"

/* Keeps the first failure of several. Returns -code, for a caller to return. */
int fp_fail(struct fastpath_error *err, int code, const char *format, ...)
{
	va_list ap;

	if (err && !err->code) {
		err->code = code;
		va_start(ap, format);
		vsnprintf(err->text, sizeof(err->text), format, ap);
		va_end(ap);
	}
	return -code;
}

/* Name the attribute that begins at an offset of the request. */
static void name_attribute(char *buf, size_t size, struct nlmsghdr *request,
			   uint32_t offset)
{
	struct genlmsghdr *genl = nlmsg_data(request);
	const char *at = (const char *)request + offset;
	const char *name, *inner_name;
	struct nlattr *attr, *inner;
	int left, inner_left;

	nla_for_each_attr(attr, genlmsg_attrdata(genl, 0),
			  genlmsg_attrlen(genl, 0), left) {
		const char *begin = (const char *)attr;

		if (at < begin || at >= begin + NLA_ALIGN(attr->nla_len))
			continue;
		name = fp_attr_name(genl->cmd, nla_type(attr));
		if (!name)
			return;
		snprintf(buf, size, "%s", name);
		if (at == begin)
			return;
		nla_for_each_nested(inner, attr, inner_left) {
			inner_name = fp_endpoint_attr_name(nla_type(inner));
			if (at == (const char *)inner && inner_name)
				snprintf(buf, size, "%s.%s", name, inner_name);
		}
		return;
	}
}

/* Name the attribute that is missing, "peer" or "peer.port". */
static void name_missing(char *buf, size_t size, struct nlmsghdr *request,
			 struct nlattr **tb)
{
	const struct genlmsghdr *genl = nlmsg_data(request);
	uint32_t type = nla_get_u32(tb[NLMSGERR_ATTR_MISS_TYPE]);
	const char *name;

	if (!tb[NLMSGERR_ATTR_MISS_NEST]) {
		name = fp_attr_name(genl->cmd, type);
		snprintf(buf, size, "%s", name ? name : "");
		return;
	}
	name_attribute(buf, size, request,
		       nla_get_u32(tb[NLMSGERR_ATTR_MISS_NEST]));
	name = fp_endpoint_attr_name(type);
	if (name && *buf)
		snprintf(buf + strlen(buf), size - strlen(buf), ".%s", name);
}

/**
 * fp_explain() - put a refusal into words
 * @err: filled, unless it holds an earlier failure
 * @code: errno, positive
 * @request: what was asked for
 * @answer: the kernel's answer
 * @skip: bytes of its payload before the extended acknowledgement
 *
 * Return: true if the kernel gave any explanation beyond the errno.
 */
bool fp_explain(struct fastpath_error *err, int code, struct nlmsghdr *request,
		struct nlmsghdr *answer, size_t skip)
{
	static const struct nla_policy policy[NLMSGERR_ATTR_MAX + 1] = {
		[NLMSGERR_ATTR_MSG] = { .type = NLA_STRING },
		[NLMSGERR_ATTR_OFFS] = { .type = NLA_U32 },
		[NLMSGERR_ATTR_MISS_TYPE] = { .type = NLA_U32 },
		[NLMSGERR_ATTR_MISS_NEST] = { .type = NLA_U32 },
	};
	const struct genlmsghdr *genl = nlmsg_data(request);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = { NULL };
	const char *text = strerror(code);
	const char *cmd = NULL;
	char attr[64] = "";

	if ((answer->nlmsg_flags & NLM_F_ACK_TLVS) &&
	    nlmsg_parse(answer, (int)skip, tb, NLMSGERR_ATTR_MAX, policy) < 0)
		memset(tb, 0, sizeof(tb));

	if (request->nlmsg_type != GENL_ID_CTRL)
		cmd = fp_cmd_name(genl->cmd);
	if (cmd && tb[NLMSGERR_ATTR_OFFS])
		name_attribute(attr, sizeof(attr), request,
			       nla_get_u32(tb[NLMSGERR_ATTR_OFFS]));
	else if (cmd && tb[NLMSGERR_ATTR_MISS_TYPE])
		name_missing(attr, sizeof(attr), request, tb);

	if (tb[NLMSGERR_ATTR_MSG])
		text = nla_get_string(tb[NLMSGERR_ATTR_MSG]);
	else if (tb[NLMSGERR_ATTR_MISS_TYPE])
		text = "attribute is missing";

	if (*attr && !strstr(text, attr))
		fp_fail(err, code, "%s: %s: %s", cmd, attr, text);
	else
		fp_fail(err, code, "%s: %s", cmd ? cmd : "netlink", text);
	return tb[NLMSGERR_ATTR_MSG] || *attr;
}
