// SPDX-License-Identifier: BSD-3-Clause
/*
 * TLS over a connection, by OpenSSL, which reads the socket itself. What it
 * writes is collected and leaves with one system call: a round's records, or
 * the flight of a handshake.
 *
 * A message gets a record of its own, but where many come: a record costs as
 * much work as all else about a message, yet some clients take what one
 * SSL_read() gives for one message (coturn's test client, which sends at the
 * pace of speech).
 */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/stream_transport.h"
#include "net/worker.h"

/* Plaintext of a record: RFC 8446, section 5.1 */
#define RECORD_MAX 16384

/* Collected before it is sent. */
#define COLLECT_MAX 65536

/*
 * Messages that are written together share records once a hundred of them come
 * in a second, for longer than a moment: so many may come at once. Those of
 * speech come together, too, where the host is busy, but are half as many.
 */
#define CROWD_INTERVAL_MS	10
#define CROWD_MS		(64 * CROWD_INTERVAL_MS)

/**
 * struct collected - records on their way to the socket
 * @len: how many bytes
 * @data: the records
 *
 * One for each thread: empty but while one of the functions below runs.
 */
static _Thread_local struct collected {
	size_t len;
	uint8_t data[COLLECT_MAX];
} collected;

/* Send; how many bytes are gone, or a negative errno. */
static ssize_t send_some(int fd, const uint8_t *buf, size_t len)
{
	ssize_t sent = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ||
	       errno == ENOMEM ? 0 : -errno;
}

/* Keep records that the socket does not take. */
static int keep(struct stream_socket *sock, const uint8_t *buf, size_t len)
{
	uint8_t *unsent = realloc(sock->unsent, sock->unsent_len + len);

	if (!unsent)
		return -ENOMEM;
	memcpy(unsent + sock->unsent_len, buf, len);
	sock->unsent = unsent;
	sock->unsent_len += len;
	return 0;
}

/* Send what waits from before. */
static int send_unsent(struct stream_socket *sock)
{
	ssize_t sent;

	if (!sock->unsent_len)
		return 0;
	sent = send_some(sock->fd, sock->unsent, sock->unsent_len);
	if (sent < 0)
		return (int)sent;
	sock->unsent_len -= (size_t)sent;
	memmove(sock->unsent, sock->unsent + sent, sock->unsent_len);
	if (!sock->unsent_len) {
		free(sock->unsent);
		sock->unsent = NULL;
	}
	return 0;
}

/* Send what was collected, behind what waits. */
static int send_collected(struct stream_socket *sock)
{
	size_t len = collected.len;
	ssize_t sent = 0;

	collected.len = 0;
	if (!len)
		return 0;
	if (!sock->unsent_len)
		sent = send_some(sock->fd, collected.data, len);
	if (sent < 0)
		return (int)sent;
	return (size_t)sent == len ? 0 :
	       keep(sock, collected.data + sent, len - (size_t)sent);
}

/* What OpenSSL writes to. It never has to wait. */
static int collect(BIO *bio, const char *buf, int len)
{
	struct stream_socket *sock = BIO_get_data(bio);

	if (collected.len + (size_t)len > COLLECT_MAX && send_collected(sock))
		return -1;
	if ((size_t)len > COLLECT_MAX)
		return -1;
	memcpy(collected.data + collected.len, buf, (size_t)len);
	collected.len += (size_t)len;
	return len;
}

/* Flushing is done by send_collected(), and nothing else has a meaning. */
static long control(BIO *bio, int command, long number, void *arg)
{
	(void)bio;
	(void)number;
	(void)arg;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *collector;

static void make_collector(void)
{
	collector = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
				 "kturn stream");
	if (collector && BIO_meth_set_write(collector, collect) &&
	    BIO_meth_set_ctrl(collector, control))
		return;
	BIO_meth_free(collector);
	collector = NULL;
}

static int set_bios(struct stream_socket *sock, SSL *ssl)
{
	static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
	BIO *in, *out;

	if (!CRYPTO_THREAD_run_once(&once, make_collector) || !collector)
		return -ENOMEM;
	in = BIO_new_socket(sock->fd, BIO_NOCLOSE);
	out = BIO_new(collector);
	if (!in || !out) {
		BIO_free(in);
		BIO_free(out);
		return -ENOMEM;
	}
	BIO_set_data(out, sock);
	BIO_set_init(out, 1);
	SSL_set_bio(ssl, in, out);
	return 0;
}

int stream_tls_begin(struct stream_socket *sock, SSL *ssl)
{
	if (set_bios(sock, ssl)) {
		SSL_free(ssl);
		return -ENOMEM;
	}
	/* Read several records with one system call. */
	SSL_set_read_ahead(ssl, 1);
	/* Many clients just go, and messages know where they end. */
	SSL_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	sock->ssl = ssl;
	sock->transport = &stream_transport_tls;
	return 0;
}

/* Why nothing was read or written: 0 for the end of the stream. */
static int why_not(struct stream_socket *sock, int ret, int error)
{
	switch (SSL_get_error(sock->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		sock->broken = true;
		return error ? -error : -ECONNRESET;
	default:
		sock->broken = true;
		return SSL_is_init_finished(sock->ssl) ? -EPROTO :
							 -ECONNABORTED;
	}
}

/* Read until there is no more, or the buffer is full; see @more. */
static ssize_t read_records(struct stream_socket *sock, uint8_t *buf,
			    size_t len)
{
	size_t total = 0, got;
	int ret;

	sock->more = false;
	while (total < len) {
		ERR_clear_error();
		errno = 0;
		ret = SSL_read_ex(sock->ssl, buf + total, len - total, &got);
		if (ret <= 0) {
			ret = why_not(sock, ret, errno);
			sock->more = total && ret != -EAGAIN;
			return total ? (ssize_t)total : ret;
		}
		total += got;
		/* Nothing more without asking the socket: its event tells. */
		if (!SSL_has_pending(sock->ssl))
			return (ssize_t)total;
	}
	sock->more = true;
	return (ssize_t)total;
}

/* Reading writes, too: handshakes and alerts. */
static ssize_t tls_read(struct stream_socket *sock, uint8_t *buf, size_t len)
{
	ssize_t got = read_records(sock, buf, len);
	int ret = send_collected(sock);

	return ret && got == -EAGAIN ? ret : got;
}

/* Encrypt a piece; 0 or a negative errno. */
static int write_records(struct stream_socket *sock, const struct iovec *iov)
{
	const uint8_t *buf = iov->iov_base;
	size_t left = iov->iov_len, written;
	int ret;

	while (left) {
		ERR_clear_error();
		errno = 0;
		ret = SSL_write_ex(sock->ssl, buf,
				   left < RECORD_MAX ? left : RECORD_MAX,
				   &written);
		if (ret <= 0)
			return why_not(sock, ret, errno) ?: -EPIPE;
		buf += written;
		left -= written;
	}
	return 0;
}

/* Judged by what came before; @count pieces come now. */
static bool shares_records(struct stream_socket *sock, unsigned int count)
{
	uint64_t now, crowd;

	if (count < 2)
		return false;
	now = worker_now();
	crowd = sock->crowd > now ? sock->crowd - now : 0;
	sock->crowd = now + crowd + (uint64_t)count * CROWD_INTERVAL_MS;
	if (sock->crowd > now + 2 * CROWD_MS)
		sock->crowd = now + 2 * CROWD_MS;
	return crowd >= CROWD_MS;
}

/* Put as many pieces together as fit a record; how many those are. */
static unsigned int gather(const struct iovec *iov, unsigned int count,
			   struct iovec *record)
{
	static _Thread_local uint8_t gathered[RECORD_MAX];
	unsigned int n = 0;
	size_t len = 0;

	if (count < 2 || iov[0].iov_len + iov[1].iov_len > RECORD_MAX) {
		*record = iov[0];
		return 1;
	}
	while (n < count && iov[n].iov_len <= RECORD_MAX - len) {
		memcpy(gathered + len, iov[n].iov_base, iov[n].iov_len);
		len += iov[n++].iov_len;
	}
	*record = (struct iovec){ gathered, len };
	return n;
}

/* All or nothing of a piece is taken, and none while records wait. */
static ssize_t tls_write(struct stream_socket *sock, const struct iovec *iov,
			 unsigned int count)
{
	bool share = shares_records(sock, count);
	size_t total = 0;
	int ret = send_unsent(sock);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < count && !sock->unsent_len;) {
		struct iovec record;

		i += gather(&iov[i], share ? count - i : 1, &record);
		ret = write_records(sock, &record);
		if (ret)
			return ret;
		total += record.iov_len;
		if (collected.len >= COLLECT_MAX / 2)
			ret = send_collected(sock);
		if (ret)
			return ret;
	}
	ret = send_collected(sock);
	if (ret)
		return ret;
	return total || !count ? (ssize_t)total : -EAGAIN;
}

static bool tls_ready(const struct stream_socket *sock)
{
	return SSL_is_init_finished(sock->ssl);
}

static void tls_shutdown(struct stream_socket *sock)
{
	if (sock->broken || !SSL_is_init_finished(sock->ssl) ||
	    SSL_get_shutdown(sock->ssl) & SSL_SENT_SHUTDOWN)
		return;
	ERR_clear_error();
	SSL_shutdown(sock->ssl);
	send_collected(sock);
}

static void tls_close(struct stream_socket *sock)
{
	/* Tell the client, if that is possible at once. */
	tls_shutdown(sock);
	SSL_free(sock->ssl);
	free(sock->unsent);
	close(sock->fd);
}

const struct stream_transport stream_transport_tls = {
	.read = tls_read,
	.write = tls_write,
	.shutdown = tls_shutdown,
	.ready = tls_ready,
	.close = tls_close,
};
