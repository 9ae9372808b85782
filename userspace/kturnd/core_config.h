/* SPDX-License-Identifier: BSD-3-Clause */
/* From the daemon's configuration to the protocol core's. */
#ifndef KTURN_KTURND_CORE_CONFIG_H
#define KTURN_KTURND_CORE_CONFIG_H

#include "kturnd/config.h"
#include "kturnd/report.h"
#include "turn/config.h"

/**
 * core_config_make() - make the core's configuration
 * @cfg: the daemon's, checked
 * @report: gets errors and warnings
 *
 * Return: the configuration, or NULL after an error.
 */
struct turn_config *core_config_make(const struct kturnd_config *cfg,
				     struct report *report);

/**
 * core_config_add_ranges() - add peers that are denied and allowed
 * @cfg: for denied-peer-ip and allowed-peer-ip
 * @core: gets them in addition to what it has
 *
 * Return: 0 or -ENOMEM.
 */
int core_config_add_ranges(const struct kturnd_config *cfg,
			   struct turn_config *core);

#endif /* KTURN_KTURND_CORE_CONFIG_H */
