// SPDX-License-Identifier: BSD-3-Clause
/*
 * What TLS and DTLS begin with: files good and bad, what is said about the bad
 * ones, and what a handshake agrees on. Client and server meet in memory.
 */
#include <kselftest_harness.h>

#include <openssl/err.h>

#include "net/tls_context.h"
#include "tls_world.h"

FIXTURE(tls)
{
	struct tls_world world;
	struct tls_options options;
	struct tls_context *context;
	char why[TLS_WHY_LEN];
};

FIXTURE_SETUP(tls)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, tls_world_open(&self->world));
	tls_world_usual(&self->world, "good");
	self->options.cert = tls_world_path(&self->world, "good.pem");
	self->options.pkey = tls_world_path(&self->world, "good.key");
}

FIXTURE_TEARDOWN(tls)
{
	tls_context_put(self->context);
	tls_world_close(&self->world);
}

/* Give @name and @contents; the path. */
static const char *text_file(struct tls_world *world, const char *name,
			     const char *contents)
{
	FILE *f = tls_world_write(world, name, "txt");
	char file[64];

	fputs(contents, f);
	fclose(f);
	snprintf(file, sizeof(file), "%s.txt", name);
	return tls_world_path(world, file);
}

#define TAKEN() do { \
	self->context = tls_context_new(&self->options, self->why); \
	ASSERT_NE(NULL, self->context) { \
		TH_LOG("%s", self->why); \
	} \
} while (0)

/* Is it refused, in a text with all these words, and no trace left behind? */
static bool refused(const struct tls_options *options, char *why,
		    const char *const words[])
{
	if (tls_context_new(options, why) || ERR_peek_error())
		return false;
	for (; *words; words++)
		if (!strstr(why, *words))
			return false;
	return true;
}

#define REFUSED(...) do { \
	static const char *const words_[] = { __VA_ARGS__, NULL }; \
	EXPECT_TRUE(refused(&self->options, self->why, words_)) { \
		TH_LOG("%s", self->why); \
	} \
} while (0)

TEST_F(tls, good_files)
{
	TAKEN();
	EXPECT_STREQ("", self->why);
}

TEST_F(tls, missing_files)
{
	self->options.cert = "/nonexistent/cert.pem";
	REFUSED("cert:", "'/nonexistent/cert.pem'", "No such file");
	self->options.cert = tls_world_path(&self->world, "good.pem");
	self->options.pkey = "/nonexistent/key.pem";
	REFUSED("pkey:", "'/nonexistent/key.pem'", "No such file");
	self->options.pkey = tls_world_path(&self->world, "good.key");
	self->options.ca_file = "/nonexistent/ca.pem";
	REFUSED("CA-file:", "'/nonexistent/ca.pem'", "No such file");
	self->options.ca_file = NULL;
	self->options.dh_file = "/nonexistent/dh.pem";
	REFUSED("dh-file:", "'/nonexistent/dh.pem'", "No such file");
}

TEST_F(tls, unreadable_file)
{
	/* A folder can be opened, but not read, not even by root. */
	self->options.pkey = self->world.dir;
	REFUSED("pkey:", "/tmp/kturn-tls-");
}

TEST_F(tls, files_with_something_else)
{
	const char *text = text_file(&self->world, "text", "hello\n");

	self->options.cert = text;
	REFUSED("cert:", "text.txt", "holds no certificate");
	self->options.cert = tls_world_path(&self->world, "good.pem");
	self->options.pkey = text;
	REFUSED("pkey:", "text.txt", "holds no private key");
	self->options.pkey = tls_world_path(&self->world, "good.key");
	self->options.ca_file = text;
	REFUSED("CA-file:", "text.txt", "holds no certificate");
	self->options.ca_file = NULL;
	self->options.dh_file = text;
	REFUSED("dh-file:", "text.txt", "openssl dhparam");
}

TEST_F(tls, key_of_another_certificate)
{
	tls_world_usual(&self->world, "other");
	self->options.pkey = tls_world_path(&self->world, "other.key");
	REFUSED("pkey:", "other.key", "is not the key of the certificate",
		"good.pem");
}

TEST_F(tls, key_of_another_kind)
{
	tls_world_issue(&self->world, "rsa", EVP_RSA_gen(2048), 0,
			TLS_WORLD_DAY, NULL);
	self->options.pkey = tls_world_path(&self->world, "rsa.key");
	REFUSED("pkey:", "rsa.key", "is not the key of the certificate");
}

TEST_F(tls, encrypted_key)
{
	tls_world_issue(&self->world, "locked", EVP_EC_gen("prime256v1"), 0,
			TLS_WORLD_DAY, "sesame");
	self->options.cert = tls_world_path(&self->world, "locked.pem");
	self->options.pkey = tls_world_path(&self->world, "locked.key");
	REFUSED("pkey:", "locked.key", "is encrypted", "pkey-pwd");
	self->options.pkey_pwd = "barley";
	REFUSED("pkey:", "locked.key", "password in pkey-pwd");
	EXPECT_EQ(NULL, strstr(self->why, "barley"));
	self->options.pkey_pwd = "sesame";
	TAKEN();
}

TEST_F(tls, expired_certificate_is_a_warning)
{
	tls_world_issue(&self->world, "old", EVP_EC_gen("prime256v1"),
			-2 * TLS_WORLD_DAY, -TLS_WORLD_DAY, NULL);
	self->options.cert = tls_world_path(&self->world, "old.pem");
	self->options.pkey = tls_world_path(&self->world, "old.key");
	TAKEN();
	EXPECT_NE(NULL, strstr(self->why, "old.pem' has expired"));
}

TEST_F(tls, certificate_of_tomorrow_is_a_warning)
{
	tls_world_issue(&self->world, "new", EVP_EC_gen("prime256v1"),
			TLS_WORLD_DAY, 2 * TLS_WORLD_DAY, NULL);
	self->options.cert = tls_world_path(&self->world, "new.pem");
	self->options.pkey = tls_world_path(&self->world, "new.key");
	TAKEN();
	EXPECT_NE(NULL, strstr(self->why, "is not valid yet"));
}

TEST_F(tls, ciphers_and_curves)
{
	self->options.cipher_list = "ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256";
	self->options.ec_curve_name = "prime256v1";
	TAKEN();
	tls_context_put(self->context);
	self->options.ec_curve_name = "X25519:secp384r1";
	TAKEN();
	tls_context_put(self->context);
	self->context = NULL;
	self->options.ec_curve_name = "bent";
	REFUSED("ec-curve-name:", "'bent'", "prime256v1");
	self->options.ec_curve_name = NULL;
	self->options.cipher_list = "ROT13";
	REFUSED("cipher-list:", "'ROT13'", "openssl ciphers");
	self->options.cipher_list = "TLS_ROT13";
	REFUSED("cipher-list:", "'TLS_ROT13'");
}

/* --- handshakes ------------------------------------------------------------ */

/* A client and a server, joined in memory. */
struct pair {
	SSL_CTX *ctx;
	SSL *client;
	SSL *server;
};

static void pair_open(struct pair *pair, SSL *server, const SSL_METHOD *method)
{
	BIO *left, *right;

	pair->ctx = SSL_CTX_new(method);
	SSL_CTX_set_security_level(pair->ctx, 0);
	pair->client = SSL_new(pair->ctx);
	pair->server = server;
	BIO_new_bio_pair(&left, 0, &right, 0);
	SSL_set_bio(pair->client, left, left);
	SSL_set_bio(pair->server, right, right);
	SSL_set_connect_state(pair->client);
}

static void pair_close(struct pair *pair)
{
	SSL_free(pair->client);
	SSL_free(pair->server);
	SSL_CTX_free(pair->ctx);
	ERR_clear_error();
}

/* Let them speak. Return: did they agree? */
static bool pair_agree(struct pair *pair)
{
	int client = 0, server = 0;
	char byte;

	for (int i = 0; i < 20 && (client != 1 || server != 1); i++) {
		client = SSL_do_handshake(pair->client);
		server = SSL_do_handshake(pair->server);
	}
	/* Of TLS 1.3 the client hears only now whether it is welcome. */
	return client == 1 && server == 1 &&
	       SSL_write(pair->server, "x", 1) == 1 &&
	       SSL_read(pair->client, &byte, 1) == 1;
}

/* The alert that the client was sent, as OpenSSL's reason code; or 0. */
static int client_alert(void)
{
	int reason;

	do {
		reason = ERR_GET_REASON(ERR_get_error());
	} while (reason && reason < SSL_AD_REASON_OFFSET);
	return reason;
}

TEST_F(tls, newest_version_without_ticket)
{
	struct pair pair;

	TAKEN();
	pair_open(&pair, tls_context_new_stream(self->context),
		  TLS_client_method());
	EXPECT_TRUE(pair_agree(&pair));
	EXPECT_EQ(TLS1_3_VERSION, SSL_version(pair.client));
	EXPECT_FALSE(SSL_SESSION_is_resumable(SSL_get_session(pair.client)));
	pair_close(&pair);
}

static bool agrees_on(struct tls_context *context, int version)
{
	struct pair pair;
	bool agreed;

	pair_open(&pair, tls_context_new_stream(context), TLS_client_method());
	SSL_set_min_proto_version(pair.client, version);
	SSL_set_max_proto_version(pair.client, version);
	agreed = pair_agree(&pair);
	pair_close(&pair);
	return agreed;
}

TEST_F(tls, versions_by_default)
{
	TAKEN();
	EXPECT_FALSE(agrees_on(self->context, TLS1_VERSION));
	EXPECT_FALSE(agrees_on(self->context, TLS1_1_VERSION));
	EXPECT_TRUE(agrees_on(self->context, TLS1_2_VERSION));
	EXPECT_TRUE(agrees_on(self->context, TLS1_3_VERSION));
}

TEST_F(tls, versions_by_option)
{
	self->options.tlsv1 = true;
	self->options.no_tlsv1_2 = true;
	TAKEN();
	EXPECT_TRUE(agrees_on(self->context, TLS1_VERSION));
	EXPECT_FALSE(agrees_on(self->context, TLS1_1_VERSION));
	EXPECT_FALSE(agrees_on(self->context, TLS1_2_VERSION));
	EXPECT_TRUE(agrees_on(self->context, TLS1_3_VERSION));
}

TEST_F(tls, dh_of_the_operators)
{
	BIO *file = BIO_new_fp(tls_world_write(&self->world, "dh", "pem"),
			       BIO_CLOSE);
	EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	EVP_PKEY *key = NULL;
	struct pair pair;

	/* A named group stands for what `openssl dhparam` takes minutes for. */
	ASSERT_EQ(1, EVP_PKEY_keygen_init(make));
	ASSERT_EQ(1, EVP_PKEY_CTX_set_group_name(make, "ffdhe2048"));
	ASSERT_EQ(1, EVP_PKEY_generate(make, &key));
	ASSERT_EQ(1, PEM_write_bio_Parameters(file, key));
	BIO_free(file);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(make);
	tls_world_issue(&self->world, "rsa", EVP_RSA_gen(2048), 0,
			TLS_WORLD_DAY, NULL);
	self->options.cert = tls_world_path(&self->world, "rsa.pem");
	self->options.pkey = tls_world_path(&self->world, "rsa.key");
	self->options.dh_file = tls_world_path(&self->world, "dh.pem");
	TAKEN();
	pair_open(&pair, tls_context_new_stream(self->context),
		  TLS_client_method());
	SSL_set_max_proto_version(pair.client, TLS1_2_VERSION);
	SSL_set_cipher_list(pair.client, "DHE");
	EXPECT_TRUE(pair_agree(&pair));
	pair_close(&pair);
}

/* What is agreed on when the client offers @offer; its length, -1 if nothing. */
static int alpn(struct tls_context *context, const char *offer,
		const unsigned char **name, int *alert)
{
	struct pair pair;
	unsigned int len = 0;
	static unsigned char copy[256];
	const unsigned char *got;
	bool agreed;

	pair_open(&pair, tls_context_new_stream(context), TLS_client_method());
	SSL_set_alpn_protos(pair.client, (const unsigned char *)offer,
			    (unsigned int)strlen(offer));
	agreed = pair_agree(&pair);
	SSL_get0_alpn_selected(pair.client, &got, &len);
	memcpy(copy, got ?: copy, len);
	*name = copy;
	*alert = agreed ? 0 : client_alert();
	pair_close(&pair);
	return agreed ? (int)len : -1;
}

TEST_F(tls, rfc7443_alpn)
{
	const unsigned char *name;
	int alert;

	TAKEN();
	EXPECT_EQ(9, alpn(self->context, "\x09stun.turn", &name, &alert));
	EXPECT_EQ(0, memcmp(name, "stun.turn", 9));
	EXPECT_EQ(18, alpn(self->context, "\x02h2\x12stun.nat-discovery",
			   &name, &alert));
	EXPECT_EQ(0, memcmp(name, "stun.nat-discovery", 18));
	EXPECT_EQ(0, alpn(self->context, "", &name, &alert));
	EXPECT_EQ(-1, alpn(self->context, "\x02h2\x08http/1.1", &name,
			   &alert));
	EXPECT_EQ(SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, alert);
}

TEST_F(tls, clients_need_a_certificate_where_an_authority_is_named)
{
	struct pair pair;

	tls_world_usual(&self->world, "client");
	self->options.ca_file = tls_world_path(&self->world, "client.pem");
	TAKEN();
	pair_open(&pair, tls_context_new_stream(self->context),
		  TLS_client_method());
	EXPECT_FALSE(pair_agree(&pair));
	pair_close(&pair);
	pair_open(&pair, tls_context_new_stream(self->context),
		  TLS_client_method());
	SSL_use_certificate_file(pair.client,
				 tls_world_path(&self->world, "client.pem"),
				 SSL_FILETYPE_PEM);
	SSL_use_PrivateKey_file(pair.client,
				tls_world_path(&self->world, "client.key"),
				SSL_FILETYPE_PEM);
	EXPECT_TRUE(pair_agree(&pair));
	pair_close(&pair);
}

TEST_F(tls, no_renegotiation)
{
	struct pair pair;
	char byte;

	TAKEN();
	pair_open(&pair, tls_context_new_stream(self->context),
		  TLS_client_method());
	SSL_set_max_proto_version(pair.client, TLS1_2_VERSION);
	EXPECT_TRUE(pair_agree(&pair));
	EXPECT_EQ(1, SSL_renegotiate(pair.client));
	SSL_do_handshake(pair.client);
	SSL_read(pair.server, &byte, 1);
	EXPECT_NE(1, SSL_do_handshake(pair.client));
	EXPECT_EQ(SSL_R_NO_RENEGOTIATION, ERR_GET_REASON(ERR_peek_error()));
	pair_close(&pair);
}

TEST_F(tls, connections_outlive_the_context)
{
	struct pair pair;

	TAKEN();
	pair_open(&pair, tls_context_new_stream(self->context),
		  TLS_client_method());
	tls_context_put(self->context);
	self->context = NULL;
	EXPECT_TRUE(pair_agree(&pair));
	pair_close(&pair);
}

TEST_F(tls, references)
{
	TAKEN();
	EXPECT_EQ(self->context, tls_context_get(self->context));
	tls_context_put(self->context);
	EXPECT_EQ(NULL, tls_context_get(NULL));
}

TEST_HARNESS_MAIN
