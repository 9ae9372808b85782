/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The opaque bytes that an allocation carries in the module: what a daemon
 * needs to go on serving the client if the one that wrote them dies.
 */
#ifndef KTURN_TURN_USERDATA_H
#define KTURN_TURN_USERDATA_H

#include "turn/server.h"

/**
 * struct turn_userdata - what the bytes say
 * @txid: of the Allocate request
 * @relayed: public addresses, where they differ from the bound ones; by leg,
 *	family 0 if not
 * @key: of the user
 * @realm: realm the user was authenticated in, inside the bytes
 * @username: user name, inside the bytes
 */
struct turn_userdata {
	struct stun_txid txid;
	struct transport_addr relayed[TURN_LEGS];
	struct stun_key key;
	struct stun_bytes realm;
	struct stun_bytes username;
};

/**
 * turn_userdata_write() - write them for an allocation
 * @a: the allocation
 * @buf: filled
 *
 * Return: how many bytes; 0 if realm and user name are too long, in which case
 * nobody can adopt the allocation and it ends with its deadline.
 */
size_t turn_userdata_write(const struct turn_allocation *a,
			   uint8_t buf[static TURN_USERDATA_MAX]);

/**
 * turn_userdata_read() - read them
 * @u: filled; points into @data
 * @data: the bytes
 * @len: how many
 *
 * Return: 0, -EPROTONOSUPPORT if another version wrote them, -EBADMSG.
 */
int turn_userdata_read(struct turn_userdata *u, const void *data, size_t len);

#endif /* KTURN_TURN_USERDATA_H */
