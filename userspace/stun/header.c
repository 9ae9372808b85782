// SPDX-License-Identifier: BSD-3-Clause
#include "stun/header.h"

const char *stun_method_name(uint16_t method)
{
	switch (method) {
	case STUN_BINDING:		return "Binding";
	case STUN_ALLOCATE:		return "Allocate";
	case STUN_REFRESH:		return "Refresh";
	case STUN_SEND:			return "Send";
	case STUN_DATA:			return "Data";
	case STUN_CREATE_PERMISSION:	return "CreatePermission";
	case STUN_CHANNEL_BIND:		return "ChannelBind";
	case STUN_CONNECT:		return "Connect";
	case STUN_CONNECTION_BIND:	return "ConnectionBind";
	case STUN_CONNECTION_ATTEMPT:	return "ConnectionAttempt";
	default:			return "unknown";
	}
}

const char *stun_class_name(enum stun_class class)
{
	static const char *const names[] = {
		[STUN_REQUEST]		= "request",
		[STUN_INDICATION]	= "indication",
		[STUN_SUCCESS]		= "success",
		[STUN_ERROR]		= "error",
	};

	return names[class & 3];
}
