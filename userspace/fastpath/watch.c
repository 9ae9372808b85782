// SPDX-License-Identifier: BSD-3-Clause
/*
 * Notifications: the generic netlink controller tells of our family's coming
 * and going, the family of what it deleted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "fastpath/internal.h"

/* Datagrams per call of fastpath_watch_read(). */
#define READ_BATCH 256

/**
 * struct fastpath_watch - a subscription
 * @sk: socket that the notifications arrive on
 * @query: connection for asking what is the case
 * @family: the module's family as far as notifications were read
 * @events: events handed over in this call
 * @cb: the caller's callback in this call
 * @arg: for @cb
 * @buf: a datagram
 */
struct fastpath_watch {
	struct nl_sock *sk;
	struct fastpath *query;
	struct fp_family family;
	int events;
	fastpath_event_cb cb;
	void *arg;
	_Alignas(struct nlmsghdr) unsigned char buf[16384];
};

static void emit(struct fastpath_watch *watch, struct fastpath_event *event)
{
	watch->events++;
	watch->cb(event, watch->arg);
}

static void emit_plain(struct fastpath_watch *watch,
		       enum fastpath_event_type type)
{
	struct fastpath_event event = { .type = type };

	emit(watch, &event);
}

static int join(struct fastpath_watch *watch, uint32_t group,
		struct fastpath_error *err)
{
	if (!setsockopt(nl_socket_get_fd(watch->sk), SOL_NETLINK,
			NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return 0;
	return fp_fail(err, errno, "netlink notifications: %s",
		       strerror(errno));
}

/*
 * Join the events of a family that was seen. That it has gone again meanwhile
 * is no failure: the notification of its going is under way.
 */
static int join_events(struct fastpath_watch *watch,
		       struct fastpath_error *err)
{
	struct fastpath_error why = { 0 };
	int ret;

	if (!watch->family.id || !watch->family.events)
		return 0;
	ret = join(watch, watch->family.events, &why);
	if (!ret || ret == -ENOENT || ret == -EINVAL)
		return 0;
	return fp_fail(err, why.code, "%s", why.text);
}

/* Id of the controller's own group, which tells of families. */
static int join_controller(struct fastpath_watch *watch,
			   struct fastpath_error *err)
{
	int group = genl_ctrl_resolve_grp(watch->query->sk, "nlctrl", "notify");

	if (group < 0)
		return fp_fail(err, EPROTONOSUPPORT,
			       "netlink notifications: %s", nl_geterror(group));
	return join(watch, (uint32_t)group, err);
}

static int set_nonblocking(struct fastpath_watch *watch,
			   struct fastpath_error *err)
{
	int fd = nl_socket_get_fd(watch->sk);

	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
		return fp_fail(err, errno, "netlink notifications: %s",
			       strerror(errno));
	return 0;
}

int fastpath_watch_open(struct fastpath_watch **out,
			struct fastpath_error *err)
{
	struct fastpath_watch *watch;
	int ret;

	if (err)
		err->code = 0;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return fp_fail(err, ENOMEM, "netlink: out of memory");

	ret = fastpath_open(&watch->query, err);
	if (!ret)
		ret = fp_socket_open(&watch->sk, err);
	if (!ret)
		ret = set_nonblocking(watch, err);
	if (!ret)
		ret = join_controller(watch, err);
	/* Joined before looking, so that no change falls in between. */
	if (!ret)
		ret = fp_family_lookup(watch->query, &watch->family, err);
	if (!ret)
		ret = join_events(watch, err);
	if (ret) {
		fastpath_watch_close(watch);
		watch = NULL;
	}
	*out = watch;
	return ret;
}

void fastpath_watch_close(struct fastpath_watch *watch)
{
	if (!watch)
		return;
	fastpath_close(watch->query);
	nl_socket_free(watch->sk);
	free(watch);
}

int fastpath_watch_fd(const struct fastpath_watch *watch)
{
	return nl_socket_get_fd(watch->sk);
}

bool fastpath_watch_present(const struct fastpath_watch *watch)
{
	return watch->family.id != 0;
}

/* The family is now this one, which may be none. */
static int set_family(struct fastpath_watch *watch,
		      const struct fp_family *family,
		      struct fastpath_error *err)
{
	bool was = watch->family.id != 0;

	if (watch->family.id == family->id)
		return 0;
	watch->family = *family;
	if (was)
		emit_plain(watch, FASTPATH_EVENT_GONE);
	if (!family->id)
		return 0;
	emit_plain(watch, FASTPATH_EVENT_UP);
	return join_events(watch, err);
}

static int take_controller(struct fastpath_watch *watch, struct nlmsghdr *nlh,
			   struct fastpath_error *err)
{
	const struct genlmsghdr *genl = nlmsg_data(nlh);
	struct fp_family family;

	if (!fp_family_parse(nlh, &family))
		return 0;
	if (genl->cmd == CTRL_CMD_NEWFAMILY)
		return set_family(watch, &family, err);
	if (genl->cmd == CTRL_CMD_DELFAMILY && family.id == watch->family.id)
		return set_family(watch, &(struct fp_family){ 0 }, err);
	return 0;
}

static void take_deletion(struct fastpath_watch *watch, struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = nlmsg_data(nlh);
	struct fastpath_event event;
	bool known = false;

	switch (genl->cmd) {
	case KTURN_CMD_ALLOCATION_DEL_NTF:
		event.type = FASTPATH_EVENT_ALLOCATION;
		known = fp_decode_allocation(nlh, &event.allocation);
		break;
	case KTURN_CMD_PERMISSION_DEL_NTF:
		event.type = FASTPATH_EVENT_PERMISSION;
		known = fp_decode_permission(nlh, &event.permission);
		break;
	case KTURN_CMD_CHANNEL_DEL_NTF:
		event.type = FASTPATH_EVENT_CHANNEL;
		known = fp_decode_channel(nlh, &event.channel);
		break;
	default:
		break;
	}
	if (known)
		emit(watch, &event);
}

static int take_datagram(struct fastpath_watch *watch, size_t len,
			 struct fastpath_error *err)
{
	struct nlmsghdr *nlh = (void *)watch->buf;
	int left = (int)len;
	int ret = 0;

	for (; !ret && nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
		if (!genlmsg_valid_hdr(nlh, 0))
			continue;
		if (nlh->nlmsg_type == GENL_ID_CTRL)
			ret = take_controller(watch, nlh, err);
		else if (nlh->nlmsg_type == watch->family.id)
			take_deletion(watch, nlh);
	}
	return ret;
}

/* Notifications were lost, perhaps those of the family itself. */
static int take_overrun(struct fastpath_watch *watch,
			struct fastpath_error *err)
{
	struct fp_family family;
	int ret;

	ret = fp_family_lookup(watch->query, &family, err);
	if (!ret)
		ret = set_family(watch, &family, err);
	if (!ret)
		emit_plain(watch, FASTPATH_EVENT_OVERRUN);
	return ret;
}

int fastpath_watch_read(struct fastpath_watch *watch, fastpath_event_cb cb,
			void *arg, struct fastpath_error *err)
{
	struct sockaddr_nl from = { 0 };
	int ret = 0;

	if (err)
		err->code = 0;
	watch->events = 0;
	watch->cb = cb;
	watch->arg = arg;

	for (int i = 0; i < READ_BATCH && !ret; i++) {
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(nl_socket_get_fd(watch->sk), watch->buf,
				       sizeof(watch->buf), MSG_TRUNC,
				       (struct sockaddr *)&from, &from_len);

		if (len >= 0 && (size_t)len <= sizeof(watch->buf)) {
			if (from.nl_pid == 0)
				ret = take_datagram(watch, (size_t)len, err);
		} else if (len >= 0 || errno == ENOBUFS) {
			ret = take_overrun(watch, err);
		} else if (errno == EAGAIN) {
			break;
		} else if (errno != EINTR) {
			ret = fp_fail(err, errno, "netlink notifications: %s",
				      strerror(errno));
		}
	}
	return ret ? ret : watch->events;
}
