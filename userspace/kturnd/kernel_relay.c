// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/kernel_relay.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fastpath/fastpath.h"
#include "kturnd/kernel_adopt.h"
#include "kturnd/xdp.h"

#define REASON_LEN 320

/**
 * struct kernel_relay - what the main thread knows of the module
 * @mode: may, must or must not the module relay?
 * @hook: hook to ask for
 * @max_bps: limit on all allocations together
 * @base: the main thread's event loop
 * @watch: news of the module; NULL if there is none to be had
 * @readable: there is some
 * @fp: the main thread's connection
 * @links: the workers' connections
 * @link_count: how many
 * @workers: the workers, once started
 * @up: the workers were told that the module is there
 * @xdp: who hears of the module, too, or NULL
 * @no_xdp: why XDP programs cannot call it; empty if they can
 * @reason: why it relays, or why not
 */
struct kernel_relay {
	enum kernel_relay_mode mode;
	enum kernel_hook_choice hook;
	uint64_t max_bps;
	struct event_base *base;
	struct fastpath_watch *watch;
	struct event *readable;
	struct fastpath *fp;
	struct kernel_link *links;
	unsigned int link_count;
	struct worker **workers;
	bool up;
	struct xdp *xdp;
	char no_xdp[REASON_LEN];
	char reason[REASON_LEN];
};

__attribute__((format(printf, 2, 3)))
static void set_reason(struct kernel_relay *relay, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(relay->reason, sizeof(relay->reason), fmt, args);
	va_end(args);
}

/* In words that say what to do. */
static void explain(struct kernel_relay *relay, int ret,
		    const struct fastpath_error *err)
{
	switch (-ret) {
	case ENODEV:
		set_reason(relay, "the module kturn is not loaded; modprobe kturn makes the kernel relay");
		break;
	case EPERM:
	case EACCES:
		set_reason(relay, "kturnd lacks CAP_NET_ADMIN; start it as root, or with that capability");
		break;
	default:
		set_reason(relay, "%s", err->text);
	}
}

static void say_who_relays(const struct kernel_relay *relay)
{
	if (relay->up)
		log_info("relaying in the KERNEL: %s", relay->reason);
	else if (relay->mode == KERNEL_RELAY_OFF)
		log_info("relaying in USERSPACE: %s", relay->reason);
	else
		log_warning("relaying in USERSPACE: %s", relay->reason);
}

static void tell_workers(struct kernel_relay *relay, worker_fn *fn)
{
	for (unsigned int i = 0; i < relay->link_count; i++)
		if (worker_post(relay->workers[i], fn, NULL))
			log_error("out of memory: worker %u does not hear of the module",
				  i);
}

/* Hand each worker a copy of the ids; @fn frees it. */
static void send_ids(struct kernel_relay *relay, worker_fn *fn,
		     const uint32_t *ids, size_t n)
{
	for (unsigned int i = 0; i < relay->link_count; i++) {
		struct kernel_ids *copy;

		copy = malloc(sizeof(*copy) + n * sizeof(*ids));
		if (copy) {
			copy->n = n;
			if (n)
				memcpy(copy->v, ids, n * sizeof(*ids));
			if (!worker_post(relay->workers[i], fn, copy))
				continue;
			free(copy);
		}
		log_error("out of memory: worker %u does not hear of sessions that the module lost",
			  i);
	}
}

static int set_hook(struct kernel_relay *relay, struct fastpath_net *net,
		    struct fastpath_error *err)
{
	static const enum kturn_hook hooks[] = {
		[KERNEL_HOOK_PREROUTING] = KTURN_HOOK_PREROUTING,
		[KERNEL_HOOK_INPUT] = KTURN_HOOK_INPUT,
	};

	if (relay->hook == KERNEL_HOOK_KEEP || net->hook == hooks[relay->hook])
		return 0;
	net->hook = hooks[relay->hook];
	return fastpath_net_set(relay->fp, FASTPATH_NET_HOOK, net, err);
}

/* The limit is the daemon's alone; one that was left behind goes, too. */
static int set_max_bps(struct kernel_relay *relay, struct fastpath_net *net,
		       struct fastpath_error *err)
{
	if (net->max_bps == relay->max_bps)
		return 0;
	net->max_bps = relay->max_bps;
	return fastpath_net_set(relay->fp, FASTPATH_NET_MAX_BPS, net, err);
}

/* Empty if XDP can do something. */
static const char *why_no_xdp(const struct fastpath_net *net)
{
	if (!net->xdp)
		return "the module kturn was built without BTF, so XDP cannot call it; kturnctl check tells what to do";
	if (net->hook != KTURN_HOOK_PREROUTING)
		return "XDP would go round the firewall's INPUT chain, which the module's hook comes after; kernel-hook=prerouting allows it";
	return "";
}

/* Can the module be used? Fills the reason either way. */
static int check_module(struct kernel_relay *relay)
{
	struct fastpath_error err = { 0 };
	struct fastpath_net net;
	int ret;

	ret = fastpath_attach(relay->fp, &err) ?:
	      fastpath_net_get(relay->fp, &net, &err) ?:
	      set_hook(relay, &net, &err) ?:
	      set_max_bps(relay, &net, &err);
	if (ret) {
		explain(relay, ret, &err);
		return ret;
	}
	if (net.hook == KTURN_HOOK_NONE) {
		set_reason(relay, "the module's hook is switched off; set kernel-hook=prerouting");
		return -ENOLINK;
	}
	snprintf(relay->no_xdp, sizeof(relay->no_xdp), "%s",
		 why_no_xdp(&net));
	set_reason(relay, "module kturn %s, hook %s",
		   net.module_version[0] ? net.module_version : "(no version)",
		   fastpath_hook_name(net.hook));
	return 0;
}

static void tell_xdp(struct kernel_relay *relay)
{
	if (!relay->xdp)
		return;
	if (!relay->up)
		xdp_module(relay->xdp, relay->reason);
	else
		xdp_module(relay->xdp, relay->no_xdp[0] ? relay->no_xdp : NULL);
}

static int bring_up(struct kernel_relay *relay)
{
	int ret = check_module(relay);

	if (!ret) {
		relay->up = true;
		tell_workers(relay, kernel_link_up);
	}
	say_who_relays(relay);
	tell_xdp(relay);
	return ret;
}

static void bring_down(struct kernel_relay *relay)
{
	set_reason(relay, "the module kturn was unloaded; modprobe kturn makes the kernel relay again");
	relay->up = false;
	tell_workers(relay, kernel_link_down);
	say_who_relays(relay);
	tell_xdp(relay);
}

/* A growing list of ids, while the module's news are read. */
struct id_list {
	uint32_t *v;
	size_t n, room;
	bool failed;
};

static void id_add(struct id_list *list, uint32_t id)
{
	uint32_t *grown;

	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		grown = reallocarray(list->v, list->room, sizeof(*list->v));
		if (!grown) {
			list->failed = true;
			list->room = list->n;
			return;
		}
		list->v = grown;
	}
	list->v[list->n++] = id;
}

static int id_from_dump(const struct fastpath_allocation *a, void *arg)
{
	struct id_list *list = arg;

	if (!a)
		list->n = 0;
	else
		id_add(list, a->id);
	return list->failed ? -ENOMEM : 0;
}

static int compare_ids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Notifications were lost: see what the module still holds. */
static void resynchronize(struct kernel_relay *relay)
{
	struct id_list list = { 0 };
	struct fastpath_error err;
	int ret;

	ret = fastpath_allocation_dump(relay->fp, id_from_dump, &list, &err);
	if (ret < 0) {
		if (ret != -ENODEV)
			log_warning("kernel relay: cannot compare sessions with the module's: %s",
				    err.text);
	} else {
		if (list.n)
			qsort(list.v, list.n, sizeof(*list.v), compare_ids);
		send_ids(relay, kernel_link_compare, list.v, list.n);
	}
	free(list.v);
}

/* What one reading of the watch brought. */
struct news {
	struct kernel_relay *relay;
	struct id_list gone;
	bool overrun;
};

/*
 * Permissions and channels that expire in the module expire in the core too;
 * one that was removed by somebody else has to be put back.
 */
static void on_event(const struct fastpath_event *event, void *arg)
{
	struct news *news = arg;
	struct kernel_relay *relay = news->relay;

	switch (event->type) {
	case FASTPATH_EVENT_UP:
		if (!relay->up && relay->mode != KERNEL_RELAY_OFF)
			bring_up(relay);
		break;
	case FASTPATH_EVENT_GONE:
		/* Its next life gives the same ids to others. */
		news->gone.n = 0;
		if (relay->up)
			bring_down(relay);
		break;
	case FASTPATH_EVENT_OVERRUN:
		news->overrun = true;
		break;
	case FASTPATH_EVENT_ALLOCATION:
		id_add(&news->gone, event->allocation.id);
		break;
	case FASTPATH_EVENT_PERMISSION:
		if (event->permission.del_reason != KTURN_DEL_REASON_EXPIRED)
			id_add(&news->gone, event->permission.allocation_id);
		break;
	case FASTPATH_EVENT_CHANNEL:
		if (event->channel.del_reason != KTURN_DEL_REASON_EXPIRED)
			id_add(&news->gone, event->channel.allocation_id);
		break;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct kernel_relay *relay = arg;
	struct news news = { .relay = relay };
	struct fastpath_error err;
	int ret;

	(void)fd;
	(void)what;
	ret = fastpath_watch_read(relay->watch, on_event, &news, &err);
	if (ret < 0) {
		log_error("kernel relay: no more news of the module: %s; restart kturnd to notice it again",
			  err.text);
		event_del(relay->readable);
	}
	if (relay->up && news.gone.n)
		send_ids(relay, kernel_link_gone, news.gone.v, news.gone.n);
	if (relay->up && (news.overrun || news.gone.failed))
		resynchronize(relay);
	free(news.gone.v);
}

static int open_all(struct kernel_relay *relay, struct fastpath_error *err)
{
	int ret = fastpath_watch_open(&relay->watch, err) ?:
		  fastpath_open(&relay->fp, err);

	for (unsigned int i = 0; i < relay->link_count && !ret; i++)
		ret = fastpath_open(&relay->links[i].fp, err);
	if (ret)
		return ret;
	relay->readable = event_new(relay->base,
				    fastpath_watch_fd(relay->watch),
				    EV_READ | EV_PERSIST, on_readable, relay);
	return relay->readable ? 0 : -ENOMEM;
}

static void close_all(struct kernel_relay *relay)
{
	if (relay->readable)
		event_free(relay->readable);
	relay->readable = NULL;
	for (unsigned int i = 0; i < relay->link_count; i++) {
		fastpath_close(relay->links[i].fp);
		relay->links[i].fp = NULL;
	}
	fastpath_close(relay->fp);
	relay->fp = NULL;
	fastpath_watch_close(relay->watch);
	relay->watch = NULL;
}

struct kernel_relay *kernel_relay_new(const struct kturnd_config *cfg,
				      struct event_base *base,
				      unsigned int workers, struct xdp *xdp)
{
	struct kernel_relay *relay = calloc(1, sizeof(*relay));
	struct fastpath_error err = { 0 };
	int ret;

	if (!relay)
		return NULL;
	relay->mode = cfg->kernel_relay;
	relay->hook = cfg->kernel_hook;
	relay->max_bps = cfg->bps_capacity;
	relay->base = base;
	relay->xdp = xdp;
	relay->links = calloc(workers, sizeof(*relay->links));
	if (!relay->links) {
		free(relay);
		return NULL;
	}
	relay->link_count = workers;
	for (unsigned int i = 0; i < workers; i++) {
		pthread_mutex_init(&relay->links[i].limit.lock, NULL);
		relay->links[i].server_device = cfg->listening_device;
		relay->links[i].relayed_device = cfg->relay_device;
	}
	if (relay->mode == KERNEL_RELAY_OFF) {
		set_reason(relay, "kernel-relay=off");
		return relay;
	}
	ret = open_all(relay, &err);
	if (ret) {
		close_all(relay);
		set_reason(relay, "no connection to the kernel: %s",
			   err.text[0] ? err.text : strerror(-ret));
	}
	return relay;
}

struct kernel_link *kernel_relay_link(struct kernel_relay *relay,
				      unsigned int worker)
{
	return &relay->links[worker];
}

const struct turn_fastpath_ops *
kernel_relay_ops(const struct kernel_relay *relay)
{
	return relay->watch ? &kernel_link_ops : NULL;
}

int kernel_relay_start(struct kernel_relay *relay, struct worker **workers,
		       unsigned int count)
{
	struct fastpath_error err;
	int ret = -ENODEV;

	if (count != relay->link_count)
		return -EINVAL;
	relay->workers = workers;
	if (relay->watch) {
		/* bring_up() says why if that does not help. */
		if (fastpath_attach(relay->fp, &err) == -ENODEV)
			fastpath_load(relay->fp, &err);
		ret = bring_up(relay);
		if (!ret)
			kernel_adopt(relay->fp, worker_server(workers[0]));
		if (event_add(relay->readable, NULL))
			ret = -ENOMEM;
	} else {
		say_who_relays(relay);
		tell_xdp(relay);
	}
	if (!ret || relay->mode != KERNEL_RELAY_REQUIRE)
		return 0;
	log_error("kernel-relay=require, but the kernel cannot relay: %s",
		  relay->reason);
	return ret;
}

static void switch_off(struct kernel_relay *relay)
{
	set_reason(relay, "kernel-relay=off");
	if (relay->up)
		tell_workers(relay, kernel_link_off);
	relay->up = false;
	say_who_relays(relay);
	tell_xdp(relay);
}

static void switch_on(struct kernel_relay *relay, struct report *report)
{
	if (relay->watch)
		bring_up(relay);
	else
		report_warning(report, NULL,
			       "kernel-relay: kturnd started without a connection to the kernel, so relaying there takes a restart");
}

/* The sessions in the module stay what and where they are. */
static void change_settings(struct kernel_relay *relay, struct report *report)
{
	char no_xdp[REASON_LEN];

	memcpy(no_xdp, relay->no_xdp, sizeof(no_xdp));
	if (check_module(relay))
		report_warning(report, NULL, "kernel-hook, bps-capacity: the module refused: %s",
			       relay->reason);
	say_who_relays(relay);
	if (strcmp(no_xdp, relay->no_xdp) != 0)
		tell_xdp(relay);
}

void kernel_relay_configure(struct kernel_relay *relay,
			    const struct kturnd_config *cfg,
			    struct report *report)
{
	bool was_off = relay->mode == KERNEL_RELAY_OFF;
	bool changed = relay->hook != cfg->kernel_hook ||
		       relay->max_bps != cfg->bps_capacity;

	relay->mode = cfg->kernel_relay;
	relay->hook = cfg->kernel_hook;
	relay->max_bps = cfg->bps_capacity;
	if (relay->mode == KERNEL_RELAY_OFF) {
		if (!was_off)
			switch_off(relay);
	} else if (was_off) {
		switch_on(relay, report);
	} else if (relay->up && changed) {
		change_settings(relay, report);
	}
}

bool kernel_relay_up(const struct kernel_relay *relay)
{
	return relay->up;
}

bool kernel_relay_stats(struct kernel_relay *relay,
			struct fastpath_stats *stats, struct fastpath_net *net)
{
	struct fastpath_error err;

	return relay->fp && fastpath_attached(relay->fp) &&
	       !fastpath_stats_get(relay->fp, stats, &err) &&
	       !fastpath_net_get(relay->fp, net, &err);
}

const char *kernel_relay_reason(const struct kernel_relay *relay)
{
	return relay->reason;
}

void kernel_relay_free(struct kernel_relay *relay)
{
	if (!relay)
		return;
	close_all(relay);
	free(relay->links);
	free(relay);
}
