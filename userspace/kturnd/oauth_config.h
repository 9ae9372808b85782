/* SPDX-License-Identifier: BSD-3-Clause */
/* oauth, server-name and oauth-key: the core's part of RFC 7635. */
#ifndef KTURN_KTURND_OAUTH_CONFIG_H
#define KTURN_KTURND_OAUTH_CONFIG_H

#include "kturnd/config.h"
#include "kturnd/report.h"
#include "turn/config.h"

/**
 * oauth_config() - take access tokens, if the operator wants it
 * @cfg: the options
 * @core: the core's configuration, with its realm
 * @report: gets errors and warnings
 */
void oauth_config(const struct kturnd_config *cfg, struct turn_config *core,
		  struct report *report);

#endif /* KTURN_KTURND_OAUTH_CONFIG_H */
