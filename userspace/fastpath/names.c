// SPDX-License-Identifier: BSD-3-Clause
/*
 * The names of kmod/kturn.yaml for the constants of kmod/uapi/kturn.h. A test
 * holds both against one another.
 */
#include <errno.h>
#include <string.h>

#include "fastpath/internal.h"

#define LOOK_UP(names, i) \
	((i) < sizeof(names) / sizeof((names)[0]) ? (names)[i] : NULL)

static const char *const hooks[] = {
	[KTURN_HOOK_NONE] = "none",
	[KTURN_HOOK_PREROUTING] = "prerouting",
	[KTURN_HOOK_INPUT] = "input",
};

static const char *const del_reasons[] = {
	[KTURN_DEL_REASON_EXPIRED] = "expired",
	[KTURN_DEL_REASON_REQUESTED] = "requested",
	[KTURN_DEL_REASON_FLUSHED] = "flushed",
};

static const char *const passed[KTURN_A_PASSED_MAX + 1] = {
	[KTURN_A_PASSED_STUN] = "stun",
	[KTURN_A_PASSED_NO_CHANNEL] = "no-channel",
	[KTURN_A_PASSED_EXPIRED] = "expired",
	[KTURN_A_PASSED_IP_OPTIONS] = "ip-options",
	[KTURN_A_PASSED_GSO] = "gso",
	[KTURN_A_PASSED_CHECKSUM] = "checksum",
	[KTURN_A_PASSED_NO_ROUTE] = "no-route",
	[KTURN_A_PASSED_LOCAL] = "local",
	[KTURN_A_PASSED_NO_MEMORY] = "no-memory",
	[KTURN_A_PASSED_OTHER] = "other",
};

static const char *const xdp_passed[KTURN_A_XDP_PASSED_MAX + 1] = {
	[KTURN_A_XDP_PASSED_NO_CHANNEL] = "no-channel",
	[KTURN_A_XDP_PASSED_HOOK] = "hook",
	[KTURN_A_XDP_PASSED_DEVICE] = "device",
	[KTURN_A_XDP_PASSED_FRAME] = "frame",
	[KTURN_A_XDP_PASSED_CHECKSUM] = "checksum",
	[KTURN_A_XDP_PASSED_HOP_LIMIT] = "hop-limit",
	[KTURN_A_XDP_PASSED_NO_ROUTE] = "no-route",
	[KTURN_A_XDP_PASSED_MTU] = "mtu",
	[KTURN_A_XDP_PASSED_NEIGHBOUR] = "neighbour",
	[KTURN_A_XDP_PASSED_OUTPUT_DEVICE] = "output-device",
	[KTURN_A_XDP_PASSED_HEADROOM] = "headroom",
	[KTURN_A_XDP_PASSED_OTHER] = "other",
};

static const char *const dropped[KTURN_A_DROPPED_MAX + 1] = {
	[KTURN_A_DROPPED_UNBOUND_CHANNEL] = "unbound-channel",
	[KTURN_A_DROPPED_NO_PERMISSION] = "no-permission",
	[KTURN_A_DROPPED_WRONG_LENGTH] = "wrong-length",
	[KTURN_A_DROPPED_TOO_BIG] = "too-big",
	[KTURN_A_DROPPED_HOP_LIMIT] = "hop-limit",
	[KTURN_A_DROPPED_OUTPUT] = "output",
	[KTURN_A_DROPPED_RATE] = "rate",
};

static const char *const cmds[KTURN_CMD_MAX + 1] = {
	[KTURN_CMD_ALLOCATION_NEW] = "allocation-new",
	[KTURN_CMD_ALLOCATION_SET] = "allocation-set",
	[KTURN_CMD_ALLOCATION_GET] = "allocation-get",
	[KTURN_CMD_ALLOCATION_DEL] = "allocation-del",
	[KTURN_CMD_ALLOCATION_DEL_NTF] = "allocation-del-ntf",
	[KTURN_CMD_PERMISSION_NEW] = "permission-new",
	[KTURN_CMD_PERMISSION_SET] = "permission-set",
	[KTURN_CMD_PERMISSION_GET] = "permission-get",
	[KTURN_CMD_PERMISSION_DEL] = "permission-del",
	[KTURN_CMD_PERMISSION_DEL_NTF] = "permission-del-ntf",
	[KTURN_CMD_CHANNEL_NEW] = "channel-new",
	[KTURN_CMD_CHANNEL_SET] = "channel-set",
	[KTURN_CMD_CHANNEL_GET] = "channel-get",
	[KTURN_CMD_CHANNEL_DEL] = "channel-del",
	[KTURN_CMD_CHANNEL_DEL_NTF] = "channel-del-ntf",
	[KTURN_CMD_NET_GET] = "net-get",
	[KTURN_CMD_NET_SET] = "net-set",
	[KTURN_CMD_STATS_GET] = "stats-get",
	[KTURN_CMD_FLUSH] = "flush",
};

static const char *const endpoint_attrs[KTURN_A_ENDPOINT_MAX + 1] = {
	[KTURN_A_ENDPOINT_IPV4] = "ipv4",
	[KTURN_A_ENDPOINT_IPV6] = "ipv6",
	[KTURN_A_ENDPOINT_PORT] = "port",
};

/* Only what requests carry: this is for naming what is wrong with them. */
static const char *const allocation_attrs[] = {
	[KTURN_A_ALLOCATION_ID] = "id",
	[KTURN_A_ALLOCATION_CLIENT] = "client",
	[KTURN_A_ALLOCATION_SERVER] = "server",
	[KTURN_A_ALLOCATION_RELAYED_IPV4] = "relayed-ipv4",
	[KTURN_A_ALLOCATION_RELAYED_IPV6] = "relayed-ipv6",
	[KTURN_A_ALLOCATION_TIMEOUT] = "timeout",
	[KTURN_A_ALLOCATION_USERDATA] = "userdata",
	[KTURN_A_ALLOCATION_MAX_BPS] = "max-bps",
	[KTURN_A_ALLOCATION_SERVER_DEVICE] = "server-device",
	[KTURN_A_ALLOCATION_RELAYED_DEVICE] = "relayed-device",
};

static const char *const permission_attrs[] = {
	[KTURN_A_PERMISSION_ALLOCATION_ID] = "allocation-id",
	[KTURN_A_PERMISSION_PEER] = "peer",
	[KTURN_A_PERMISSION_TIMEOUT] = "timeout",
};

static const char *const channel_attrs[] = {
	[KTURN_A_CHANNEL_ALLOCATION_ID] = "allocation-id",
	[KTURN_A_CHANNEL_NUMBER] = "number",
	[KTURN_A_CHANNEL_PEER] = "peer",
	[KTURN_A_CHANNEL_TIMEOUT] = "timeout",
};

static const char *const net_attrs[] = {
	[KTURN_A_NET_HOOK] = "hook",
	[KTURN_A_NET_MAX_ALLOCATIONS] = "max-allocations",
	[KTURN_A_NET_MAX_PERMISSIONS] = "max-permissions",
	[KTURN_A_NET_MAX_CHANNELS] = "max-channels",
	[KTURN_A_NET_MAX_BPS] = "max-bps",
};

const char *fastpath_hook_name(unsigned int hook)
{
	return LOOK_UP(hooks, hook);
}

int fastpath_hook_from_name(const char *name)
{
	for (unsigned int i = 0; LOOK_UP(hooks, i); i++) {
		if (!strcmp(name, hooks[i]))
			return (int)i;
	}
	return -EINVAL;
}

const char *fastpath_del_reason_name(unsigned int reason)
{
	return LOOK_UP(del_reasons, reason);
}

const char *fastpath_passed_name(unsigned int attr)
{
	return LOOK_UP(passed, attr);
}

const char *fastpath_xdp_passed_name(unsigned int attr)
{
	return LOOK_UP(xdp_passed, attr);
}

const char *fastpath_dropped_name(unsigned int attr)
{
	return LOOK_UP(dropped, attr);
}

const char *fp_cmd_name(unsigned int cmd)
{
	return LOOK_UP(cmds, cmd);
}

const char *fp_endpoint_attr_name(unsigned int attr)
{
	return LOOK_UP(endpoint_attrs, attr);
}

const char *fp_attr_name(unsigned int cmd, unsigned int attr)
{
	if (cmd < KTURN_CMD_PERMISSION_NEW)
		return LOOK_UP(allocation_attrs, attr);
	if (cmd < KTURN_CMD_CHANNEL_NEW)
		return LOOK_UP(permission_attrs, attr);
	if (cmd < KTURN_CMD_NET_GET)
		return LOOK_UP(channel_attrs, attr);
	if (cmd < KTURN_CMD_STATS_GET)
		return LOOK_UP(net_attrs, attr);
	return NULL;
}
