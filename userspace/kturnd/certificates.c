// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/certificates.h"

#include <errno.h>

#include "kturnd/daemon.h"

static bool wanted(const struct kturnd_config *cfg)
{
	return config_has_tls(cfg) || config_has_dtls(cfg);
}

static struct tls_context *load(const struct kturnd_config *cfg,
				char why[static TLS_WHY_LEN])
{
	const struct tls_options options = {
		.cert = cfg->cert,
		.pkey = cfg->pkey,
		.pkey_pwd = cfg->pkey_pwd,
		.ca_file = cfg->ca_file,
		.cipher_list = cfg->cipher_list,
		.dh_file = cfg->dh_file,
		.ec_curve_name = cfg->ec_curve_name,
		.tlsv1 = cfg->tlsv1,
		.tlsv1_1 = cfg->tlsv1_1,
		.no_tlsv1_2 = cfg->no_tlsv1_2,
	};

	return tls_context_new(&options, why);
}

struct tls_context *certificates_load(const struct kturnd_config *cfg,
				      struct report *report)
{
	char why[TLS_WHY_LEN];
	struct tls_context *tls;

	if (!wanted(cfg))
		return NULL;
	tls = load(cfg, why);
	if (!tls)
		report_error(report, NULL, "%s", why);
	else if (why[0])
		report_warning(report, NULL, "%s", why);
	return tls;
}

int certificates_use(struct daemon *daemon, struct tls_context *tls)
{
	int ret = 0;

	for (unsigned int i = 0; i < daemon->worker_count && !ret; i++)
		ret = worker_set_tls(daemon->workers[i], tls);
	tls_context_put(daemon->setup.tls);
	daemon->setup.tls = tls;
	if (ret)
		log_error("out of memory: some workers keep the old certificate");
	return ret;
}

int certificates_reload(struct daemon *daemon)
{
	char why[TLS_WHY_LEN];
	struct tls_context *tls;
	int ret;

	if (!daemon->setup.tls || !wanted(daemon->cfg)) {
		log_warning("there is no certificate to reload: TLS and DTLS are off; switching them on or off takes a restart");
		return -ENOENT;
	}
	tls = load(daemon->cfg, why);
	if (!tls) {
		log_error("%s; the certificate read before remains in use",
			  why);
		return -EINVAL;
	}
	if (why[0])
		log_warning("%s", why);
	ret = certificates_use(daemon, tls);
	if (!ret)
		log_info("certificate reloaded");
	return ret;
}
