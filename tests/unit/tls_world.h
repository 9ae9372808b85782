/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests of TLS and DTLS: a folder with certificates and keys made on the
 * spot. Files are named NAME.pem (certificate) and NAME.key.
 */
#ifndef KTURN_TESTS_TLS_WORLD_H
#define KTURN_TESTS_TLS_WORLD_H

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TLS_WORLD_PATHS 16
#define TLS_WORLD_DAY 86400

struct tls_world {
	char dir[64];
	char paths[TLS_WORLD_PATHS][128];
	unsigned int used;
};

static inline int tls_world_open(struct tls_world *world)
{
	*world = (struct tls_world){ .dir = "/tmp/kturn-tls-XXXXXX" };
	return mkdtemp(world->dir) ? 0 : -1;
}

static inline void tls_world_close(struct tls_world *world)
{
	for (unsigned int i = 0; i < world->used; i++)
		unlink(world->paths[i]);
	rmdir(world->dir);
}

/* The path of a file in the folder, which goes with it. */
static inline const char *tls_world_path(struct tls_world *world,
					 const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", world->dir, name);
	for (unsigned int i = 0; i < world->used; i++)
		if (strcmp(world->paths[i], path) == 0)
			return world->paths[i];
	if (world->used == TLS_WORLD_PATHS)
		abort();
	return strcpy(world->paths[world->used++], path);
}

static inline FILE *tls_world_write(struct tls_world *world, const char *name,
				    const char *kind)
{
	char file[64];
	FILE *f;

	snprintf(file, sizeof(file), "%s.%s", name, kind);
	f = fopen(tls_world_path(world, file), "we");
	if (!f)
		abort();
	return f;
}

static inline X509 *tls_world_sign(EVP_PKEY *key, const char *name,
				   long from, long to)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), from);
	X509_gmtime_adj(X509_getm_notAfter(cert), to);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, subject);
	if (!X509_sign(cert, key, EVP_sha256()))
		abort();
	return cert;
}

/*
 * A key and its certificate, valid @from to @to seconds from now. With a
 * @password the key is encrypted.
 */
static inline void tls_world_issue(struct tls_world *world, const char *name,
				   EVP_PKEY *key, long from, long to,
				   const char *password)
{
	X509 *cert = tls_world_sign(key, name, from, to);
	FILE *f = tls_world_write(world, name, "pem");

	PEM_write_X509(f, cert);
	fclose(f);
	f = tls_world_write(world, name, "key");
	PEM_write_PKCS8PrivateKey(f, key, password ? EVP_aes_128_cbc() : NULL,
				  password,
				  password ? (int)strlen(password) : 0, NULL,
				  NULL);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* The usual one: an elliptic curve's, for the next day. */
static inline void tls_world_usual(struct tls_world *world, const char *name)
{
	tls_world_issue(world, name, EVP_EC_gen("prime256v1"), -TLS_WORLD_DAY,
			TLS_WORLD_DAY, NULL);
}

#endif /* KTURN_TESTS_TLS_WORLD_H */
