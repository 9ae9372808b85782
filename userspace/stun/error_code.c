// SPDX-License-Identifier: BSD-3-Clause
#include "stun/error_code.h"

const char *stun_error_reason(unsigned int code)
{
	switch (code) {
	case STUN_ERR_TRY_ALTERNATE:
		return "Try Alternate";
	case STUN_ERR_BAD_REQUEST:
		return "Bad Request";
	case STUN_ERR_UNAUTHENTICATED:
		return "Unauthenticated";
	case STUN_ERR_FORBIDDEN:
		return "Forbidden";
	case STUN_ERR_MOBILITY_FORBIDDEN:
		return "Mobility Forbidden";
	case STUN_ERR_UNKNOWN_ATTRIBUTE:
		return "Unknown Attribute";
	case STUN_ERR_ALLOCATION_MISMATCH:
		return "Allocation Mismatch";
	case STUN_ERR_STALE_NONCE:
		return "Stale Nonce";
	case STUN_ERR_ADDRESS_FAMILY_NOT_SUPPORTED:
		return "Address Family not Supported";
	case STUN_ERR_WRONG_CREDENTIALS:
		return "Wrong Credentials";
	case STUN_ERR_UNSUPPORTED_TRANSPORT_PROTOCOL:
		return "Unsupported Transport Protocol";
	case STUN_ERR_PEER_ADDRESS_FAMILY_MISMATCH:
		return "Peer Address Family Mismatch";
	case STUN_ERR_CONNECTION_ALREADY_EXISTS:
		return "Connection Already Exists";
	case STUN_ERR_CONNECTION_TIMEOUT_OR_FAILURE:
		return "Connection Timeout or Failure";
	case STUN_ERR_ALLOCATION_QUOTA_REACHED:
		return "Allocation Quota Reached";
	case STUN_ERR_SERVER_ERROR:
		return "Server Error";
	case STUN_ERR_INSUFFICIENT_CAPACITY:
		return "Insufficient Capacity";
	default:
		return "Error";
	}
}
