/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits on bytes per second, of an allocation and of all together.
 */
#ifndef _KTURN_POLICE_H
#define _KTURN_POLICE_H

#include "state.h"

bool kturn_police(struct kturn_net *kn, struct kturn_allocation *allocation,
		  enum kturn_dir dir, u32 bytes);
void kturn_police_net(struct kturn_net *kn, u64 max_bps);

#endif /* _KTURN_POLICE_H */
