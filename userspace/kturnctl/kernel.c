// SPDX-License-Identifier: BSD-3-Clause
/* Asking the kernel module over netlink, and putting its answers into JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kturnctl/kturnctl.h"

/* Turn an error that an operator cannot act on into one that he can. */
void kernel_remedy(struct fastpath_error *err)
{
	if (err->code == EPERM)
		snprintf(err->text, sizeof(err->text),
			 "answers only root (CAP_NET_ADMIN)");
	else if (err->code == ENODEV)
		snprintf(err->text, sizeof(err->text),
			 "not loaded: modprobe kturn (or insmod kturn.ko) loads it");
}

int kernel_exit_code(const struct fastpath_error *err)
{
	return err->code == ENODEV ? EXIT_ABSENT :
	       err->code == EPERM ? EXIT_PERMISSION : EXIT_REFUSED;
}

/**
 * kernel_open() - have a connection to the module
 * @ctx: keeps it
 * @err: filled on failure, with a remedy
 *
 * Return: 0, -ENODEV if the module is not loaded, or another negative errno.
 */
int kernel_open(struct context *ctx, struct fastpath_error *err)
{
	int ret = 0;

	if (!ctx->kernel)
		ret = fastpath_open(&ctx->kernel, err);
	if (!ret && !fastpath_attached(ctx->kernel))
		ret = fastpath_attach(ctx->kernel, err);
	if (ret)
		kernel_remedy(err);
	return ret;
}

static void add_count(struct json_object *to, const char *name, uint64_t n)
{
	json_object_object_add(to, name, json_object_new_uint64(n));
}

static void add_text(struct json_object *to, const char *name,
		     const char *text)
{
	json_object_object_add(to, name,
			       text ? json_object_new_string(text) : NULL);
}

static void add_addr(struct json_object *to, const char *name,
		     const struct transport_addr *addr)
{
	char buf[TRANSPORT_ADDR_STRLEN];

	add_text(to, name, transport_addr_print(addr, buf));
}

static void add_flow(struct json_object *to, const char *name,
		     const struct fastpath_flow *flow)
{
	struct json_object *o = json_object_new_object();

	add_count(o, "packets", flow->packets);
	add_count(o, "bytes", flow->bytes);
	json_object_object_add(to, name, o);
}

static void add_counters(struct json_object *to, const char *name,
			 const uint64_t *counters, unsigned int count,
			 const char *(*name_of)(unsigned int i))
{
	struct json_object *o = json_object_new_object();

	for (unsigned int i = 0; i < count; i++) {
		if (name_of(i))
			add_count(o, name_of(i), counters[i]);
	}
	json_object_object_add(to, name, o);
}

/* What XDP had a hand in. */
static void add_xdp(struct json_object *to,
		    const struct fastpath_xdp_stats *stats)
{
	struct json_object *o = json_object_new_object();

	add_count(o, "forwarded", stats->forwarded);
	add_count(o, "dropped", stats->dropped);
	add_counters(o, "passed", stats->passed, KTURN_A_XDP_PASSED_MAX + 1,
		     fastpath_xdp_passed_name);
	json_object_object_add(to, "xdp", o);
}

/* Settings and gauges. */
int kernel_net(struct context *ctx, struct json_object **result,
	       struct fastpath_error *err)
{
	struct json_object *limits;
	struct fastpath_net net;
	int ret;

	*result = NULL;
	ret = kernel_open(ctx, err);
	if (ret)
		return ret;
	ret = fastpath_net_get(ctx->kernel, &net, err);
	if (ret) {
		kernel_remedy(err);
		return ret;
	}

	*result = json_object_new_object();
	limits = json_object_new_object();
	add_text(*result, "version", net.module_version);
	add_text(*result, "hook", fastpath_hook_name(net.hook));
	add_count(limits, "allocations", net.max_allocations);
	add_count(limits, "permissions", net.max_permissions);
	add_count(limits, "channels", net.max_channels);
	add_count(limits, "max_bps", net.max_bps);
	json_object_object_add(*result, "limits", limits);
	add_count(*result, "allocations", net.allocations);
	add_count(*result, "permissions", net.permissions);
	add_count(*result, "channels", net.channels);
	json_object_object_add(*result, "kfunc",
			       json_object_new_boolean(net.xdp));
	return 0;
}

/* Settings and gauges, and the totals of what was relayed. */
int kernel_status(struct context *ctx, struct json_object **result,
		  struct fastpath_error *err)
{
	struct fastpath_stats stats;
	int ret;

	ret = kernel_net(ctx, result, err);
	if (ret)
		return ret;
	ret = fastpath_stats_get(ctx->kernel, &stats, err);
	if (ret) {
		kernel_remedy(err);
		json_object_put(*result);
		*result = NULL;
		return ret;
	}
	json_object_object_add(*result, "received",
			       json_object_new_uint64(stats.received));
	add_flow(*result, "to_peer", &stats.to_peer);
	add_flow(*result, "to_client", &stats.to_client);
	json_object_object_add(*result, "hairpin",
			       json_object_new_uint64(stats.hairpin));
	add_counters(*result, "passed", stats.passed,
		     KTURN_A_PASSED_MAX + 1, fastpath_passed_name);
	add_counters(*result, "dropped", stats.dropped,
		     KTURN_A_DROPPED_MAX + 1, fastpath_dropped_name);
	add_xdp(*result, &stats.xdp);
	return 0;
}

/*
 * Lists. Permissions and channels name their allocation by its id; operators,
 * like kturnd, know it by the client's address.
 */
struct listing {
	struct json_object *rows;
	struct json_object *clients;
};

static void begin_again(struct json_object **rows)
{
	json_object_put(*rows);
	*rows = json_object_new_array();
}

static void add_client(struct listing *listing, struct json_object *row,
		       uint32_t allocation_id)
{
	char id[16];

	snprintf(id, sizeof(id), "%u", allocation_id);
	add_text(row, "client", json_text(listing->clients, id));
	add_count(row, "allocation_id", allocation_id);
}

static int take_client(const struct fastpath_allocation *a, void *arg)
{
	struct listing *listing = arg;
	char id[16];

	if (!a) {
		json_object_put(listing->clients);
		listing->clients = json_object_new_object();
		return 0;
	}
	snprintf(id, sizeof(id), "%u", a->id);
	add_addr(listing->clients, id, &a->client);
	return 0;
}

static int take_allocation(const struct fastpath_allocation *a, void *arg)
{
	struct json_object *row = NULL, *relayed;
	char buf[TRANSPORT_ADDR_STRLEN];
	struct listing *listing = arg;

	if (!a) {
		begin_again(&listing->rows);
		return 0;
	}
	row = json_object_new_object();
	relayed = json_object_new_array();
	add_addr(row, "client", &a->client);
	add_addr(row, "server", &a->server);
	if (a->relayed_ipv4.family)
		json_object_array_add(relayed, json_object_new_string(
			transport_addr_print(&a->relayed_ipv4, buf)));
	if (a->relayed_ipv6.family)
		json_object_array_add(relayed, json_object_new_string(
			transport_addr_print(&a->relayed_ipv6, buf)));
	json_object_object_add(row, "relayed", relayed);
	add_count(row, "allocation_id", a->id);
	add_count(row, "expires", a->timeout_ms / 1000);
	add_count(row, "channels", a->channels);
	add_count(row, "permissions", a->permissions);
	add_flow(row, "to_peer", &a->to_peer);
	add_flow(row, "to_client", &a->to_client);
	json_object_array_add(listing->rows, row);
	return 0;
}

static int take_permission(const struct fastpath_permission *p, void *arg)
{
	char buf[TRANSPORT_ADDR_STRLEN];
	struct listing *listing = arg;
	struct json_object *row;

	if (!p) {
		begin_again(&listing->rows);
		return 0;
	}
	row = json_object_new_object();
	add_client(listing, row, p->allocation_id);
	add_text(row, "peer", transport_addr_print_ip(&p->peer, buf));
	add_count(row, "expires", p->timeout_ms / 1000);
	json_object_array_add(listing->rows, row);
	return 0;
}

static int take_channel(const struct fastpath_channel *c, void *arg)
{
	struct listing *listing = arg;
	struct json_object *row;

	if (!c) {
		begin_again(&listing->rows);
		return 0;
	}
	row = json_object_new_object();
	add_client(listing, row, c->allocation_id);
	add_count(row, "number", c->number);
	add_addr(row, "peer", &c->peer);
	add_count(row, "expires", c->timeout_ms / 1000);
	add_flow(row, "to_peer", &c->to_peer);
	add_flow(row, "to_client", &c->to_client);
	json_object_array_add(listing->rows, row);
	return 0;
}

/**
 * kernel_list() - what the module holds
 * @ctx: the run
 * @what: "allocations", "permissions" or "channels"
 * @rows: filled with an array, to be released
 * @err: filled on failure, with a remedy
 *
 * Return: 0; 1 if the list changed while it was read; -ENODEV if the module
 * is not loaded, or another negative errno.
 */
int kernel_list(struct context *ctx, const char *what,
		struct json_object **rows, struct fastpath_error *err)
{
	struct listing listing = { 0 };
	int ret;

	*rows = NULL;
	ret = kernel_open(ctx, err);
	if (ret)
		return ret;

	if (!strcmp(what, "allocations")) {
		ret = fastpath_allocation_dump(ctx->kernel, take_allocation,
					       &listing, err);
	} else {
		ret = fastpath_allocation_dump(ctx->kernel, take_client,
					       &listing, err);
		if (ret >= 0 && !strcmp(what, "channels"))
			ret = fastpath_channel_dump(ctx->kernel, 0,
						    take_channel, &listing,
						    err);
		else if (ret >= 0)
			ret = fastpath_permission_dump(ctx->kernel, 0,
						       take_permission,
						       &listing, err);
	}
	json_object_put(listing.clients);
	if (ret < 0) {
		kernel_remedy(err);
		json_object_put(listing.rows);
		return ret;
	}
	*rows = listing.rows;
	return ret;
}
