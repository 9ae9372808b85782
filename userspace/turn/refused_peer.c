// SPDX-License-Identifier: BSD-3-Clause
#include "turn/refused_peer.h"

_Static_assert(TURN_PEER_FILTER_DEFAULT_RANGES <= 32, "bits of told_ranges");

static bool told_before(struct turn_shared *shared, int range)
{
	uint32_t bit = UINT32_C(1) << range;

	return __atomic_fetch_or(&shared->told_ranges, bit, __ATOMIC_RELAXED) &
	       bit;
}

void turn_refused_peer(struct turn_allocation *a,
		       const struct transport_addr *peer)
{
	struct turn_server *srv = a->srv;
	const char *name, *remedy = srv->cfg->default_denied_remedy;
	char text[TRANSPORT_ADDR_STRLEN];
	int range = turn_peer_filter_default_range(&srv->cfg->peers, peer,
						   &name);

	transport_addr_print_ip(peer, text);
	if (range < 0)
		turn_log(srv, TURN_LOG_DEBUG, a, "peer %s refused", text);
	else if (told_before(srv->shared, range))
		turn_log(srv, TURN_LOG_DEBUG, a,
			 "peer %s refused: %s is denied by default", text,
			 name);
	else
		turn_log(srv, TURN_LOG_WARNING, a,
			 "peer %s refused: %s is denied by default%s%s; said once for this range",
			 text, name, remedy ? "; " : "", remedy ?: "");
}
