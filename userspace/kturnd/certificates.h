/* SPDX-License-Identifier: BSD-3-Clause */
/* From the options about TLS to what connections begin with, again and again. */
#ifndef KTURN_KTURND_CERTIFICATES_H
#define KTURN_KTURND_CERTIFICATES_H

#include "kturnd/config.h"
#include "kturnd/report.h"
#include "net/tls_context.h"

struct daemon;

/**
 * certificates_load() - read the files that the options name
 * @cfg: the configuration, checked
 * @report: gets errors and warnings
 *
 * Return: the context; NULL if neither TLS nor DTLS is wanted, or after errors.
 */
struct tls_context *certificates_load(const struct kturnd_config *cfg,
				      struct report *report);

/**
 * certificates_use() - from now on, connections begin with this
 * @daemon: the running daemon, with TLS or DTLS
 * @tls: the context; taken over
 *
 * Return: 0 or a negative errno, which is logged.
 */
int certificates_use(struct daemon *daemon, struct tls_context *tls);

/**
 * certificates_reload() - read the files again, for new connections
 * @daemon: the daemon, whose configuration names them
 *
 * The result is logged. If the files are not good, those read before remain in
 * use.
 *
 * Return: 0 or a negative errno.
 */
int certificates_reload(struct daemon *daemon);

#endif /* KTURN_KTURND_CERTIFICATES_H */
