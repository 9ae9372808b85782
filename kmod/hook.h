/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_HOOK_H
#define _KTURN_HOOK_H

#include "state.h"

int kturn_hook_set(struct kturn_net *kn, enum kturn_hook hook);

#endif /* _KTURN_HOOK_H */
