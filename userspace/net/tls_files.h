/* SPDX-License-Identifier: BSD-3-Clause */
/* The files that TLS needs, and what may be wrong with them. */
#ifndef KTURN_NET_TLS_FILES_H
#define KTURN_NET_TLS_FILES_H

#include "net/tls_context.h"

/** tls_files_refuse() - fill @why; always -EINVAL */
int tls_files_refuse(char why[static TLS_WHY_LEN], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * tls_files_readable() - can the file be read?
 * @option: the option that names it
 * @path: the file
 * @why: filled if not
 *
 * Return: 0 or a negative errno.
 */
int tls_files_readable(const char *option, const char *path,
		       char why[static TLS_WHY_LEN]);

/**
 * tls_files_use_certificate() - take certificate chain and key
 * @ctx: gets them
 * @options: where they are
 * @why: filled if that fails; with a warning if the certificate has expired
 *
 * Return: 0 or a negative errno.
 */
int tls_files_use_certificate(SSL_CTX *ctx, const struct tls_options *options,
			      char why[static TLS_WHY_LEN]);

/** tls_files_use_dh() - take Diffie-Hellman parameters, likewise */
int tls_files_use_dh(SSL_CTX *ctx, const char *path,
		     char why[static TLS_WHY_LEN]);

#endif /* KTURN_NET_TLS_FILES_H */
