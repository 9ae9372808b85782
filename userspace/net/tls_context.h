/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What TLS and DTLS connections begin with: a certificate with its key, and
 * the rules of the handshake.
 *
 * A context never changes. New certificates make a new context; connections
 * that were begun with the old one go on with it.
 */
#ifndef KTURN_NET_TLS_CONTEXT_H
#define KTURN_NET_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>

/* Room for the text that says what is wrong. */
#define TLS_WHY_LEN 512

struct tls_context;

/**
 * struct tls_options - what the operator wants; named after the options
 * @cert: file with the certificate chain, PEM, the server's own first
 * @pkey: file with its private key, PEM
 * @pkey_pwd: password of @pkey, or NULL
 * @ca_file: clients must have a certificate of one of these authorities; NULL:
 *	clients need none
 * @cipher_list: as OpenSSL takes it, names of TLS 1.3 included; NULL: OpenSSL's
 * @dh_file: Diffie-Hellman parameters, PEM; NULL: chosen to suit the key
 * @ec_curve_name: curves, with colons between; NULL: OpenSSL's
 * @tlsv1: TLS 1.0 as well
 * @tlsv1_1: TLS 1.1 as well
 * @no_tlsv1_2: no TLS 1.2
 *
 * DTLS 1.2 goes with TLS 1.2, DTLS 1.0 with either of the old versions.
 */
struct tls_options {
	const char *cert;
	const char *pkey;
	const char *pkey_pwd;
	const char *ca_file;
	const char *cipher_list;
	const char *dh_file;
	const char *ec_curve_name;
	bool tlsv1;
	bool tlsv1_1;
	bool no_tlsv1_2;
};

/**
 * tls_context_new() - read the files
 * @options: what the operator wants
 * @why: on failure, what is wrong with which option and what to do; on success
 *	a warning about the certificate, or ""
 *
 * Return: the context with one reference, or NULL.
 */
struct tls_context *tls_context_new(const struct tls_options *options,
				    char why[static TLS_WHY_LEN]);

/** tls_context_get() - one more reference; NULL is fine. From any thread. */
struct tls_context *tls_context_get(struct tls_context *context);

/**
 * tls_context_put() - give a reference back; NULL is fine. From any thread.
 *
 * Connections need none.
 */
void tls_context_put(struct tls_context *context);

/**
 * tls_context_new_stream() - begin TLS with a client
 * @context: the context
 *
 * Return: in accepting state, without BIOs; to be freed by SSL_free(). NULL
 * without memory.
 */
SSL *tls_context_new_stream(struct tls_context *context);

/**
 * tls_context_new_datagram() - the same for DTLS
 * @context: the context
 *
 * With a client that has sent a good cookie back: none is looked at any more.
 */
SSL *tls_context_new_datagram(struct tls_context *context);

#endif /* KTURN_NET_TLS_CONTEXT_H */
