// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include "turn/access_token.h"
#include "turn/config.h"
#include "turn/realm.h"

struct turn_config *turn_config_new(void)
{
	struct turn_config *cfg = calloc(1, sizeof(*cfg));

	if (!cfg)
		return NULL;
	atomic_init(&cfg->refs, 1);
	cfg->auth = TURN_AUTH_LONG_TERM;
	cfg->rest_separator = ':';
	cfg->nonce_lifetime = 3600;
	cfg->default_lifetime = 600;
	cfg->max_lifetime = 3600;
	cfg->permission_lifetime = 300;
	cfg->channel_lifetime = 600;
	cfg->reservation_lifetime = 30;
	cfg->max_permissions = 1024;
	cfg->max_channels = 1024;
	cfg->max_connections = 128;
	turn_peer_filter_init(&cfg->peers);
	return cfg;
}

struct turn_config *turn_config_get(struct turn_config *cfg)
{
	atomic_fetch_add(&cfg->refs, 1);
	return cfg;
}

void turn_config_put(struct turn_config *cfg)
{
	if (!cfg || atomic_fetch_sub(&cfg->refs, 1) != 1)
		return;
	turn_realms_free(cfg);
	turn_oauth_keys_free(cfg);
	turn_peer_filter_free(&cfg->peers);
	turn_nat_free(&cfg->nat);
	turn_alternates_free(&cfg->alternates);
	turn_alternates_free(&cfg->secure_alternates);
	free(cfg);
}
