// SPDX-License-Identifier: BSD-3-Clause
#include "net/dtls.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "net/connections.h"
#include "net/dtls_hello.h"
#include "net/dtls_session.h"

/* Timers fired in one dtls_tick(), so that packets get their turn. */
#define TICK_MAX 64

/**
 * struct dtls_association - a client
 * @by_tuple: in the table
 * @link: in the list
 * @timer: the next of all that it waits for
 * @dtls: where it belongs
 * @tuple: its 5-tuple
 * @session: what the last handshake that was finished has established, or NULL
 * @handshake: the one that goes on, or NULL. A client that has lost its memory
 *	begins anew on the same 5-tuple; but what it had ends only when the new
 *	handshake is done, for anybody could begin one in its name
 *	(RFC 6347, section 4.2.8).
 * @handshake_end: when it has taken too long
 * @look_at: when to look whether there is an allocation
 * @serving: there is one, as far as is known
 */
struct dtls_association {
	struct turn_table_node by_tuple;
	LIST_ENTRY(dtls_association) link;
	struct turn_timer timer;
	struct dtls *dtls;
	struct turn_5tuple tuple;
	struct dtls_session *session;
	struct dtls_session *handshake;
	uint64_t handshake_end;
	uint64_t look_at;
	bool serving;
};

static const char *const end_names[] = {
	[DTLS_END_CLIENT] = "client",
	[DTLS_END_BROKEN] = "broken",
	[DTLS_END_HANDSHAKE] = "handshake",
	[DTLS_END_IDLE] = "idle",
	[DTLS_END_SERVER] = "server",
	[DTLS_END_TOO_MANY] = "too-many",
	[DTLS_END_SOURCE] = "source",
	[DTLS_END_RATE] = "too-many-handshakes",
};

const char *dtls_end_name(enum dtls_end why)
{
	return end_names[why];
}

/* The worker writes, others read. */
static void add(uint64_t *counter, int64_t n)
{
	__atomic_store_n(counter, *counter + (uint64_t)n, __ATOMIC_RELAXED);
}

/* --- associations ---------------------------------------------------------- */

static uint64_t tuple_hash(const struct dtls *dtls,
			   const struct turn_5tuple *tuple)
{
	return turn_table_hash(&dtls->secret, tuple, sizeof(*tuple));
}

static struct dtls_association *find(const struct dtls *dtls,
				     const struct turn_5tuple *tuple)
{
	struct turn_table_node *n;
	struct dtls_association *a;

	n = turn_table_first(&dtls->by_tuple, tuple_hash(dtls, tuple));
	for (; n; n = turn_table_next(n)) {
		a = container_of(n, struct dtls_association, by_tuple);
		if (memcmp(&a->tuple, tuple, sizeof(*tuple)) == 0)
			return a;
	}
	return NULL;
}

/* Forget it. */
static void discard(struct dtls_association *a)
{
	struct dtls *dtls = a->dtls;

	dtls_session_free(a->handshake);
	dtls_session_close(a->session);
	turn_table_remove(&dtls->by_tuple, &a->by_tuple);
	turn_timer_remove(&dtls->timers, &a->timer);
	LIST_REMOVE(a, link);
	connections_leave(dtls->options.connections, &a->tuple.client,
			  a->serving);
	add(&dtls->stats.open, -1);
	free(a);
}

static void end(struct dtls_association *a, enum dtls_end why)
{
	struct dtls *dtls = a->dtls;

	add(&dtls->stats.ended[why], 1);
	if (a->session)
		dtls->ops->gone(dtls->env, &a->tuple);
	discard(a);
}

static void on_timer(struct turn_timer *timer, uint64_t now);

static struct dtls_association *join(struct dtls *dtls,
				     const struct turn_5tuple *tuple,
				     uint64_t now)
{
	struct dtls_association *a = calloc(1, sizeof(*a));

	if (!a || turn_timer_add(&dtls->timers, &a->timer, on_timer)) {
		free(a);
		return NULL;
	}
	a->dtls = dtls;
	a->tuple = *tuple;
	a->look_at = now + dtls->options.allocate_timeout;
	turn_table_insert(&dtls->by_tuple, &a->by_tuple,
			  tuple_hash(dtls, tuple));
	LIST_INSERT_HEAD(&dtls->list, a, link);
	add(&dtls->stats.open, 1);
	return a;
}

static void refuse(struct dtls *dtls, int error)
{
	enum dtls_end why = error == -EUSERS ? DTLS_END_TOO_MANY :
			    error == -EDQUOT ? DTLS_END_SOURCE :
			    DTLS_END_SERVER;

	add(&dtls->stats.ended[why], 1);
}

/* A client without an association has sent its cookie back. */
static struct dtls_association *accept_client(struct dtls *dtls,
					      const struct turn_5tuple *tuple,
					      uint64_t now)
{
	struct connections *connections = dtls->options.connections;
	struct dtls_association *a;
	int ret = connections_enter(connections, &tuple->client);

	a = ret ? NULL : join(dtls, tuple, now);
	if (a) {
		add(&dtls->stats.accepted, 1);
		return a;
	}
	if (!ret)
		connections_leave(connections, &tuple->client, false);
	refuse(dtls, ret);
	return NULL;
}

/* --- time ------------------------------------------------------------------ */

/* Wait for what comes first. */
static void set_timer(struct dtls_association *a, uint64_t now)
{
	uint64_t due = a->session ? a->look_at : TURN_NEVER;

	if (a->handshake) {
		int64_t wait = dtls_session_wait(a->handshake);

		if (a->handshake_end < due)
			due = a->handshake_end;
		if (wait >= 0 && now + (uint64_t)wait < due)
			due = now + (uint64_t)wait;
	}
	turn_timer_set(&a->dtls->timers, &a->timer, due);
}

static bool look_for_allocation(struct dtls_association *a, uint64_t now)
{
	struct dtls *dtls = a->dtls;
	bool serving = dtls->ops->serves(dtls->env, &a->tuple, now);

	if (serving != a->serving)
		a->serving = connections_serve(dtls->options.connections,
					       &a->tuple.client, serving);
	return serving;
}

/* The handshake came to nothing; what there was before goes on. */
static void give_up_handshake(struct dtls_association *a, uint64_t now)
{
	dtls_session_free(a->handshake);
	a->handshake = NULL;
	if (a->session)
		set_timer(a, now);
	else
		end(a, DTLS_END_HANDSHAKE);
}

/* Without an allocation for a whole timeout, and half of another perhaps? */
static bool is_idle(struct dtls_association *a, uint64_t now)
{
	bool served_before = a->serving;

	if (!a->session || now < a->look_at)
		return false;
	a->look_at = now + a->dtls->options.allocate_timeout;
	return !look_for_allocation(a, now) && !served_before;
}

static void on_timer(struct turn_timer *timer, uint64_t now)
{
	struct dtls_association *a =
		container_of(timer, struct dtls_association, timer);

	if (is_idle(a, now))
		end(a, DTLS_END_IDLE);
	else if (a->handshake && (now >= a->handshake_end ||
				  dtls_session_retransmit(a->handshake)))
		give_up_handshake(a, now);
	else
		set_timer(a, now);
}

void dtls_tick(struct dtls *dtls, uint64_t now)
{
	for (int i = 0; i < TICK_MAX; i++)
		if (!turn_timers_fire(&dtls->timers, now))
			return;
}

/* --- datagrams ------------------------------------------------------------- */

/* Hand on all that has come by now, and end the association if it ended. */
static void read_records(struct dtls_association *a, uint8_t *buf,
			 size_t room, uint64_t now)
{
	struct dtls *dtls = a->dtls;
	ssize_t len = 0;

	while (room >= DTLS_RECORD_MAX && dtls_session_has_more(a->session)) {
		len = dtls_session_read(a->session, buf, room);
		if (len <= 0)
			break;
		dtls->ops->received(dtls->env, &a->tuple, buf, (size_t)len,
				    now);
		buf += len;
		room -= (size_t)len;
	}
	if (len < 0)
		end(a, len == -ESHUTDOWN ? DTLS_END_CLIENT : DTLS_END_BROKEN);
}

/* The client has proved who it is: whoever it was before is gone. */
static void establish(struct dtls_association *a, uint64_t now)
{
	struct dtls *dtls = a->dtls;

	if (a->session) {
		dtls->ops->gone(dtls->env, &a->tuple);
		dtls_session_free(a->session);
		look_for_allocation(a, now);
	}
	a->session = a->handshake;
	a->handshake = NULL;
	a->look_at = now + dtls->options.allocate_timeout;
}

static void go_on(struct dtls_association *a, uint8_t *buf, size_t room,
		  uint64_t now)
{
	int ret = dtls_session_handshake(a->handshake);

	if (ret < 0) {
		give_up_handshake(a, now);
		return;
	}
	if (ret > 0)
		establish(a, now);
	set_timer(a, now);
	/* The client's first request may have come with its last flight. */
	if (ret > 0)
		read_records(a, buf, room, now);
}

static void send_for(void *arg, const uint8_t *buf, size_t len)
{
	const struct dtls_association *a = arg;

	a->dtls->ops->send(a->dtls->env, &a->tuple, buf, len);
}

/* Begin a handshake, with a hello whose cookie is good. */
static void begin(struct dtls_association *a, uint8_t *buf, size_t len,
		  size_t room, uint64_t now)
{
	struct dtls *dtls = a->dtls;
	const struct dtls_output output = { send_for, a };

	dtls_session_free(a->handshake);
	a->handshake_end = now + dtls->options.handshake_timeout;
	a->handshake = dtls_session_new(dtls->tls, &output,
					dtls->options.retransmit, buf, len);
	if (a->handshake)
		go_on(a, buf, room, now);
	else
		give_up_handshake(a, now);
}

/* The network, or a client that waits for us, says things twice. */
static bool is_repeated(const struct dtls_association *a,
			const struct dtls_hello *hello)
{
	return (a->handshake &&
		dtls_session_began_with(a->handshake, hello)) ||
	       (a->session && dtls_session_began_with(a->session, hello));
}

static void receive_hello(struct dtls *dtls, const struct turn_5tuple *tuple,
			  uint8_t *buf, size_t len, size_t room, uint64_t now)
{
	struct dtls_association *a;
	struct dtls_hello hello;

	if (!dtls->tls || !dtls_hello_parse(&hello, buf, len)) {
		add(&dtls->stats.strays, 1);
		return;
	}
	if (!dtls_cookie_good(&dtls->cookie_key, tuple, &hello, now)) {
		uint8_t answer[DTLS_VERIFY_LEN];

		dtls_hello_verify(&dtls->cookie_key, tuple, &hello, now,
				  answer);
		dtls->ops->send(dtls->env, tuple, answer, sizeof(answer));
		add(&dtls->stats.verified, 1);
		return;
	}
	a = find(dtls, tuple);
	if (a && is_repeated(a, &hello))
		return;
	/* Nothing else that a stranger can ask for costs as much. */
	if (!connections_handshake(dtls->options.connections, &tuple->client,
				   now)) {
		add(&dtls->stats.ended[DTLS_END_RATE], 1);
		return;
	}
	if (!a)
		a = accept_client(dtls, tuple, now);
	if (a)
		begin(a, buf, len, room, now);
}

void dtls_receive(struct dtls *dtls, const struct turn_5tuple *tuple,
		  uint8_t *buf, size_t len, size_t room, uint64_t now)
{
	struct dtls_association *a;

	if (dtls_is_hello(buf, len)) {
		receive_hello(dtls, tuple, buf, len, room, now);
		return;
	}
	a = find(dtls, tuple);
	if (!a) {
		add(&dtls->stats.strays, 1);
	} else if (a->handshake &&
		   (!a->session || dtls_is_handshake(buf, len))) {
		dtls_session_feed(a->handshake, buf, len);
		go_on(a, buf, room, now);
	} else {
		dtls_session_feed(a->session, buf, len);
		read_records(a, buf, room, now);
	}
}

/* What breaks it shows when the client is heard next, or never. */
static void write_record(struct dtls_association *a, const uint8_t *buf,
			 size_t len)
{
	if (a->session && dtls_session_write(a->session, buf, len) == -EMSGSIZE)
		add(&a->dtls->stats.too_big, 1);
}

void dtls_send(struct dtls *dtls, const struct turn_5tuple *tuple,
	       const uint8_t *buf, size_t len)
{
	struct dtls_association *a = find(dtls, tuple);

	if (a)
		write_record(a, buf, len);
}

void dtls_reply(struct dtls *dtls, const struct turn_5tuple *tuple,
		const uint8_t *buf, size_t len, uint64_t now)
{
	struct dtls_association *a = find(dtls, tuple);

	if (!a)
		return;
	/* Now: a client that knows of its allocation may come again. */
	if (a->session && !a->serving)
		look_for_allocation(a, now);
	write_record(a, buf, len);
}

const SSL *dtls_ssl(const struct dtls *dtls, const struct turn_5tuple *tuple)
{
	const struct dtls_association *a = find(dtls, tuple);

	return a && a->session ? dtls_session_ssl(a->session) : NULL;
}

/* --- set-up ---------------------------------------------------------------- */

int dtls_init(struct dtls *dtls, const struct dtls_ops *ops, void *env,
	      const struct dtls_options *options)
{
	*dtls = (struct dtls){ .ops = ops, .env = env, .options = *options };
	LIST_INIT(&dtls->list);
	if (getrandom(&dtls->secret, sizeof(dtls->secret), 0) !=
	    sizeof(dtls->secret) ||
	    getrandom(&dtls->cookie_key, sizeof(dtls->cookie_key), 0) !=
	    sizeof(dtls->cookie_key))
		return -EIO;
	return turn_table_init(&dtls->by_tuple);
}

void dtls_close_all(struct dtls *dtls)
{
	struct dtls_association *a, *next;

	for (a = LIST_FIRST(&dtls->list); a; a = next) {
		next = LIST_NEXT(a, link);
		discard(a);
	}
}

void dtls_free(struct dtls *dtls)
{
	struct dtls_association *a;

	LIST_FOREACH(a, &dtls->list, link) {
		dtls_session_free(a->session);
		a->session = NULL;
	}
	dtls_close_all(dtls);
	turn_table_free(&dtls->by_tuple);
	turn_timers_free(&dtls->timers);
	tls_context_put(dtls->tls);
}

void dtls_set_context(struct dtls *dtls, struct tls_context *tls)
{
	tls_context_put(dtls->tls);
	dtls->tls = tls_context_get(tls);
}
