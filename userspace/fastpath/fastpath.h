/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The netlink client of kturn.ko: installs allocations, permissions and
 * channels in the kernel's data path, and tells what happens to them there.
 *
 * The structs below are the attribute sets of kmod/kturn.yaml, which documents
 * each value; one struct serves requests and answers alike. All calls are
 * synchronous: they return once the module has answered, and never wait longer
 * than two seconds for it.
 *
 * They return 0 or a negative errno, and explain themselves in a struct
 * fastpath_error. One errno is special: -ENODEV always means that the module
 * is not there (or no longer), and no other failure is reported so. The module
 * may vanish at any moment, and with it every object it held; what it returns
 * as after being loaded again is empty and has a different family id, so a
 * connection that lost it stays detached until fastpath_attach() is called.
 * That way nobody uses the ids of one life of the module in the next.
 */
#ifndef KTURN_FASTPATH_FASTPATH_H
#define KTURN_FASTPATH_FASTPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kturn.h"
#include "stun/addr.h"

struct fastpath;
struct fastpath_watch;

/* Room for the module's extack text with a prefix. */
#define FASTPATH_ERROR_TEXT 192

/**
 * struct fastpath_error - why a call failed
 * @code: errno, positive; 0 if nothing failed
 * @text: one line for a log or a terminal: what was asked for, and the
 *	module's own explanation (extack) where it gave one
 */
struct fastpath_error {
	int code;
	char text[FASTPATH_ERROR_TEXT];
};

/**
 * struct fastpath_flow - what one direction has forwarded
 * @packets: datagrams
 * @bytes: application data in them, without ChannelData headers
 */
struct fastpath_flow {
	uint64_t packets;
	uint64_t bytes;
};

/**
 * struct fastpath_allocation - an allocation
 * @id: chosen by the module; filled by a request that creates one
 * @client: client's transport address
 * @server: server transport address that the client sends to; no wildcard
 * @relayed_ipv4: IPv4 relayed transport address, or family 0 for none
 * @relayed_ipv6: IPv6 relayed transport address, or family 0 for none
 * @timeout_ms: time to live from now; 0 in a change keeps the deadline
 * @max_bps: limit in bytes per second, each way; 0 for none. Cannot be changed
 * @server_device: index of the device that the server's socket is bound to, or
 *	0. Cannot be changed
 * @relayed_device: the same of the relay sockets
 * @userdata: opaque blob, up to KTURN_USERDATA_MAX bytes. In a change, NULL
 *	keeps what is there. In an answer it points into the receive buffer and
 *	ends with the callback, or with the next call on the connection.
 * @userdata_len: its length in bytes
 * @to_peer: answers only
 * @to_client: answers only
 * @channels: answers only: number of channels
 * @permissions: answers only: number of permissions
 * @del_reason: notifications only
 */
struct fastpath_allocation {
	uint32_t id;
	struct transport_addr client;
	struct transport_addr server;
	struct transport_addr relayed_ipv4;
	struct transport_addr relayed_ipv6;
	uint32_t timeout_ms;
	uint64_t max_bps;
	uint32_t server_device;
	uint32_t relayed_device;
	const void *userdata;
	size_t userdata_len;
	struct fastpath_flow to_peer;
	struct fastpath_flow to_client;
	uint32_t channels;
	uint32_t permissions;
	enum kturn_del_reason del_reason;
};

/**
 * struct fastpath_permission - a permission
 * @allocation_id: the allocation that it belongs to
 * @peer: the peer's IP address; the port is ignored in requests, 0 in answers
 * @timeout_ms: time to live from now
 * @del_reason: notifications only
 */
struct fastpath_permission {
	uint32_t allocation_id;
	struct transport_addr peer;
	uint32_t timeout_ms;
	enum kturn_del_reason del_reason;
};

/**
 * struct fastpath_channel - a channel binding
 * @allocation_id: the allocation that it belongs to
 * @number: channel number, KTURN_CHANNEL_MIN to KTURN_CHANNEL_MAX
 * @peer: the peer's transport address
 * @timeout_ms: time to live from now
 * @to_peer: answers only
 * @to_client: answers only
 * @del_reason: notifications only
 */
struct fastpath_channel {
	uint32_t allocation_id;
	uint16_t number;
	struct transport_addr peer;
	uint32_t timeout_ms;
	struct fastpath_flow to_peer;
	struct fastpath_flow to_client;
	enum kturn_del_reason del_reason;
};

/**
 * struct fastpath_net - settings and gauges of the network namespace
 * @module_version: version of the module, empty if it did not say
 * @hook: where the module looks at packets
 * @max_allocations: limit
 * @max_permissions: limit, all allocations together
 * @max_channels: limit, all allocations together
 * @max_bps: limit on all allocations together, in bytes per second each way;
 *	0 for none
 * @allocations: how many there are
 * @permissions: how many there are
 * @channels: how many there are
 * @xdp: XDP programs can call the module's bpf_kturn_xdp()
 */
struct fastpath_net {
	char module_version[64];
	enum kturn_hook hook;
	uint32_t max_allocations;
	uint32_t max_permissions;
	uint32_t max_channels;
	uint64_t max_bps;
	uint32_t allocations;
	uint32_t permissions;
	uint32_t channels;
	bool xdp;
};

/* Which settings fastpath_net_set() changes. */
enum fastpath_net_setting {
	FASTPATH_NET_HOOK = 1 << 0,
	FASTPATH_NET_MAX_ALLOCATIONS = 1 << 1,
	FASTPATH_NET_MAX_PERMISSIONS = 1 << 2,
	FASTPATH_NET_MAX_CHANNELS = 1 << 3,
	FASTPATH_NET_MAX_BPS = 1 << 4,
};

/**
 * struct fastpath_xdp_stats - what XDP had a hand in
 * @forwarded: of the forwarded, by XDP; from client to client once
 * @dropped: of the dropped, by XDP
 * @passed: passed up to the hook, indexed by KTURN_A_XDP_PASSED_*; in the
 *	totals they are what became of them there
 */
struct fastpath_xdp_stats {
	uint64_t forwarded;
	uint64_t dropped;
	uint64_t passed[KTURN_A_XDP_PASSED_MAX + 1];
};

/**
 * struct fastpath_stats - totals of the network namespace
 * @received: datagrams to the allocations
 * @to_peer: forwarded from clients to peers
 * @to_client: forwarded from peers to clients
 * @hairpin: forwarded from client to client, in both of these
 * @passed: datagrams left to the server, indexed by KTURN_A_PASSED_*
 * @dropped: datagrams dropped, indexed by KTURN_A_DROPPED_*
 * @xdp: which of these XDP did, and why not the others
 *
 * The first counters are at KTURN_A_PASSED_STUN and
 * KTURN_A_DROPPED_UNBOUND_CHANNEL; lower indices hold nothing.
 */
struct fastpath_stats {
	uint64_t received;
	uint64_t hairpin;
	struct fastpath_flow to_peer;
	struct fastpath_flow to_client;
	uint64_t passed[KTURN_A_PASSED_MAX + 1];
	uint64_t dropped[KTURN_A_DROPPED_MAX + 1];
	struct fastpath_xdp_stats xdp;
};

/**
 * fastpath_open() - make a connection, attached if the module is there
 * @fp: filled
 * @err: filled on failure
 *
 * A connection belongs to one thread at a time, and to the network namespace
 * that the thread was in. Having no module is no failure: ask
 * fastpath_attached().
 *
 * Return: 0, or a negative errno (-EMFILE, -ENOMEM, -EPROTONOSUPPORT, ...).
 */
int fastpath_open(struct fastpath **fp, struct fastpath_error *err);

/**
 * fastpath_close() - close a connection; the module keeps its objects
 * @fp: the connection, or NULL
 */
void fastpath_close(struct fastpath *fp);

/**
 * fastpath_attach() - look the module up (again)
 * @fp: the connection
 * @err: filled on failure
 *
 * Never makes the kernel load the module, so that an operator's rmmod stays
 * in force.
 *
 * Return: 0, -ENODEV if the module is not there, -EPROTO if it speaks another
 * version of the interface.
 */
int fastpath_attach(struct fastpath *fp, struct fastpath_error *err);

/**
 * fastpath_attached() - whether the module was there when last spoken to
 * @fp: the connection
 */
bool fastpath_attached(const struct fastpath *fp);

/**
 * fastpath_load() - ask the kernel to load the module, then attach
 * @fp: the connection
 * @err: filled on failure
 *
 * For the start of a daemon: the kernel runs modprobe where kturn.ko is
 * installed, which may take longer than the two seconds of other calls.
 *
 * Return: as fastpath_attach().
 */
int fastpath_load(struct fastpath *fp, struct fastpath_error *err);

/**
 * struct fastpath_request - one change among many
 * @cmd: KTURN_CMD_ALLOCATION_NEW, _SET or _DEL, KTURN_CMD_PERMISSION_NEW, _SET
 *	or _DEL, KTURN_CMD_CHANNEL_NEW, _SET or _DEL
 * @excl: fail with EEXIST where permission-new and channel-new would refresh
 * @replace: delete an allocation that has the 5-tuple of a new one, instead of
 *	failing with EEXIST; not together with @excl
 * @allocation: for KTURN_CMD_ALLOCATION_*; its @id is filled by _NEW
 * @permission: for KTURN_CMD_PERMISSION_*
 * @channel: for KTURN_CMD_CHANNEL_*
 * @why: filled with this request's failure in words, if it fails; or NULL
 * @error: result: 0 or a negative errno
 */
struct fastpath_request {
	enum kturn_cmd cmd;
	bool excl;
	bool replace;
	struct fastpath_error *why;
	union {
		struct fastpath_allocation allocation;
		struct fastpath_permission permission;
		struct fastpath_channel channel;
	};
	int error;
};

/**
 * fastpath_submit() - carry out changes, many to a system call
 * @fp: the connection
 * @requests: the changes; the @error of each is filled
 * @count: how many
 * @err: says why the first that failed did
 *
 * The module carries them out in order, and goes on after a failure. For
 * thousands of sessions: allocations first, then (ids known) all of their
 * permissions and channels, and no allocation left behind without them.
 * Any number may be given: no more go out at once than their answers have
 * room in the socket's buffer.
 *
 * Return: 0 if all succeeded, else the errno of the first that did not.
 * With -ENODEV, -ETIMEDOUT and -ENOBUFS, requests that got no answer carry
 * that same errno, and may or may not have been carried out.
 */
int fastpath_submit(struct fastpath *fp, struct fastpath_request *requests,
		    size_t count, struct fastpath_error *err);

/**
 * fastpath_allocation_new() - create an allocation
 * @fp: the connection
 * @allocation: what to create; @id is filled
 * @err: filled on failure
 *
 * Return: 0, -EEXIST if the 5-tuple or a relayed transport address is taken,
 * -ENOSPC at the limit, -EINVAL, -ENODEV.
 */
int fastpath_allocation_new(struct fastpath *fp,
			    struct fastpath_allocation *allocation,
			    struct fastpath_error *err);

/**
 * fastpath_allocation_set() - change deadline, blob, 5-tuple of an allocation
 * @fp: the connection
 * @allocation: @id, and the new @timeout_ms (or 0), @userdata (or NULL), and
 *	@client with @server where the client has moved (RFC 8016; or family 0)
 * @err: filled on failure
 *
 * Return: 0, -ENOENT if there is no such allocation, -EEXIST if another one
 * has the 5-tuple, -EINVAL, -ENODEV.
 */
int fastpath_allocation_set(struct fastpath *fp,
			    const struct fastpath_allocation *allocation,
			    struct fastpath_error *err);

/**
 * fastpath_allocation_get() - look one allocation up
 * @fp: the connection
 * @id: which one
 * @allocation: filled
 * @err: filled on failure
 *
 * Return: 0, -ENOENT, -ENODEV.
 */
int fastpath_allocation_get(struct fastpath *fp, uint32_t id,
			    struct fastpath_allocation *allocation,
			    struct fastpath_error *err);

/**
 * fastpath_allocation_del() - delete an allocation and all that belongs to it
 * @fp: the connection
 * @id: which one
 * @err: filled on failure
 *
 * Return: 0, -ENOENT, -ENODEV.
 */
int fastpath_allocation_del(struct fastpath *fp, uint32_t id,
			    struct fastpath_error *err);

/**
 * fastpath_permission_new() - install a permission, or refresh it
 * @fp: the connection
 * @permission: what to install
 * @err: filled on failure
 *
 * Return: 0, -ENOENT without the allocation, -ENOSPC, -EINVAL, -ENODEV.
 */
int fastpath_permission_new(struct fastpath *fp,
			    const struct fastpath_permission *permission,
			    struct fastpath_error *err);

/**
 * fastpath_permission_del() - delete a permission
 * @fp: the connection
 * @permission: @allocation_id and @peer
 * @err: filled on failure
 *
 * Return: 0, -ENOENT, -ENODEV.
 */
int fastpath_permission_del(struct fastpath *fp,
			    const struct fastpath_permission *permission,
			    struct fastpath_error *err);

/**
 * fastpath_channel_new() - bind a channel, or refresh the binding
 * @fp: the connection
 * @channel: what to bind
 * @err: filled on failure
 *
 * Return: 0, -ENOENT without the allocation or the permission, -EEXIST if the
 * number or the peer is taken, -ENOSPC, -EINVAL, -ENODEV.
 */
int fastpath_channel_new(struct fastpath *fp,
			 const struct fastpath_channel *channel,
			 struct fastpath_error *err);

/**
 * fastpath_bind() - what a ChannelBind does (RFC 8656 section 12.2)
 * @fp: the connection
 * @channel: what to bind or refresh
 * @permission_timeout_ms: for the permission that is installed or refreshed
 *	with it
 * @err: filled on failure
 *
 * Permission and channel in one go: one system call sends, one receives.
 *
 * Return: as fastpath_channel_new().
 */
int fastpath_bind(struct fastpath *fp, const struct fastpath_channel *channel,
		  uint32_t permission_timeout_ms, struct fastpath_error *err);

/**
 * fastpath_channel_del() - unbind a channel
 * @fp: the connection
 * @allocation_id: the allocation
 * @number: the channel number
 * @err: filled on failure
 *
 * Return: 0, -ENOENT, -ENODEV.
 */
int fastpath_channel_del(struct fastpath *fp, uint32_t allocation_id,
			 uint16_t number, struct fastpath_error *err);

/**
 * fastpath_net_get() - settings and gauges of the namespace
 * @fp: the connection
 * @net: filled
 * @err: filled on failure
 *
 * Return: 0, -ENODEV.
 */
int fastpath_net_get(struct fastpath *fp, struct fastpath_net *net,
		     struct fastpath_error *err);

/**
 * fastpath_net_set() - change settings of the namespace
 * @fp: the connection
 * @which: enum fastpath_net_setting, or-ed
 * @net: the new values
 * @err: filled on failure
 *
 * Return: 0, -EINVAL, -ENODEV.
 */
int fastpath_net_set(struct fastpath *fp, unsigned int which,
		     const struct fastpath_net *net,
		     struct fastpath_error *err);

/**
 * fastpath_stats_get() - totals of the namespace
 * @fp: the connection
 * @stats: filled
 * @err: filled on failure
 *
 * Return: 0, -ENODEV.
 */
int fastpath_stats_get(struct fastpath *fp, struct fastpath_stats *stats,
		       struct fastpath_error *err);

/**
 * fastpath_flush() - delete every allocation of the namespace
 * @fp: the connection
 * @err: filled on failure
 *
 * Return: 0, -ENODEV.
 */
int fastpath_flush(struct fastpath *fp, struct fastpath_error *err);

/*
 * Dumps hand over one object at a time. A callback gets NULL first: "a list
 * begins, forget what you were given". When objects changed while the module
 * was listing them the list is not trustworthy and is begun again, so NULL may
 * come several times. A callback that returns a negative errno ends the dump,
 * which then returns that. It must not use the connection.
 */
typedef int (*fastpath_allocation_cb)(const struct fastpath_allocation *a,
				      void *arg);
typedef int (*fastpath_permission_cb)(const struct fastpath_permission *p,
				      void *arg);
typedef int (*fastpath_channel_cb)(const struct fastpath_channel *c, void *arg);

/**
 * fastpath_allocation_dump() - list all allocations
 * @fp: the connection
 * @cb: gets them
 * @arg: for @cb
 * @err: filled on failure
 *
 * Return: 0; 1 if the list kept changing while it was read, so that what came
 * last may lack or repeat an object; -ENODEV, or what @cb returned.
 */
int fastpath_allocation_dump(struct fastpath *fp, fastpath_allocation_cb cb,
			     void *arg, struct fastpath_error *err);

/**
 * fastpath_permission_dump() - list the permissions
 * @fp: the connection
 * @allocation_id: of one allocation, or 0 for all
 * @cb: gets them
 * @arg: for @cb
 * @err: filled on failure
 *
 * Return: as fastpath_allocation_dump(), and -ENOENT.
 */
int fastpath_permission_dump(struct fastpath *fp, uint32_t allocation_id,
			     fastpath_permission_cb cb, void *arg,
			     struct fastpath_error *err);

/**
 * fastpath_channel_dump() - list the channels
 * @fp: the connection
 * @allocation_id: of one allocation, or 0 for all
 * @cb: gets them
 * @arg: for @cb
 * @err: filled on failure
 *
 * Return: as fastpath_allocation_dump(), and -ENOENT.
 */
int fastpath_channel_dump(struct fastpath *fp, uint32_t allocation_id,
			  fastpath_channel_cb cb, void *arg,
			  struct fastpath_error *err);

/**
 * enum fastpath_event_type - what a watch saw
 * @FASTPATH_EVENT_UP: the module was loaded; it holds nothing. Connections
 *	have to be attached.
 * @FASTPATH_EVENT_GONE: the module was unloaded, with all it held
 * @FASTPATH_EVENT_OVERRUN: notifications were lost: dump, and compare
 * @FASTPATH_EVENT_ALLOCATION: an allocation is gone, and all that belonged
 *	to it
 * @FASTPATH_EVENT_PERMISSION: a permission is gone, its allocation is not
 * @FASTPATH_EVENT_CHANNEL: a channel is gone, its allocation is not
 */
enum fastpath_event_type {
	FASTPATH_EVENT_UP,
	FASTPATH_EVENT_GONE,
	FASTPATH_EVENT_OVERRUN,
	FASTPATH_EVENT_ALLOCATION,
	FASTPATH_EVENT_PERMISSION,
	FASTPATH_EVENT_CHANNEL,
};

/**
 * struct fastpath_event - one thing that a watch saw
 * @type: says which member of the union holds
 * @allocation: with final counters and reason, without a deadline
 * @permission: with its reason
 * @channel: with final counters and reason
 *
 * A reason of KTURN_DEL_REASON_REQUESTED also comes back to whoever asked.
 */
struct fastpath_event {
	enum fastpath_event_type type;
	union {
		struct fastpath_allocation allocation;
		struct fastpath_permission permission;
		struct fastpath_channel channel;
	};
};

typedef void (*fastpath_event_cb)(const struct fastpath_event *event,
				  void *arg);

/**
 * fastpath_watch_open() - hear of the module's coming and going, and of what
 * it deletes
 * @watch: filled
 * @err: filled on failure
 *
 * Open the watch first and attach afterwards, and nothing is missed.
 *
 * Return: 0, or a negative errno.
 */
int fastpath_watch_open(struct fastpath_watch **watch,
			struct fastpath_error *err);

/**
 * fastpath_watch_close() - stop watching
 * @watch: the watch, or NULL
 */
void fastpath_watch_close(struct fastpath_watch *watch);

/**
 * fastpath_watch_fd() - for an event loop: readable when there is news
 * @watch: the watch
 *
 * Return: a file descriptor in non-blocking mode, owned by the watch.
 */
int fastpath_watch_fd(const struct fastpath_watch *watch);

/**
 * fastpath_watch_present() - whether the module is there, as far as was read
 * @watch: the watch
 */
bool fastpath_watch_present(const struct fastpath_watch *watch);

/**
 * fastpath_watch_read() - hand over what is there, without waiting
 * @watch: the watch
 * @cb: called once for each event, in order
 * @arg: for @cb
 * @err: filled on failure
 *
 * Ends after some hundred events even if there are more, so as not to starve
 * the loop; the descriptor is then still readable.
 *
 * Return: number of events, or a negative errno if the watch is of no more
 * use.
 */
int fastpath_watch_read(struct fastpath_watch *watch, fastpath_event_cb cb,
			void *arg, struct fastpath_error *err);

/*
 * The names that kmod/kturn.yaml gives to the values, as operators see them.
 * NULL for values without a name.
 */
const char *fastpath_hook_name(unsigned int hook);
const char *fastpath_del_reason_name(unsigned int reason);
const char *fastpath_passed_name(unsigned int attr);
const char *fastpath_xdp_passed_name(unsigned int attr);
const char *fastpath_dropped_name(unsigned int attr);

/**
 * fastpath_hook_from_name() - the other way round
 * @name: "none", "prerouting", "input"
 *
 * Return: enum kturn_hook, or -EINVAL.
 */
int fastpath_hook_from_name(const char *name);

#endif /* KTURN_FASTPATH_FASTPATH_H */
