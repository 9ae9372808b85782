/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The admin socket: how kturnctl and other tools speak to a running kturnd.
 *
 * A stream socket in the file system (CONFIG_DEFAULT_ADMIN unless configured),
 * open to root only. A connection carries one request, a JSON object on one
 * line, and one answer, likewise, after which kturnd closes it:
 *
 *	{"command":"status"}
 *	{"ok":true,"result":{...}}
 *
 *	{"command":"list","what":"allocations"}
 *	{"ok":true,"result":{"allocations":[...]}}
 *
 *	{"command":"sing"}
 *	{"ok":false,"error":"unknown command \"sing\""}
 *
 * Unknown members of an object are to be ignored on both sides. Addresses are
 * texts as transport_addr_print() writes them, times are whole seconds.
 *
 * "status" answers
 *
 *	version		text
 *	pid, uptime	numbers; seconds since start
 *	relay		"kernel" or "userspace": who relays channels that are
 *			bound now
 *	reason		text: why so, in words for an operator
 *	workers		number
 *	draining	boolean: no new sessions; ends when few are left
 *	left		number: sessions that draining waits for
 *	allocations, permissions, channels	numbers, of all workers
 *	userspace	{"to_peer": {"packets", "bytes"},
 *			 "to_client": {"packets", "bytes"},
 *			 "dropped": {reason: number, ...}}: what kturnd itself
 *			relayed and dropped; bytes of application data
 *	listeners	[address, ...]
 *	xdp		[{"device", "mode": "native" or "generic", "state",
 *			  "pinned", "program", "since"}, ...]: the devices that
 *			XDP was asked for; the id of the program and the seconds
 *			since it was attached where "state" is "attached", else
 *			"reason": text
 *
 * "list" takes "what" and answers an array under that same name:
 *
 *	allocations	{"client", "server", "relayed": [address, ...],
 *			 "username", "realm", "expires", "channels",
 *			 "permissions", "offloaded"}
 *	permissions	{"client", "peer", "expires", "offloaded"}
 *	channels	{"client", "number", "peer", "expires", "offloaded"}
 *
 * where expires is the number of seconds left and offloaded says whether the
 * object is installed in the kernel module. "client" is the client's address
 * of the allocation that the object belongs to.
 *
 * "reload" reads the configuration again and answers
 *
 *	applied		[name of an option, ...]: changed, and in force now
 *	restart		[name of an option, ...]: changed, and takes a restart
 *	warnings	[text, ...]
 *
 * or an error of one or more lines; nothing has changed then.
 *
 * "drain" takes "cancel", a boolean, and answers as "status" does.
 *
 * "xdp" takes "hold", a boolean: true lets go of all devices and of the module,
 * false, or loading the module anew, attaches the program again. Answers "xdp"
 * as "status" does.
 *
 * "userdb-changed" has kturnd forget what it remembers of the user database,
 * and read its secrets and rules at once; it answers an empty object.
 */
#ifndef KTURN_KTURND_ADMIN_PROTOCOL_H
#define KTURN_KTURND_ADMIN_PROTOCOL_H

/* Longest request, newline included; longer ones are refused. */
#define ADMIN_MAX_REQUEST 4096

/* Longest answer that a client need expect. */
#define ADMIN_MAX_ANSWER (256u << 20)

/* A client that neither sends nor reads is cut off after this. */
#define ADMIN_TIMEOUT_S 10

#endif /* KTURN_KTURND_ADMIN_PROTOCOL_H */
