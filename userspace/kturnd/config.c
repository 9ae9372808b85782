// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

void config_init(struct kturnd_config *cfg)
{
	*cfg = (struct kturnd_config){
		.listening_port = 3478,
		.tls_listening_port = 5349,
		.max_idle_connections = 256,
		.max_allocate_timeout = 60,
		.tls_handshake_timeout = 10,
		.tls_handshake_rate = 50,
		.connection_queue_size = 256 << 10,
		.min_port = 49152,
		.max_port = 65535,
		.stale_nonce = 600,
		.prometheus_port = 9641,
		.unauthorized_rps = 10,
		.rfc5780_rps = 10,
		.default_denied_peers = true,
		.software_attribute = true,
		.max_allocate_lifetime = 3600,
		.channel_lifetime = 600,
		.max_peer_connections = 128,
		.permission_lifetime = 300,
		.userdb_cache = 5,
		.userdb_poll = 10,
		.userdb_waiting = 1024,
		.statsdb_queue = 65536,
		.statsdb_interval = 60,
	};
}

void config_wipe_text(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void strings_free(struct config_strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		config_wipe_text(list->v[i]);
	free(list->v);
}

static void users_free(struct config_users *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].name);
		config_wipe_text(list->v[i].password);
	}
	if (list->v)
		explicit_bzero(list->v, list->n * sizeof(*list->v));
	free(list->v);
}

static void xdps_free(struct config_xdps *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].device);
	free(list->v);
}

void config_free(struct kturnd_config *cfg)
{
	free(cfg->listening_ip.v);
	free(cfg->relay_ip.v);
	free(cfg->prometheus_address.v);
	free(cfg->external_ip.v);
	free(cfg->aux_server.v);
	free(cfg->alternate_server.v);
	free(cfg->tls_alternate_server.v);
	free(cfg->alternate_domain);
	free(cfg->denied_peer_ip.v);
	free(cfg->allowed_peer_ip.v);
	free(cfg->nat64_prefix.v);
	strings_free(&cfg->auth_secrets);
	strings_free(&cfg->oauth_keys);
	free(cfg->server_name);
	users_free(&cfg->users);
	config_wipe_text(cfg->userdb.where);
	config_wipe_text(cfg->statsdb);
	free(cfg->realm);
	free(cfg->rest_api_separator);
	free(cfg->cert);
	free(cfg->pkey);
	config_wipe_text(cfg->pkey_pwd);
	free(cfg->ca_file);
	free(cfg->cipher_list);
	free(cfg->ec_curve_name);
	free(cfg->dh_file);
	free(cfg->log_file);
	free(cfg->syslog_facility);
	xdps_free(&cfg->xdp_interface);
	free(cfg->xdp_pin);
	free(cfg->listening_device);
	free(cfg->relay_device);
	free(cfg->prometheus_path);
	free(cfg->pidfile);
	free(cfg->proc_user);
	free(cfg->proc_group);
	free(cfg->admin_socket);
	*cfg = (struct kturnd_config){ 0 };
}

/* Make room for one more in an array of @n items of @size bytes. */
static void *list_grow(void *v, size_t n, size_t size)
{
	return reallocarray(v, n + 1, size);
}

#define LIST_ADD(list, item) __extension__ ({				\
	void *grown = list_grow((list)->v, (list)->n, sizeof(*(list)->v)); \
									\
	if (grown) {							\
		(list)->v = grown;					\
		(list)->v[(list)->n++] = (item);			\
	}								\
	grown ? 0 : -ENOMEM;						\
})

int config_add_string(struct config_strings *list, const char *text)
{
	char *copy = strdup(text);
	int ret;

	if (!copy)
		return -ENOMEM;
	ret = LIST_ADD(list, copy);
	if (ret)
		free(copy);
	return ret;
}

int config_add_addr(struct config_addrs *list,
		    const struct transport_addr *item)
{
	return LIST_ADD(list, *item);
}

int config_add_external(struct config_externals *list,
			const struct config_external *item)
{
	return LIST_ADD(list, *item);
}

int config_add_range(struct config_ranges *list,
		     const struct config_range *item)
{
	return LIST_ADD(list, *item);
}

int config_add_user(struct config_users *list, const struct config_user *item)
{
	return LIST_ADD(list, *item);
}

int config_add_xdp(struct config_xdps *list, const struct config_xdp *item)
{
	return LIST_ADD(list, *item);
}
