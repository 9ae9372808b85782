// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "turn/hold.h"
#include "turn/users.h"

/**
 * struct turn_hold - a port reserved by this server
 * @link: in the server's list
 * @srv: the server
 * @timer: end of the reservation
 * @token: under which it stands in the shared table, unless somebody used it
 */
struct turn_hold {
	LIST_ENTRY(turn_hold) link;
	struct turn_server *srv;
	struct turn_timer timer;
	uint8_t token[STUN_RESERVATION_TOKEN_LEN];
};

static void hold_end(struct turn_hold *hold)
{
	struct turn_server *srv = hold->srv;
	struct turn_relay relay;

	if (turn_reservation_take(srv->shared, hold->token, &relay) == 0)
		srv->ops->relay_close(srv->env, relay.handle);
	turn_timer_remove(&srv->timers, &hold->timer);
	LIST_REMOVE(hold, link);
	free(hold);
}

static void hold_fire(struct turn_timer *timer, uint64_t now)
{
	(void)now;
	hold_end(container_of(timer, struct turn_hold, timer));
}

int turn_hold(struct turn_request *req, const struct turn_relay *relay,
	      uint8_t token[static STUN_RESERVATION_TOKEN_LEN])
{
	struct turn_server *srv = req->srv;
	const struct turn_config *cfg = srv->cfg;
	struct turn_quota_claim claim;
	struct turn_quota quota = { 0 };
	struct turn_hold *hold;
	int err;

	hold = calloc(1, sizeof(*hold));
	if (!hold)
		return -ENOMEM;
	err = turn_timer_add(&srv->timers, &hold->timer, hold_fire);
	if (err)
		goto free_hold;
	claim = turn_quota_claim(req);
	err = turn_quota_take(srv->shared, &claim, &quota);
	if (err)
		goto remove_timer;
	srv->ops->random(srv->env, hold->token, sizeof(hold->token));
	err = turn_reservation_put(srv->shared, hold->token, relay, &quota);
	if (err)
		goto drop_quota;
	hold->srv = srv;
	LIST_INSERT_HEAD(&srv->holds, hold, link);
	turn_timer_set(&srv->timers, &hold->timer,
		       req->now + 1000 * (uint64_t)cfg->reservation_lifetime);
	memcpy(token, hold->token, sizeof(hold->token));
	return 0;

drop_quota:
	turn_quota_drop(srv->shared, &quota);
remove_timer:
	turn_timer_remove(&srv->timers, &hold->timer);
free_hold:
	free(hold);
	return err;
}

void turn_hold_end_all(struct turn_server *srv)
{
	struct turn_hold *hold, *next;

	for (hold = LIST_FIRST(&srv->holds); hold; hold = next) {
		next = LIST_NEXT(hold, link);
		hold_end(hold);
	}
}
