// SPDX-License-Identifier: BSD-3-Clause
#include "net/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_files.h"

/* Certificates between a client's and the authority's. */
#define VERIFY_DEPTH 9

struct tls_context {
	unsigned int refs;
	SSL_CTX *stream;
	SSL_CTX *datagram;
};

/* RFC 7443, section 2, each behind its length. */
static const unsigned char protocols[] =
	"\x09stun.turn\x12stun.nat-discovery";

/*
 * A client that offers none is fine; one that offers only others means
 * somebody else.
 */
static int select_protocol(SSL *ssl, const unsigned char **out,
			   unsigned char *out_len, const unsigned char *in,
			   unsigned int in_len, void *arg)
{
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, protocols,
				  sizeof(protocols) - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/*
 * No tickets: clients stay for long and come back seldom, and what was said
 * stays secret although the keys of tickets should be stolen later.
 */
static void set_rules(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION |
				 SSL_OP_NO_RENEGOTIATION |
				 SSL_OP_NO_TICKET |
				 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
}

/*
 * OpenSSL 3 refuses the versions before 1.2 at every security level but 0,
 * which an operator's own cipher-list may set as well.
 */
static void set_versions(struct tls_context *context,
			 const struct tls_options *options)
{
	bool old = options->tlsv1 || options->tlsv1_1;
	uint64_t off = 0;

	if (!options->tlsv1)
		off |= SSL_OP_NO_TLSv1;
	if (!options->tlsv1_1)
		off |= SSL_OP_NO_TLSv1_1;
	if (options->no_tlsv1_2)
		off |= SSL_OP_NO_TLSv1_2;
	SSL_CTX_set_min_proto_version(context->stream, TLS1_VERSION);
	SSL_CTX_set_options(context->stream, off);
	SSL_CTX_set_min_proto_version(context->datagram, DTLS1_VERSION);
	SSL_CTX_set_options(context->datagram,
			    (old ? 0 : SSL_OP_NO_DTLSv1) |
			    (options->no_tlsv1_2 ? SSL_OP_NO_DTLSv1_2 : 0));
	if (old) {
		SSL_CTX_set_security_level(context->stream, 0);
		SSL_CTX_set_security_level(context->datagram, 0);
	}
}

/* Put a name behind the others of a list; its new end. */
static char *append(char *list, char *end, const char *name, size_t len)
{
	if (end > list)
		*end++ = ':';
	memcpy(end, name, len);
	end[len] = '\0';
	return end + len;
}

/*
 * coturn takes names of TLS 1.3, which OpenSSL keeps in a list of their own,
 * in the same option: sort them into @list13 and @list12, each of which has
 * room for all.
 */
static void split_ciphers(const char *list, char *list12, char *list13)
{
	char *end12 = list12, *end13 = list13;

	*list12 = *list13 = '\0';
	while (*list) {
		size_t len = strcspn(list, ":, ");

		if (len && strncmp(list, "TLS_", 4) == 0)
			end13 = append(list13, end13, list, len);
		else if (len)
			end12 = append(list12, end12, list, len);
		list += len + (list[len] != '\0');
	}
}

static int use_ciphers(SSL_CTX *ctx, const char *list, char *why)
{
	size_t room = strlen(list) + 1;
	char *list12 = malloc(room), *list13 = malloc(room);
	int ret = -ENOMEM;

	if (list12 && list13) {
		split_ciphers(list, list12, list13);
		ret = (*list13 && !SSL_CTX_set_ciphersuites(ctx, list13)) ||
		      (*list12 && !SSL_CTX_set_cipher_list(ctx, list12)) ?
		      -EINVAL : 0;
	}
	free(list12);
	free(list13);
	if (ret)
		tls_files_refuse(why, "cipher-list: '%s' has no cipher that OpenSSL knows; `openssl ciphers` shows what it knows",
				 list);
	return ret;
}

static int use_curves(SSL_CTX *ctx, const char *names, char *why)
{
	if (SSL_CTX_set1_groups_list(ctx, names))
		return 0;
	return tls_files_refuse(why, "ec-curve-name: '%s' is not a curve that OpenSSL knows; give one such as prime256v1",
				names);
}

static int use_authorities(SSL_CTX *ctx, const char *path, char *why)
{
	STACK_OF(X509_NAME) *names;
	int ret = tls_files_readable("CA-file", path, why);

	if (ret)
		return ret;
	names = SSL_load_client_CA_file(path);
	if (!names || !SSL_CTX_load_verify_file(ctx, path)) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return tls_files_refuse(why, "CA-file: '%s' holds no certificate in PEM form",
					path);
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
				SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_verify_depth(ctx, VERIFY_DEPTH);
	return 0;
}

static int use_parameters(SSL_CTX *ctx, const struct tls_options *options,
			  char *why)
{
	int ret = 0;

	SSL_CTX_set_dh_auto(ctx, 1);
	if (options->dh_file)
		ret = tls_files_use_dh(ctx, options->dh_file, why);
	if (!ret && options->ec_curve_name)
		ret = use_curves(ctx, options->ec_curve_name, why);
	if (!ret && options->cipher_list)
		ret = use_ciphers(ctx, options->cipher_list, why);
	if (!ret && options->ca_file)
		ret = use_authorities(ctx, options->ca_file, why);
	return ret;
}

/* dtls_cookie_good() comes before. */
static int accept_cookie(SSL *ssl, const unsigned char *cookie,
			 unsigned int len)
{
	(void)ssl;
	(void)cookie;
	(void)len;
	return 1;
}

static int set_up(struct tls_context *context,
		  const struct tls_options *options, char *why)
{
	SSL_CTX *both[] = { context->stream, context->datagram };
	int ret = 0;

	set_versions(context, options);
	SSL_CTX_set_cookie_verify_cb(context->datagram, accept_cookie);
	for (size_t i = 0; i < 2 && !ret; i++) {
		set_rules(both[i]);
		ret = use_parameters(both[i], options, why) ?:
		      tls_files_use_certificate(both[i], options, why);
	}
	return ret;
}

struct tls_context *tls_context_new(const struct tls_options *options,
				    char why[static TLS_WHY_LEN])
{
	struct tls_context *context = calloc(1, sizeof(*context));

	why[0] = '\0';
	if (context) {
		context->refs = 1;
		context->stream = SSL_CTX_new(TLS_server_method());
		context->datagram = SSL_CTX_new(DTLS_server_method());
	}
	if (!context || !context->stream || !context->datagram)
		tls_files_refuse(why, "cert: out of memory");
	else if (!set_up(context, options, why))
		return context;
	ERR_clear_error();
	tls_context_put(context);
	return NULL;
}

struct tls_context *tls_context_get(struct tls_context *context)
{
	if (context)
		__atomic_add_fetch(&context->refs, 1, __ATOMIC_RELAXED);
	return context;
}

void tls_context_put(struct tls_context *context)
{
	if (!context ||
	    __atomic_sub_fetch(&context->refs, 1, __ATOMIC_ACQ_REL))
		return;
	SSL_CTX_free(context->stream);
	SSL_CTX_free(context->datagram);
	free(context);
}

static SSL *begin(SSL_CTX *ctx)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl)
		SSL_set_accept_state(ssl);
	return ssl;
}

SSL *tls_context_new_stream(struct tls_context *context)
{
	return begin(context->stream);
}

SSL *tls_context_new_datagram(struct tls_context *context)
{
	return begin(context->datagram);
}
