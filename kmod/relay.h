/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet path: where it is attached, and how it ends.
 */
#ifndef _KTURN_RELAY_H
#define _KTURN_RELAY_H

#include "state.h"

int kturn_relay_hook(struct kturn_net *kn, enum kturn_hook hook);

#endif /* _KTURN_RELAY_H */
