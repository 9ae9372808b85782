// SPDX-License-Identifier: BSD-3-Clause
#include "net/dtls_session.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "net/dtls_hello.h"
#include "net/tls_context.h"

/*
 * Size of the datagrams that a handshake is cut into: passes everywhere, as
 * QUIC's first ones do (RFC 9000, section 14).
 */
#define HANDSHAKE_MTU 1200

#define RETRANSMIT_MAX_US 60000000u

struct dtls_session {
	SSL *ssl;
	struct dtls_output output;
	unsigned int retransmit_ms;
	const uint8_t *in;
	size_t in_len;
};

/* --- OpenSSL's way to datagrams -------------------------------------------- */

static int datagram_read(BIO *bio, char *buf, int size)
{
	struct dtls_session *session = BIO_get_data(bio);
	size_t len = session->in_len;

	BIO_clear_retry_flags(bio);
	if (!session->in) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (len > (size_t)size)
		len = (size_t)size;
	memcpy(buf, session->in, len);
	session->in = NULL;
	return (int)len;
}

static int datagram_write(BIO *bio, const char *buf, int len)
{
	const struct dtls_session *session = BIO_get_data(bio);

	session->output.send(session->output.arg, (const uint8_t *)buf,
			     (size_t)len);
	return len;
}

static long datagram_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
			      "datagram in memory");
	if (!method)
		return;
	BIO_meth_set_read(method, datagram_read);
	BIO_meth_set_write(method, datagram_write);
	BIO_meth_set_ctrl(method, datagram_ctrl);
}

static BIO *new_bio(struct dtls_session *session)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	BIO *bio;

	pthread_once(&once, make_method);
	bio = method ? BIO_new(method) : NULL;
	if (bio) {
		BIO_set_data(bio, session);
		BIO_set_init(bio, 1);
	}
	return bio;
}

/* --- a session ------------------------------------------------------------- */

/* RFC 6347, section 4.2.4.1: a second at first, then twice as long. */
static unsigned int next_wait(SSL *ssl, unsigned int us)
{
	const struct dtls_session *session = SSL_get_app_data(ssl);

	if (!us)
		return 1000 * session->retransmit_ms;
	return us > RETRANSMIT_MAX_US / 2 ? RETRANSMIT_MAX_US : 2 * us;
}

/*
 * The caller has looked at the cookie. This has OpenSSL count messages and
 * records as if it had sent the HelloVerifyRequest itself.
 */
static bool take_hello(struct dtls_session *session, const uint8_t *buf,
		       size_t len)
{
	BIO_ADDR *nobody = BIO_ADDR_new();
	int ret = -1;

	ERR_clear_error();
	dtls_session_feed(session, buf, len);
	if (nobody)
		ret = DTLSv1_listen(session->ssl, nobody);
	session->in = NULL;
	BIO_ADDR_free(nobody);
	return ret > 0;
}

static bool set_up(struct dtls_session *session, struct tls_context *tls)
{
	BIO *bio = new_bio(session);

	session->ssl = bio ? tls_context_new_datagram(tls) : NULL;
	if (!session->ssl) {
		BIO_free(bio);
		return false;
	}
	SSL_set_bio(session->ssl, bio, bio);
	SSL_set_app_data(session->ssl, session);
	SSL_set_options(session->ssl, SSL_OP_NO_QUERY_MTU);
	SSL_set_mtu(session->ssl, HANDSHAKE_MTU);
	DTLS_set_timer_cb(session->ssl, next_wait);
	return true;
}

struct dtls_session *dtls_session_new(struct tls_context *tls,
				      const struct dtls_output *output,
				      unsigned int retransmit_ms,
				      const uint8_t *buf, size_t len)
{
	struct dtls_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->output = *output;
	session->retransmit_ms = retransmit_ms;
	if (set_up(session, tls) && take_hello(session, buf, len))
		return session;
	dtls_session_free(session);
	return NULL;
}

const SSL *dtls_session_ssl(const struct dtls_session *session)
{
	return session->ssl;
}

void dtls_session_free(struct dtls_session *session)
{
	if (!session)
		return;
	SSL_free(session->ssl);
	free(session);
}

void dtls_session_close(struct dtls_session *session)
{
	if (session && SSL_is_init_finished(session->ssl)) {
		ERR_clear_error();
		SSL_shutdown(session->ssl);
	}
	dtls_session_free(session);
}

void dtls_session_feed(struct dtls_session *session, const uint8_t *buf,
		       size_t len)
{
	session->in = buf;
	session->in_len = len;
}

/* What a call of OpenSSL that gave no result means. */
static int explain(const struct dtls_session *session, int ret)
{
	switch (SSL_get_error(session->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return -ESHUTDOWN;
	default:
		return -EPROTO;
	}
}

int dtls_session_handshake(struct dtls_session *session)
{
	int ret;

	ERR_clear_error();
	ret = SSL_do_handshake(session->ssl);
	if (ret == 1)
		return 1;
	return explain(session, ret) ? -EPROTO : 0;
}

/* Asking is much less work than finding out by reading in vain. */
bool dtls_session_has_more(const struct dtls_session *session)
{
	return session->in || SSL_has_pending(session->ssl);
}

ssize_t dtls_session_read(struct dtls_session *session, uint8_t *buf,
			  size_t room)
{
	int ret;

	ERR_clear_error();
	ret = SSL_read(session->ssl, buf,
		       room > INT_MAX ? INT_MAX : (int)room);
	return ret > 0 ? ret : explain(session, ret);
}

int dtls_session_write(struct dtls_session *session, const uint8_t *buf,
		       size_t len)
{
	if (len > DTLS_RECORD_MAX)
		return -EMSGSIZE;
	ERR_clear_error();
	return SSL_write(session->ssl, buf, (int)len) > 0 ? 0 : -EPROTO;
}

int64_t dtls_session_wait(struct dtls_session *session)
{
	struct timeval left;

	if (DTLSv1_get_timeout(session->ssl, &left) != 1)
		return -1;
	/* Rounded up: a timer that comes too early would come again. */
	return (int64_t)left.tv_sec * 1000 + (left.tv_usec + 999) / 1000;
}

int dtls_session_retransmit(struct dtls_session *session)
{
	ERR_clear_error();
	return DTLSv1_handle_timeout(session->ssl) < 0 ? -EPROTO : 0;
}

bool dtls_session_began_with(const struct dtls_session *session,
			     const struct dtls_hello *hello)
{
	uint8_t random[DTLS_RANDOM_LEN];

	return SSL_get_client_random(session->ssl, random, sizeof(random)) ==
	       sizeof(random) &&
	       memcmp(random, hello->random, sizeof(random)) == 0;
}
