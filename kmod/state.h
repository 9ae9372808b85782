/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations, permissions and channels (RFC 8656 sections 3.2, 9 and 12) of
 * one network namespace.
 *
 * Everything is changed under kturn_net.lock. The packet path finds channels
 * (through their flows), allocations and permissions under RCU and takes no
 * lock and no reference: what it finds stays until its RCU section ends,
 * because an object leaves the tables first and is freed in an RCU callback.
 */
#ifndef _KTURN_STATE_H
#define _KTURN_STATE_H

#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/rbtree.h>
#include <linux/rhashtable.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>

#include "stats.h"
#include "uapi/kturn.h"
#include "wheel.h"

struct dst_entry;
struct netlink_ext_ack;

/* The two directions of a channel. */
enum kturn_dir {
	KTURN_TO_PEER,
	KTURN_TO_CLIENT,
	KTURN_DIRS
};

/**
 * struct kturn_endpoint - a transport address
 * @addr: IP address; what the family does not use is zero
 * @port: UDP port, or 0 where an IP address is meant
 * @family: AF_INET or AF_INET6; 0 for none
 *
 * Has no padding, so that it can be part of a hash key.
 */
struct kturn_endpoint {
	union nf_inet_addr addr;
	__be16 port;
	u16 family;
};

/* What a received IPv4 datagram is looked up by. @number is 0 from peers. */
struct kturn_tuple4 {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__be16 number;
	u16 zero;
} __aligned(8);

/* The same for IPv6. */
struct kturn_tuple6 {
	struct in6_addr saddr;
	struct in6_addr daddr;
	__be16 sport;
	__be16 dport;
	__be16 number;
	u16 zero;
} __aligned(8);

/**
 * struct kturn_flow - one direction of a channel, as packets find it
 * @node: in kturn_net.flows4 or flows6
 * @tuple4: addresses of received datagrams, IPv4
 * @tuple6: addresses of received datagrams, IPv6
 * @hash: flow hash of the sent datagrams; the flow label comes of it too
 * @csum: what rewriting adds to the UDP checksum, the length field of
 *	ChannelData excepted
 * @csum_pseudo: what it adds to the pseudo header's part of it
 * @until: jiffies at which the channel, its permission or its allocation runs
 *	out, whichever comes first
 *
 * One cache line that only the control path writes. The addresses that a
 * datagram leaves with are those of the other direction, swapped.
 */
struct kturn_flow {
	struct rhash_head node;
	union {
		struct kturn_tuple4 tuple4;
		struct kturn_tuple6 tuple6;
	};
	u32 hash;
	u16 csum;
	u16 csum_pseudo;
	unsigned long until;
};

/**
 * struct kturn_path - what the packets of one direction write
 * @dst: the route last used, if any; the channel holds a reference
 * @genid: of the routing tables when it was looked up
 * @special: its packets change their family, may go straight to another
 *	client, are limited, or keep to a device: written by the control path
 * @packets: datagrams forwarded
 * @bytes: application data in them
 */
struct kturn_path {
	struct dst_entry __rcu *dst;
	int genid;
	bool special;
	atomic64_t packets;
	atomic64_t bytes;
};

struct kturn_permission_key {
	u32 allocation;
	u32 family;
	union nf_inet_addr addr;
};

/**
 * struct kturn_permission - a peer IP address that may send and be sent to
 * @node: in kturn_net.permissions
 * @key: allocation id and peer address
 * @due: deadline
 * @channels: channels to that address
 * @tree: in kturn_allocation.permissions
 * @rcu: for freeing; by then it is in no tree
 */
struct kturn_permission {
	struct rhash_head node;
	struct kturn_permission_key key;
	struct kturn_due due;
	struct hlist_head channels;
	union {
		struct rb_node tree;
		struct rcu_head rcu;
	};
};

/**
 * struct kturn_channel - a channel binding
 * @flow: both directions, as packets find them
 * @to_peer: what packets to the peer write
 * @tree: in kturn_allocation.channels
 * @allocation: what it belongs to
 * @to_client: what packets to the client write
 * @due: deadline
 * @twin: the channel that leads back: its allocation's relayed address is the
 *	peer of this one, and the other way about; NULL for most
 * @permission: the peer's permission, NULL when it is gone
 * @former: the same channel by the client's former 5-tuple, see move.c: to the
 *	client nothing goes by it any more; NULL for most
 * @fellows: in kturn_permission.channels, while there is a permission
 * @rcu: for freeing; by then there is none
 * @peer: peer's transport address
 * @number: channel number
 * @client_family: AF_INET or AF_INET6, of the client's transport address
 *
 * The order keeps what the two directions write in cache lines of their own.
 */
struct kturn_channel {
	struct kturn_flow flow[KTURN_DIRS];
	struct kturn_path to_peer;
	struct rb_node tree;
	struct kturn_allocation *allocation;
	struct kturn_path to_client;
	struct kturn_due due;
	struct kturn_channel __rcu *twin;
	struct kturn_permission *permission;
	struct kturn_channel *former;
	union {
		struct hlist_node fellows;
		struct rcu_head rcu;
	};
	struct kturn_endpoint peer;
	u16 number;
	u16 client_family;
};

/* A relayed transport address, as the packet path finds it. */
struct kturn_relayed {
	struct rhash_head node;
	struct kturn_endpoint endpoint;
	u32 slot;
};

/* Client and server transport address, the 5-tuple but for UDP. */
struct kturn_five_tuple {
	struct kturn_endpoint client;
	struct kturn_endpoint server;
};

/**
 * struct kturn_client - a 5-tuple, as the packet path finds its allocation
 * @node: in kturn_net.clients
 * @tuple: client's and server's transport address
 * @allocation: whose
 */
struct kturn_client {
	struct rhash_head node;
	struct kturn_five_tuple tuple;
	struct kturn_allocation *allocation;
};

enum { KTURN_IPV4, KTURN_IPV6, KTURN_FAMILIES };

/**
 * struct kturn_allocation - an allocation
 * @client: the client's 5-tuple
 * @former: the one that the client moved away from, while it may still send
 *	from there; NULL for most
 * @first: the 5-tuple that it was created with
 * @relayed: relayed transport addresses; family 0 for none
 * @due: deadline
 * @id: index in kturn_net.allocations
 * @n_channels: channels in the tree
 * @n_permissions: permissions in the tree
 * @n_orphans: channels without a permission
 * @channels: by number
 * @permissions: by address
 * @flow: what deleted channels have forwarded
 * @userdata: the daemon's blob
 * @userdata_len: its length
 * @device: that the server's sockets are bound to, by the direction in which
 *	they receive: an ifindex, of a VRF too; 0 for none
 * @max_bps: limit on what it may send and be sent, each; 0 for none
 * @full_at: when its limits' buckets are full again, in ns
 * @policed: a limit holds for it, its own or the one on all
 * @had_permission: it has one, or had; until then nobody's absence tells
 * @had_channel: it has one, or had
 * @rcu: for freeing; by then it has neither channels nor permissions
 */
struct kturn_allocation {
	struct kturn_client *client;
	struct kturn_client *former;
	struct kturn_client first;
	struct kturn_relayed relayed[KTURN_FAMILIES];
	struct kturn_due due;
	u32 id;
	u32 n_channels;
	u32 n_permissions;
	u32 n_orphans;
	union {
		struct {
			struct rb_root channels;
			struct rb_root permissions;
		};
		struct rcu_head rcu;
	};
	struct kturn_flow_stats flow[KTURN_DIRS];
	void *userdata;
	u32 userdata_len;
	bool policed;
	bool had_permission;
	bool had_channel;
	int device[KTURN_DIRS];
	u64 max_bps;
	atomic64_t full_at[KTURN_DIRS];
};

/* A part of the limit on all allocations that one CPU may spend, in bytes. */
struct kturn_share {
	u64 bytes[KTURN_DIRS];
};

/**
 * struct kturn_net - what a network namespace owns
 * @net: the namespace
 * @flows4: flows by tuple4
 * @flows6: flows by tuple6
 * @ports: a byte for each UDP port, see kturn_port_kind(); NULL until the
 *	first allocation
 * @stats: per CPU totals
 * @max_bps: limit on all allocations together, each way; 0 for none
 * @shares: what each CPU has taken of that and not spent
 * @full_at: when its buckets are full again, in ns
 * @lock: taken by whoever changes anything below or in the tables
 * @clients: allocations by 5-tuple, former ones too
 * @relayed: allocations by relayed transport address
 * @permissions: permissions by allocation and address
 * @allocations: allocations by id
 * @next_id: where the search for a free id begins
 * @port_users: allocations by port and kind of use
 * @n_allocations: allocations in the namespace
 * @n_permissions: permissions in it
 * @n_channels: channels in it
 * @max_allocations: limit on them
 * @max_permissions: limit on them
 * @max_channels: limit on them
 * @generation: counts additions and removals, for dumps
 * @wheel: deadlines
 * @unheard: struct kturn_moved of clients not heard on their new 5-tuple yet
 * @sweep: takes what has run out
 * @closing: nobody is told any more: the family may be gone
 * @hook: enum kturn_hook, as set
 * @hooked: the one that is registered
 * @hook_ops: for netfilter, by hook (but none) and family
 */
struct kturn_net {
	struct net *net;
	struct rhashtable flows4;
	struct rhashtable flows6;
	u8 __rcu *ports;
	struct kturn_stats __percpu *stats;
	u64 max_bps;
	struct kturn_share __percpu *shares;
	atomic64_t full_at[KTURN_DIRS] ____cacheline_aligned_in_smp;

	struct mutex lock ____cacheline_aligned_in_smp; /* see above */
	struct rhashtable clients;
	struct rhashtable relayed;
	struct rhashtable permissions;
	struct xarray allocations;
	u32 next_id;
	struct xarray port_users;
	u32 n_allocations;
	u32 n_permissions;
	u32 n_channels;
	u32 max_allocations;
	u32 max_permissions;
	u32 max_channels;
	u32 generation;
	struct kturn_wheel wheel;
	struct list_head unheard;
	struct delayed_work sweep;
	bool closing;
	u32 hook;
	u32 hooked;
	struct nf_hook_ops hook_ops[KTURN_HOOK_INPUT][KTURN_FAMILIES];
};

/* How the allocations of a namespace use a local UDP port. */
enum kturn_port_kind {
	KTURN_PORT_SERVER = BIT(0),
	KTURN_PORT_RELAYED = BIT(1),
};

struct kturn_net *kturn_net(const struct net *net);

static inline struct kturn_path *kturn_path(struct kturn_channel *channel,
					    enum kturn_dir dir)
{
	return dir == KTURN_TO_PEER ? &channel->to_peer : &channel->to_client;
}

/**
 * kturn_port_kind() - how a local port is used
 * @kn: namespace
 * @port: UDP port
 *
 * The first question to every packet; the answer may be wrong for ports whose
 * use changes this very moment, as any lookup's may.
 *
 * Context: RCU read side.
 * Return: enum kturn_port_kind bits
 */
static inline unsigned int kturn_port_kind(const struct kturn_net *kn,
					   __be16 port)
{
	const u8 *ports = rcu_dereference(kn->ports);

	return READ_ONCE(ports[(__force u16)port]);
}

int kturn_state_init(struct kturn_net *kn);
void kturn_state_exit(struct kturn_net *kn);
int kturn_state_ports(struct kturn_net *kn);
int kturn_state_caches_init(void);
void kturn_state_caches_exit(void);

struct kturn_allocation *
kturn_allocation_by_client(struct kturn_net *kn,
			   const struct kturn_five_tuple *tuple);
bool kturn_allocation_has(const struct kturn_allocation *allocation,
			  const struct kturn_five_tuple *tuple);
struct kturn_allocation *
kturn_allocation_by_relayed(struct kturn_net *kn,
			    const struct kturn_endpoint *relayed);
struct kturn_permission *
kturn_permission_find(struct kturn_net *kn,
		      const struct kturn_allocation *allocation,
		      const struct kturn_endpoint *peer);

struct kturn_allocation *
kturn_allocation_new(struct kturn_net *kn, const struct kturn_five_tuple *tuple,
		     const struct kturn_endpoint relayed[KTURN_FAMILIES],
		     unsigned long expires, struct netlink_ext_ack *extack);
void kturn_allocation_refresh(struct kturn_net *kn,
			      struct kturn_allocation *allocation,
			      unsigned long expires);
int kturn_allocation_move(struct kturn_net *kn,
			  struct kturn_allocation *allocation,
			  const struct kturn_five_tuple *tuple,
			  struct netlink_ext_ack *extack);
void kturn_allocation_del(struct kturn_net *kn,
			  struct kturn_allocation *allocation,
			  enum kturn_del_reason reason);
void kturn_allocation_stats(const struct kturn_allocation *allocation,
			    struct kturn_flow_stats stats[KTURN_DIRS]);

int kturn_permission_new(struct kturn_net *kn,
			 struct kturn_allocation *allocation,
			 const struct kturn_endpoint *peer,
			 unsigned long expires, struct netlink_ext_ack *extack);
void kturn_permission_refresh(struct kturn_net *kn,
			      struct kturn_permission *permission,
			      unsigned long expires);
void kturn_permission_del(struct kturn_net *kn,
			  struct kturn_permission *permission,
			  enum kturn_del_reason reason);
struct kturn_permission *
kturn_permission_after(const struct kturn_allocation *allocation,
		       const struct kturn_permission_key *key);

struct kturn_channel *
kturn_channel_find(const struct kturn_allocation *allocation, u16 number);
struct kturn_channel *
kturn_channel_by_peer(struct kturn_net *kn,
		      const struct kturn_allocation *allocation,
		      const struct kturn_endpoint *peer);
int kturn_channel_new(struct kturn_net *kn, struct kturn_allocation *allocation,
		      u16 number, const struct kturn_endpoint *peer,
		      unsigned long expires, struct netlink_ext_ack *extack);
void kturn_channel_refresh(struct kturn_net *kn, struct kturn_channel *channel,
			   unsigned long expires);
void kturn_channel_del(struct kturn_net *kn, struct kturn_channel *channel,
		       enum kturn_del_reason reason);
struct kturn_channel *
kturn_channel_from(const struct kturn_allocation *allocation, u32 number);
void kturn_channel_stats(struct kturn_channel *channel,
			 struct kturn_flow_stats stats[KTURN_DIRS]);

void kturn_flush(struct kturn_net *kn);

#endif /* _KTURN_STATE_H */
