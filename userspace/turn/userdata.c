// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>

#include "stun/reader.h"
#include "stun/writer.h"
#include "turn/userdata.h"

#define USERDATA_VERSION 1

static void write_addr(struct stun_writer *w, const struct turn_relay *relay)
{
	size_t len = transport_addr_ip_len(&relay->relayed);

	if (!relay->handle || transport_addr_equal(&relay->relayed, &relay->bound))
		len = 0;
	stun_write_u8(w, (uint8_t)len);
	if (!len)
		return;
	stun_write_bytes(w, relay->relayed.ip, len);
	stun_write_u16(w, relay->relayed.port);
}

size_t turn_userdata_write(const struct turn_allocation *a,
			   uint8_t buf[static TURN_USERDATA_MAX])
{
	struct stun_writer w = stun_writer(buf, TURN_USERDATA_MAX);
	ssize_t len;
	int i;

	stun_write_u8(&w, USERDATA_VERSION);
	stun_write_bytes(&w, a->txid.bytes, STUN_TXID_LEN);
	for (i = 0; i < TURN_LEGS; i++)
		write_addr(&w, &a->legs[i].relay);
	stun_write_u8(&w, a->key.len);
	stun_write_bytes(&w, a->key.bytes, a->key.len);
	stun_write_u8(&w, (uint8_t)strlen(a->realm));
	stun_write_bytes(&w, a->realm, strlen(a->realm));
	stun_write_u16(&w, (uint16_t)a->username_len);
	stun_write_bytes(&w, a->username, a->username_len);
	len = stun_writer_end(&w);
	return len < 0 ? 0 : (size_t)len;
}

static void read_addr(struct stun_reader *r, struct transport_addr *addr)
{
	uint8_t len = stun_read_u8(r);
	const uint8_t *ip = stun_read_bytes(r, len);
	uint16_t port;

	*addr = (struct transport_addr){ 0 };
	if (len == 0)
		return;
	port = stun_read_u16(r);
	if (ip && (len == 4 || len == 16))
		transport_addr_from_ip(addr, len == 4 ? AF_INET : AF_INET6,
				       ip, port);
	else
		r->failed = true;
}

static struct stun_bytes read_text(struct stun_reader *r, size_t len)
{
	return (struct stun_bytes){ stun_read_bytes(r, len), len };
}

int turn_userdata_read(struct turn_userdata *u, const void *data, size_t len)
{
	struct stun_reader r = stun_reader(data, len);
	const uint8_t *p;
	int i;

	if (stun_read_u8(&r) != USERDATA_VERSION)
		return -EPROTONOSUPPORT;
	p = stun_read_bytes(&r, STUN_TXID_LEN);
	if (p)
		memcpy(u->txid.bytes, p, STUN_TXID_LEN);
	for (i = 0; i < TURN_LEGS; i++)
		read_addr(&r, &u->relayed[i]);
	u->key.len = stun_read_u8(&r);
	if (u->key.len > STUN_KEY_MAX)
		return -EBADMSG;
	p = stun_read_bytes(&r, u->key.len);
	if (p && u->key.len)
		memcpy(u->key.bytes, p, u->key.len);
	u->realm = read_text(&r, stun_read_u8(&r));
	u->username = read_text(&r, stun_read_u16(&r));
	return stun_reader_ok(&r) && r.left == 0 ? 0 : -EBADMSG;
}
