/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Insertion into the tables and removal from them, for the objects' own files.
 * All under kturn_net.lock. Lookups are in state.h.
 */
#ifndef _KTURN_TABLES_H
#define _KTURN_TABLES_H

#include "state.h"

void kturn_hash_init(void);
int kturn_tables_init(struct kturn_net *kn);
void kturn_tables_exit(struct kturn_net *kn);

int kturn_flow_insert(struct kturn_net *kn, struct kturn_flow *flow,
		      u16 family);
void kturn_flow_remove(struct kturn_net *kn, struct kturn_flow *flow,
		       u16 family);
void kturn_flow_replace(struct kturn_net *kn, struct kturn_flow *flow,
			struct kturn_flow *by, u16 family);
int kturn_permission_insert(struct kturn_net *kn,
			    struct kturn_permission *permission);
void kturn_permission_remove(struct kturn_net *kn,
			     struct kturn_permission *permission);
int kturn_client_insert(struct kturn_net *kn, struct kturn_client *client);
void kturn_client_remove(struct kturn_net *kn, struct kturn_client *client);
int kturn_relayed_insert(struct kturn_net *kn, struct kturn_relayed *relayed);
void kturn_relayed_remove(struct kturn_net *kn, struct kturn_relayed *relayed);

void kturn_permission_key(struct kturn_permission_key *key,
			  const struct kturn_allocation *allocation,
			  const struct kturn_endpoint *peer);

int kturn_port_get(struct kturn_net *kn, __be16 port,
		   enum kturn_port_kind kind);
void kturn_port_put(struct kturn_net *kn, __be16 port,
		    enum kturn_port_kind kind);

#endif /* _KTURN_TABLES_H */
