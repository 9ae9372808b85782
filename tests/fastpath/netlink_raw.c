// SPDX-License-Identifier: BSD-3-Clause
#include "netlink_raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fastpath/internal.h"

int raw_open(struct raw *raw)
{
	struct fastpath_error err = { 0 };
	struct fp_family family = { 0 };
	struct fastpath *fp;
	int ret;

	ret = fastpath_open(&fp, &err);
	if (!ret)
		ret = fp_family_lookup(fp, &family, &err);
	fastpath_close(fp);
	if (!ret && !family.id)
		return -ENODEV;
	raw->family = family.id;
	return ret ? ret : fp_socket_open(&raw->sk, &err);
}

void raw_close(struct raw *raw)
{
	nl_socket_free(raw->sk);
}

struct nl_msg *raw_request(struct raw *raw, uint8_t cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(8192);

	if (!msg || !genlmsg_put(msg, nl_socket_get_local_port(raw->sk), 1,
				 raw->family, 0,
				 NLM_F_REQUEST | NLM_F_ACK | flags, cmd,
				 KTURN_FAMILY_VERSION))
		abort();
	return msg;
}

void raw_put_endpoint(struct nl_msg *msg, int attr, const char *text)
{
	struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | attr);
	struct transport_addr addr;

	if (!nest || transport_addr_parse(&addr, text))
		abort();
	if (addr.family == AF_INET)
		nla_put(msg, KTURN_A_ENDPOINT_IPV4, 4, addr.ip);
	else
		nla_put(msg, KTURN_A_ENDPOINT_IPV6, 16, addr.ip);
	if (addr.port)
		nla_put_u16(msg, KTURN_A_ENDPOINT_PORT, htons(addr.port));
	nla_nest_end(msg, nest);
}

static void read_verdict(struct nlmsghdr *request, struct nlmsghdr *answer,
			 struct raw_verdict *verdict)
{
	const size_t skip = sizeof(struct nlmsgerr);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = { NULL };
	struct fastpath_error err = { 0 };

	memset(verdict, 0, sizeof(*verdict));
	verdict->error = -*(int *)NLMSG_DATA(answer);
	if (!verdict->error)
		return;
	if ((answer->nlmsg_flags & NLM_F_ACK_TLVS) &&
	    !nlmsg_parse(answer, (int)skip, tb, NLMSGERR_ATTR_MAX, NULL) &&
	    tb[NLMSGERR_ATTR_MSG])
		nla_strlcpy(verdict->text, tb[NLMSGERR_ATTR_MSG],
			    sizeof(verdict->text));
	fp_explain(&err, verdict->error, request, answer, skip);
	snprintf(verdict->words, sizeof(verdict->words), "%s", err.text);
}

int raw_ask(struct raw *raw, struct nl_msg *msg, struct raw_verdict *verdict)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	struct nlmsghdr *request = nlmsg_hdr(msg);
	int fd = nl_socket_get_fd(raw->sk);
	ssize_t len = 0;
	int ret = -EBADMSG;

	if (send(fd, request, request->nlmsg_len, 0) < 0)
		ret = -errno;
	else
		len = recv(fd, buf, sizeof(buf), 0);

	while (len > 0 && ret) {
		struct nlmsghdr *nlh = (void *)buf;
		int left = (int)len;

		for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type != NLMSG_ERROR)
				continue;
			read_verdict(request, nlh, verdict);
			ret = 0;
		}
		if (ret)
			len = recv(fd, buf, sizeof(buf), 0);
	}
	if (len < 0)
		ret = -errno;
	nlmsg_free(msg);
	return ret;
}

bool raw_refused(struct raw *raw, struct nl_msg *msg, int error,
		 const char *names)
{
	struct raw_verdict verdict;
	int ret = raw_ask(raw, msg, &verdict);

	if (ret) {
		printf("# no verdict: %s\n", strerror(-ret));
		return false;
	}
	if (verdict.error != error) {
		printf("# verdict is \"%s\" (%s), not \"%s\"\n",
		       strerror(verdict.error), verdict.words,
		       strerror(error));
		return false;
	}
	if (!verdict.text[0]) {
		printf("# refused without a text (%s)\n", verdict.words);
		return false;
	}
	if (!strcasestr(verdict.words, names)) {
		printf("# \"%s\" does not name \"%s\"\n", verdict.words, names);
		return false;
	}
	return true;
}
