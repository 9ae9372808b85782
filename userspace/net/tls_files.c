// SPDX-License-Identifier: BSD-3-Clause
#include "net/tls_files.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int tls_files_refuse(char why[static TLS_WHY_LEN], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, TLS_WHY_LEN, fmt, args);
	va_end(args);
	return -EINVAL;
}

/* Where OpenSSL's failure began, in its words. */
static const char *openssl_reason(void)
{
	return ERR_reason_error_string(ERR_peek_error()) ?:
	       "OpenSSL does not say why";
}

static BIO *open_file(const char *option, const char *path,
		      char why[static TLS_WHY_LEN])
{
	FILE *file = fopen(path, "re");
	BIO *bio = file ? BIO_new_fp(file, BIO_CLOSE) : NULL;

	if (bio)
		return bio;
	if (file)
		fclose(file);
	tls_files_refuse(why, "%s: '%s' cannot be opened: %s; name a file that kturnd may read",
			 option, path, strerror(errno));
	return NULL;
}

int tls_files_readable(const char *option, const char *path,
		       char why[static TLS_WHY_LEN])
{
	BIO *bio = open_file(option, path, why);

	BIO_free(bio);
	return bio ? 0 : -EINVAL;
}

static int use_chain(SSL_CTX *ctx, const char *path, char *why)
{
	unsigned long error;

	if (tls_files_readable("cert", path, why))
		return -EINVAL;
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, path))
		return 0;
	error = ERR_peek_error();
	if (ERR_GET_LIB(error) == ERR_LIB_PEM &&
	    ERR_GET_REASON(error) == PEM_R_NO_START_LINE)
		return tls_files_refuse(why, "cert: '%s' holds no certificate in PEM form; give the file with the certificate chain",
					path);
	return tls_files_refuse(why, "cert: '%s' cannot be used: %s", path,
				openssl_reason());
}

/* Without a password there is nobody to ask for one. */
static int give_password(char *buf, int size, int writing, void *arg)
{
	const char *password = arg;
	size_t len = password ? strlen(password) : 0;

	(void)writing;
	if (!len || len >= (size_t)size)
		return -1;
	return snprintf(buf, (size_t)size, "%s", password);
}

static EVP_PKEY *read_key(const struct tls_options *options, char *why)
{
	BIO *bio = open_file("pkey", options->pkey, why);
	unsigned long error;
	EVP_PKEY *key;

	if (!bio)
		return NULL;
	ERR_clear_error();
	key = PEM_read_bio_PrivateKey(bio, NULL, give_password,
				      (void *)(uintptr_t)options->pkey_pwd);
	BIO_free(bio);
	if (key)
		return key;
	error = ERR_peek_error();
	if (ERR_GET_REASON(error) == PEM_R_BAD_PASSWORD_READ ||
	    ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_BAD_PASSWORD_READ)
		tls_files_refuse(why, "pkey: '%s' is encrypted; give its password by pkey-pwd",
				 options->pkey);
	else if (options->pkey_pwd)
		tls_files_refuse(why, "pkey: '%s' holds no private key in PEM form that the password in pkey-pwd opens",
				 options->pkey);
	else
		tls_files_refuse(why, "pkey: '%s' holds no private key in PEM form; give the file with the key of the certificate",
				 options->pkey);
	return NULL;
}

static int use_key(SSL_CTX *ctx, const struct tls_options *options, char *why)
{
	EVP_PKEY *key = read_key(options, why);
	int ret = 0;

	if (!key)
		return -EINVAL;
	if (!X509_check_private_key(SSL_CTX_get0_certificate(ctx), key))
		ret = tls_files_refuse(why, "pkey: '%s' is not the key of the certificate in '%s'; give two files that belong together, the server's own certificate first in its file",
				       options->pkey, options->cert);
	else if (!SSL_CTX_use_PrivateKey(ctx, key))
		ret = tls_files_refuse(why, "pkey: '%s' cannot be used: %s",
				       options->pkey, openssl_reason());
	EVP_PKEY_free(key);
	return ret;
}

/* It may still be of use to clients that do not look at dates. */
static void warn_of_dates(const X509 *cert, const char *path, char *why)
{
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		snprintf(why, TLS_WHY_LEN, "cert: the certificate in '%s' has expired; clients will refuse it",
			 path);
	else if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		snprintf(why, TLS_WHY_LEN, "cert: the certificate in '%s' is not valid yet; clients will refuse it",
			 path);
}

int tls_files_use_certificate(SSL_CTX *ctx, const struct tls_options *options,
			      char why[static TLS_WHY_LEN])
{
	int ret = use_chain(ctx, options->cert, why) ?:
		  use_key(ctx, options, why);

	if (!ret)
		warn_of_dates(SSL_CTX_get0_certificate(ctx), options->cert,
			      why);
	return ret;
}

int tls_files_use_dh(SSL_CTX *ctx, const char *path,
		     char why[static TLS_WHY_LEN])
{
	BIO *bio = open_file("dh-file", path, why);
	EVP_PKEY *parameters;

	if (!bio)
		return -EINVAL;
	ERR_clear_error();
	parameters = PEM_read_bio_Parameters(bio, NULL);
	BIO_free(bio);
	if (!parameters)
		return tls_files_refuse(why, "dh-file: '%s' holds no Diffie-Hellman parameters in PEM form; make them by `openssl dhparam 2048`, or leave dh-file out",
					path);
	/* Takes them over if it takes them. */
	if (SSL_CTX_set0_tmp_dh_pkey(ctx, parameters))
		return 0;
	EVP_PKEY_free(parameters);
	return tls_files_refuse(why, "dh-file: '%s' cannot be used: %s; make new ones by `openssl dhparam 2048`, or leave dh-file out",
				path, openssl_reason());
}
