/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A DTLS handshake and the keys that come of it: OpenSSL, fed with one
 * datagram at a time, and writing into a function.
 */
#ifndef KTURN_NET_DTLS_SESSION_H
#define KTURN_NET_DTLS_SESSION_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct dtls_hello;
struct dtls_session;
struct tls_context;

/* The most that a record carries. */
#define DTLS_RECORD_MAX	16384

/**
 * struct dtls_output - what a session sends
 * @send: sends a datagram, which is valid during the call only
 * @arg: its first argument
 */
struct dtls_output {
	void (*send)(void *arg, const uint8_t *buf, size_t len);
	void *arg;
};

/**
 * dtls_session_new() - begin with a client
 * @tls: certificate and rules
 * @output: where datagrams go
 * @retransmit_ms: how long to wait for the client's next flight at first
 * @buf: its hello, the cookie of which is good
 * @len: length of it in bytes
 *
 * To be followed by dtls_session_handshake().
 *
 * Return: the session, or NULL: out of memory, or the hello is not good, or is
 * in pieces.
 */
struct dtls_session *dtls_session_new(struct tls_context *tls,
				      const struct dtls_output *output,
				      unsigned int retransmit_ms,
				      const uint8_t *buf, size_t len);

/** dtls_session_ssl() - OpenSSL's side of it, to look at */
const SSL *dtls_session_ssl(const struct dtls_session *session);

/** dtls_session_free() - without a word to the client; NULL is fine */
void dtls_session_free(struct dtls_session *session);

/** dtls_session_close() - tell the client, and free it; NULL is fine */
void dtls_session_close(struct dtls_session *session);

/**
 * dtls_session_feed() - a datagram has come
 * @session: the session, which looks at it in the next call of one of the
 *	following functions, and copies it there
 * @buf: the datagram
 * @len: its length in bytes
 */
void dtls_session_feed(struct dtls_session *session, const uint8_t *buf,
		       size_t len);

/**
 * dtls_session_handshake() - go on with the handshake
 * @session: the session
 *
 * Return: 1 when it is done; 0 if the client has to say something;
 * -EPROTO if it failed.
 */
int dtls_session_handshake(struct dtls_session *session);

/** dtls_session_has_more() - may dtls_session_read() find something? */
bool dtls_session_has_more(const struct dtls_session *session);

/**
 * dtls_session_read() - decrypt the next record
 * @session: a session whose handshake is done
 * @buf: filled; may be the very datagram that it was fed with
 * @room: size of @buf, at least DTLS_RECORD_MAX
 *
 * Return: length in bytes; 0 if there is no more; -ESHUTDOWN if the client has
 * closed the session; -EPROTO if it is broken.
 */
ssize_t dtls_session_read(struct dtls_session *session, uint8_t *buf,
			  size_t room);

/**
 * dtls_session_write() - encrypt and send a record
 * @session: a session whose handshake is done
 * @buf: what is in it
 * @len: its length in bytes
 *
 * Return: 0; -EMSGSIZE if it is too long; -EPROTO if the session is broken.
 */
int dtls_session_write(struct dtls_session *session, const uint8_t *buf,
		       size_t len);

/**
 * dtls_session_wait() - when is dtls_session_retransmit() due?
 * @session: the session
 *
 * Return: milliseconds from now; -1 if it waits for nothing.
 */
int64_t dtls_session_wait(struct dtls_session *session);

/**
 * dtls_session_retransmit() - send the last flight again, if that is due
 * @session: the session
 *
 * Return: 0, or -EPROTO when it was sent often enough.
 */
int dtls_session_retransmit(struct dtls_session *session);

/** dtls_session_began_with() - was it this hello? */
bool dtls_session_began_with(const struct dtls_session *session,
			     const struct dtls_hello *hello);

#endif /* KTURN_NET_DTLS_SESSION_H */
