// SPDX-License-Identifier: BSD-3-Clause
/* Looking in from outside: counters and listings. */
#include "turn/allocation.h"

const char *turn_drop_name(enum turn_drop reason)
{
	static const char *const names[TURN_DROP_COUNT] = {
		[TURN_DROP_NOT_TURN] = "not-turn",
		[TURN_DROP_MALFORMED] = "malformed",
		[TURN_DROP_UNEXPECTED] = "unexpected",
		[TURN_DROP_NO_ALLOCATION] = "no-allocation",
		[TURN_DROP_NO_CHANNEL] = "no-channel",
		[TURN_DROP_NO_PERMISSION] = "no-permission",
		[TURN_DROP_WRONG_LENGTH] = "wrong-length",
		[TURN_DROP_BAD_INDICATION] = "bad-indication",
		[TURN_DROP_FORBIDDEN] = "forbidden",
		[TURN_DROP_TOO_BIG] = "too-big",
		[TURN_DROP_RATE] = "rate",
		[TURN_DROP_SOURCE_RATE] = "source-rate",
		[TURN_DROP_DETOUR] = "detour",
		[TURN_DROP_AMPLIFICATION] = "amplification",
	};

	return reason < TURN_DROP_COUNT ? names[reason] : "unknown";
}

const struct turn_stats *turn_server_stats(const struct turn_server *srv)
{
	return &srv->stats;
}

void turn_allocation_info(const struct turn_allocation *a,
			  struct turn_allocation_info *info)
{
	*info = (struct turn_allocation_info){
		.serial = a->serial,
		.tuple = a->tuple,
		.tcp = a->tcp,
		.username = a->username,
		.realm = a->realm,
		.relay_ipv4 = a->legs[TURN_LEG_IPV4].relay,
		.relay_ipv6 = a->legs[TURN_LEG_IPV6].relay,
		.expires = turn_allocation_expires(a),
		.permissions = a->n_permissions,
		.channels = a->n_channels,
		.connections = a->n_connections,
		.fastpath_id = a->fastpath_id,
		.to_peer = a->to_peer,
		.to_client = a->to_client,
	};
}

void turn_server_foreach_allocation(const struct turn_server *srv,
				    turn_allocation_fn fn, void *arg)
{
	const struct turn_allocation *a;

	LIST_FOREACH(a, &srv->allocations, link)
		if (!fn(arg, a))
			return;
}

void turn_allocation_foreach_permission(const struct turn_allocation *a,
					turn_permission_fn fn, void *arg)
{
	const struct turn_permission *p;

	LIST_FOREACH(p, &a->permissions, link) {
		const struct turn_permission_info info = {
			.peer = p->peer,
			.expires = p->expires,
		};

		if (p->expires && !fn(arg, &info))
			return;
	}
}

void turn_allocation_foreach_channel(const struct turn_allocation *a,
				     turn_channel_fn fn, void *arg)
{
	const struct turn_channel *c;

	LIST_FOREACH(c, &a->channels, link) {
		const struct turn_channel_info info = {
			.number = c->number,
			.peer = c->peer,
			.expires = c->expires,
			.to_peer = c->to_peer,
			.to_client = c->to_client,
		};

		if (!fn(arg, &info))
			return;
	}
}
