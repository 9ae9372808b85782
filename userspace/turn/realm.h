/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One server for several realms, told apart by where the client's page came
 * from: the ORIGIN attribute (draft-johnston-tram-stun-origin), as coturn has
 * it.
 */
#ifndef KTURN_TURN_REALM_H
#define KTURN_TURN_REALM_H

#include "stun/message.h"
#include "turn/config.h"

/** turn_realms_free() - free realms and origins of a configuration */
void turn_realms_free(struct turn_config *cfg);

/**
 * turn_realm_find() - a realm by its name
 * @cfg: the configuration
 * @name: as received
 *
 * Return: the realm; NULL if there is none of that name.
 */
const struct turn_realm *turn_realm_find(const struct turn_config *cfg,
					 struct stun_bytes name);

/**
 * turn_realm_of() - in which realm is a request?
 * @cfg: the configuration
 * @msg: the request
 *
 * Return: the realm that the client was challenged for, by REALM; else that of
 * its ORIGIN; else the default one.
 */
const struct turn_realm *turn_realm_of(const struct turn_config *cfg,
				       const struct stun_message *msg);

/**
 * turn_realm_fits_origin() - does ORIGIN say the same realm?
 * @cfg: the configuration
 * @msg: a request
 * @realm: the realm it is in
 *
 * Return: true if it does, or if there is no ORIGIN.
 */
bool turn_realm_fits_origin(const struct turn_config *cfg,
			    const struct stun_message *msg,
			    const struct turn_realm *realm);

#endif /* KTURN_TURN_REALM_H */
