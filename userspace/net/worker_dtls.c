// SPDX-License-Identifier: BSD-3-Clause
/* A worker's DTLS clients: between its listeners and the protocol core. */
#include "net/worker_internal.h"

/* What OpenSSL writes into is used again at once, so it is copied. */
static void send_record(void *env, const struct turn_5tuple *tuple,
			const uint8_t *buf, size_t len)
{
	struct worker *worker = env;
	struct send_target target;

	if (worker_client_target(worker, tuple, &target))
		send_queue_copy(worker->queue, &target, buf, len);
}

static void received(void *env, const struct turn_5tuple *tuple, uint8_t *buf,
		     size_t len, uint64_t now)
{
	struct worker *worker = env;

	turn_server_datagram(worker->server, tuple, buf, len, now);
}

static bool serves(void *env, const struct turn_5tuple *tuple, uint64_t now)
{
	struct worker *worker = env;

	return turn_server_has_client(worker->server, tuple, now);
}

static void gone(void *env, const struct turn_5tuple *tuple)
{
	struct worker *worker = env;

	turn_server_client_gone(worker->server, tuple);
}

static const struct dtls_ops ops = {
	.send = send_record,
	.received = received,
	.serves = serves,
	.gone = gone,
};

int worker_init_dtls(struct worker *worker)
{
	const struct stream_options *limits = &worker->setup->streams;
	const struct dtls_options options = {
		.connections = limits->connections,
		.allocate_timeout = limits->allocate_timeout,
		.handshake_timeout = DTLS_HANDSHAKE_TIMEOUT,
		.retransmit = DTLS_RETRANSMIT,
	};

	int ret = dtls_init(&worker->dtls, &ops, worker, &options);

	if (!ret)
		dtls_set_context(&worker->dtls, worker->tls);
	return ret;
}
