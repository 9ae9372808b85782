/* SPDX-License-Identifier: BSD-3-Clause */
/* oauth, server-name and oauth-key: the core's part of RFC 7635. */
#ifndef KTURN_KTURND_OAUTH_CONFIG_H
#define KTURN_KTURND_OAUTH_CONFIG_H

#include "kturnd/config.h"
#include "kturnd/report.h"
#include "turn/config.h"

/**
 * oauth_config_add_key() - take tokens made with a key that is known as text
 * @core: the core's configuration
 * @setup: all but the key's bytes and their number
 * @base64: the key
 *
 * Return: 0; else as turn_config_add_oauth_key(), or -EMSGSIZE.
 */
int oauth_config_add_key(struct turn_config *core,
			 const struct turn_oauth_key_setup *setup,
			 const char *base64);

/** oauth_config_explain() - what is wrong with a key, to follow its name */
const char *oauth_config_explain(int error);

/**
 * oauth_config() - take access tokens, if the operator wants it
 * @cfg: the options
 * @core: the core's configuration, with its realm
 * @report: gets errors and warnings
 */
void oauth_config(const struct kturnd_config *cfg, struct turn_config *core,
		  struct report *report);

#endif /* KTURN_KTURND_OAUTH_CONFIG_H */
