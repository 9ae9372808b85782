// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/xdp.h"

#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kturnd/log.h"
#include "kturnd/process.h"
#include "kturnd/xdp_host.h"
#include "kturnd/xdp_links.h"
#include "net/worker.h"

/* The kernel does not tell when a program is taken off a device. */
#define CHECK_S 5

static const char left_out[] =
	"kturnd was built without XDP: install clang, bpftool and libbpf-dev, and build it again";

/**
 * struct xdp - see xdp.h
 * @host: the kernel
 * @door: the program and its devices
 * @base: the main thread's event loop
 * @links: news of devices; NULL until there are devices to care about
 * @readable: there are some
 * @timer: when to look without any
 * @opened: the pins were opened for good, with what it takes to load
 * @dropped: as proc-user
 * @started: xdp_start() was called
 * @keep: xdp-keep
 */
struct xdp {
	struct xdp_host host;
	struct xdp_door *door;
	struct event_base *base;
	struct xdp_links *links;
	struct event *readable;
	struct event *timer;
	bool opened;
	bool dropped;
	bool started;
	bool keep;
};

static void on_gone(void *arg, uint32_t ifindex)
{
	struct xdp *xdp = arg;

	xdp_door_device_gone(xdp->door, ifindex);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct xdp *xdp = arg;

	(void)fd;
	(void)what;
	xdp_links_read(xdp->links, on_gone, xdp);
	xdp_door_check(xdp->door, worker_now());
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct xdp *xdp = arg;

	(void)fd;
	(void)what;
	xdp_door_check(xdp->door, worker_now());
}

/* --- what takes privileges -------------------------------------------------- */

static void open_pins(struct xdp *xdp, const struct kturnd_config *cfg)
{
	bool wanted = cfg->xdp_interface.n;
	char why[XDP_WHY_LEN] = "";
	uid_t uid;
	gid_t gid;

	/* Who is unknown ends the start a moment later. */
	if (process_find_user(cfg, &uid, &gid, why, sizeof(why)))
		return;
	xdp->host.pins = xdp_pins_open(cfg->xdp_pin ?: CONFIG_DEFAULT_XDP_PIN,
				       wanted && xdp_host_built(), uid, gid,
				       why);
	if (wanted && xdp->host.pins < 0 && why[0])
		log_warning("%s", why);
}

/* Only who is about to give privileges up needs somebody who keeps them. */
static void start_loader(struct xdp *xdp)
{
	int ret = xdp_loader_start(&xdp->host.loader, xdp_host_load);

	if (ret)
		log_error("XDP: cannot start the process that loads the program: %s",
			  strerror(-ret));
}

static void open_all(struct xdp *xdp, const struct kturnd_config *cfg)
{
	open_pins(xdp, cfg);
	xdp->opened = cfg->xdp_interface.n;
	if (xdp->opened && cfg->proc_user && xdp_host_built())
		start_loader(xdp);
}

struct xdp *xdp_new(const struct kturnd_config *cfg, struct event_base *base)
{
	struct xdp *xdp = calloc(1, sizeof(*xdp));

	if (!xdp)
		return NULL;
	xdp->base = base;
	xdp->host.pins = -1;
	xdp->dropped = cfg->proc_user;
	xdp->door = xdp_door_new(&xdp_host_kernel, &xdp->host);
	if (!xdp->door) {
		free(xdp);
		return NULL;
	}
	open_all(xdp, cfg);
	return xdp;
}

/* --- watching ------------------------------------------------------------------ */

static int watch_links(struct xdp *xdp)
{
	int ret = xdp_links_open(&xdp->links);

	if (ret)
		return ret;
	xdp->readable = event_new(xdp->base, xdp_links_fd(xdp->links),
				  EV_READ | EV_PERSIST, on_readable, xdp);
	return xdp->readable && !event_add(xdp->readable, NULL) ? 0 : -ENOMEM;
}

static void watch(struct xdp *xdp)
{
	const struct timeval often = { .tv_sec = CHECK_S };
	int ret;

	if (xdp->timer || !xdp_door_count(xdp->door))
		return;
	ret = watch_links(xdp);
	if (ret)
		log_warning("XDP: no news of devices: %s; looking every %d s",
			    strerror(-ret), CHECK_S);
	xdp->timer = event_new(xdp->base, -1, EV_PERSIST, on_timer, xdp);
	if (!xdp->timer || event_add(xdp->timer, &often))
		log_error("XDP: out of memory: devices that come are not noticed");
}

static void go_by(struct xdp *xdp, const struct kturnd_config *cfg)
{
	xdp->keep = cfg->xdp_keep;
	if (xdp_door_configure(xdp->door, &cfg->xdp_interface, worker_now()))
		log_error("XDP: out of memory: the devices stay as they are");
	watch(xdp);
}

void xdp_start(struct xdp *xdp, const struct kturnd_config *cfg)
{
	xdp->started = true;
	go_by(xdp, cfg);
	if (!xdp_host_built() && cfg->xdp_interface.n)
		log_warning("xdp-interface: no effect: %s", left_out);
}

void xdp_module(struct xdp *xdp, const char *reason)
{
	xdp_door_module(xdp->door, xdp_host_built() ? reason : left_out,
			worker_now());
}

void xdp_configure(struct xdp *xdp, const struct kturnd_config *cfg,
		   struct report *report)
{
	if (cfg->xdp_interface.n && !xdp->opened) {
		if (xdp->dropped) {
			report_warning(report, NULL,
				       "xdp-interface: kturnd gave up the privileges for it when it became proc-user, so the first one takes a restart");
			return;
		}
		open_all(xdp, cfg);
	}
	go_by(xdp, cfg);
}

void xdp_hold(struct xdp *xdp, bool hold)
{
	log_info("XDP: %s by kturnctl", hold ? "detached" : "attached again");
	xdp_door_hold(xdp->door, hold, worker_now());
}

const struct xdp_door *xdp_door(const struct xdp *xdp)
{
	return xdp->door;
}

static struct json_object *device_answer(const struct xdp_device *dev)
{
	struct json_object *row = json_object_new_object();
	bool attached = dev->state == XDP_ATTACHED;

	json_object_object_add(row, "device", json_object_new_string(dev->name));
	json_object_object_add(row, "mode", json_object_new_string(
		dev->generic ? "generic" : "native"));
	json_object_object_add(row, "state", json_object_new_string(
		xdp_state_name(dev->state)));
	json_object_object_add(row, "pinned",
			       json_object_new_boolean(attached && dev->pinned));
	if (attached) {
		json_object_object_add(row, "program",
				       json_object_new_uint64(dev->program));
		json_object_object_add(row, "since", json_object_new_uint64(
			(worker_now() - dev->since) / 1000));
	} else {
		json_object_object_add(row, "reason",
				       json_object_new_string(dev->reason));
	}
	return row;
}

struct json_object *xdp_answer(const struct xdp *xdp)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < xdp_door_count(xdp->door); i++)
		json_object_array_add(array, device_answer(
			xdp_door_device(xdp->door, i)));
	return array;
}

void xdp_free(struct xdp *xdp)
{
	if (!xdp)
		return;
	if (xdp->timer)
		event_free(xdp->timer);
	if (xdp->readable)
		event_free(xdp->readable);
	xdp_links_close(xdp->links);
	xdp_door_free(xdp->door, xdp->keep || !xdp->started);
	xdp_loader_stop(xdp->host.loader);
	if (xdp->host.pins >= 0)
		close(xdp->host.pins);
	free(xdp);
}
