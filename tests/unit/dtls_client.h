/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A DTLS client in memory: OpenSSL's, with a queue of datagrams each way
 * instead of a socket. The test carries them, or loses them.
 */
#ifndef KTURN_TESTS_DTLS_CLIENT_H
#define KTURN_TESTS_DTLS_CLIENT_H

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DTLS_CLIENT_QUEUE 32
#define DTLS_CLIENT_DATAGRAM 20000

struct dtls_datagram {
	size_t len;
	uint8_t buf[DTLS_CLIENT_DATAGRAM];
};

struct dtls_queue {
	struct dtls_datagram v[DTLS_CLIENT_QUEUE];
	size_t first, used;
};

struct dtls_client {
	SSL_CTX *ctx;
	SSL *ssl;
	struct dtls_queue in, out;
};

static inline void dtls_queue_put(struct dtls_queue *queue, const void *buf,
				  size_t len)
{
	struct dtls_datagram *d;

	if (queue->used == DTLS_CLIENT_QUEUE || len > sizeof(d->buf))
		abort();
	d = &queue->v[(queue->first + queue->used++) % DTLS_CLIENT_QUEUE];
	memcpy(d->buf, buf, len);
	d->len = len;
}

/* The oldest datagram, until the next is put in; NULL if there is none. */
static inline struct dtls_datagram *dtls_queue_get(struct dtls_queue *queue)
{
	struct dtls_datagram *d = &queue->v[queue->first];

	if (!queue->used)
		return NULL;
	queue->first = (queue->first + 1) % DTLS_CLIENT_QUEUE;
	queue->used--;
	return d;
}

static inline void dtls_queue_lose(struct dtls_queue *queue)
{
	queue->used = 0;
}

static int dtls_client_bio_read(BIO *bio, char *buf, int size)
{
	struct dtls_client *client = BIO_get_data(bio);
	struct dtls_datagram *d = dtls_queue_get(&client->in);

	BIO_clear_retry_flags(bio);
	if (!d) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (d->len > (size_t)size)
		d->len = (size_t)size;
	memcpy(buf, d->buf, d->len);
	return (int)d->len;
}

static int dtls_client_bio_write(BIO *bio, const char *buf, int len)
{
	struct dtls_client *client = BIO_get_data(bio);

	dtls_queue_put(&client->out, buf, (size_t)len);
	return len;
}

static long dtls_client_bio_ctrl(BIO *bio, int command, long number,
				 void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static inline BIO *dtls_client_bio(struct dtls_client *client)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (!method) {
		method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "test's queues");
		BIO_meth_set_read(method, dtls_client_bio_read);
		BIO_meth_set_write(method, dtls_client_bio_write);
		BIO_meth_set_ctrl(method, dtls_client_bio_ctrl);
	}
	bio = BIO_new(method);
	BIO_set_data(bio, client);
	BIO_set_init(bio, 1);
	return bio;
}

static inline struct dtls_client *dtls_client_new(void)
{
	struct dtls_client *client = calloc(1, sizeof(*client));
	BIO *bio;

	if (!client)
		abort();
	client->ctx = SSL_CTX_new(DTLS_client_method());
	SSL_CTX_set_security_level(client->ctx, 0);
	client->ssl = SSL_new(client->ctx);
	bio = dtls_client_bio(client);
	SSL_set_bio(client->ssl, bio, bio);
	SSL_set_connect_state(client->ssl);
	SSL_set_options(client->ssl, SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(client->ssl, 1400);
	return client;
}

static inline void dtls_client_free(struct dtls_client *client)
{
	SSL_free(client->ssl);
	SSL_CTX_free(client->ctx);
	free(client);
}

#endif /* KTURN_TESTS_DTLS_CLIENT_H */
