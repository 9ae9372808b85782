/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What allocations, permissions and channels know of one another. Nobody else
 * includes this; all under kturn_net.lock.
 */
#ifndef _KTURN_OBJECTS_H
#define _KTURN_OBJECTS_H

#include <linux/jiffies.h>

#include "state.h"

extern struct kmem_cache *kturn_allocation_cache;
extern struct kmem_cache *kturn_permission_cache;
extern struct kmem_cache *kturn_channel_cache;

static inline bool kturn_due_passed(const struct kturn_due *due)
{
	return time_after_eq(jiffies, due->expires);
}

/* Follow a deadline of the channel, its permission or its allocation. */
void kturn_channel_update_until(struct kturn_channel *channel);
void kturn_channel_update_special(struct kturn_channel *channel);
/* Give a channel its permission, or take it away (NULL). */
void kturn_channel_set_permission(struct kturn_channel *channel,
				  struct kturn_permission *permission);
void kturn_channel_set_flows(struct kturn_channel *channel,
			     const struct kturn_five_tuple *tuple);
void kturn_channel_set_twin(struct kturn_channel *channel,
			    struct kturn_channel *twin);
/* Give its routes back and free it after an RCU grace period. */
void kturn_channel_put(struct kturn_channel *channel);
/* Forget what the client's former 5-tuple was, of a channel or of all. */
void kturn_channel_move_end(struct kturn_net *kn,
			    struct kturn_channel *channel);
void kturn_move_end(struct kturn_net *kn, struct kturn_allocation *allocation);
void kturn_move_sweep(struct kturn_net *kn);
/* A 5-tuple, out of the tables. */
void kturn_client_release(struct kturn_net *kn, struct kturn_client *client);
void kturn_client_make_way(struct kturn_net *kn,
			   const struct kturn_five_tuple *tuple);
/* Deletion without a notification. */
void kturn_channel_unlink(struct kturn_net *kn, struct kturn_channel *channel);
void kturn_permission_unlink(struct kturn_net *kn,
			     struct kturn_permission *permission);

#endif /* _KTURN_OBJECTS_H */
