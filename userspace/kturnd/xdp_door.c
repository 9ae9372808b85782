// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/xdp_door.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kturnd/log.h"

/* After a refusal; the wait doubles up to the longest. */
#define RETRY_FIRST_MS	5000
#define RETRY_MAX_MS	600000

/**
 * struct xdp_door - see xdp_door.h
 * @kernel: who is asked
 * @arg: for it
 * @devices: the configured ones
 * @count: how many
 * @program: the program while xdp_door_check() runs, once loaded; or -1
 * @module: its function can be called
 * @held: let go of everything until told otherwise
 * @retry_at: when to try and load the program again
 * @reason: why nothing can be attached at all; empty if it can
 */
struct xdp_door {
	const struct xdp_kernel *kernel;
	void *arg;
	struct xdp_device *devices;
	size_t count;
	int program;
	bool module;
	bool held;
	uint64_t retry_at;
	char reason[XDP_WHY_LEN];
};

#define CALL(door, name, ...) ((door)->kernel->name((door)->arg, ##__VA_ARGS__))

static const char *mode(const struct xdp_device *dev)
{
	return dev->generic ? "generic" : "native";
}

const char *xdp_state_name(enum xdp_state state)
{
	static const char *const names[] = {
		[XDP_ATTACHED] = "attached", [XDP_WAITING] = "waiting",
		[XDP_NO_DEVICE] = "no device", [XDP_FOREIGN] = "foreign program",
		[XDP_REFUSED] = "refused", [XDP_TAKEN_OFF] = "taken off",
	};

	return names[state];
}

/* Said once: the same state for the same reason is no news. */
__attribute__((format(printf, 3, 4)))
static void set_state(struct xdp_device *dev, enum xdp_state state,
		      const char *fmt, ...)
{
	char reason[XDP_WHY_LEN];
	va_list args;
	bool news;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	news = dev->state != state || strcmp(dev->reason, reason) != 0;
	dev->state = state;
	memcpy(dev->reason, reason, sizeof(reason));
	if (!news || !reason[0])
		return;
	if (state == XDP_ATTACHED || state == XDP_NO_DEVICE)
		log_info("XDP: %s: %s", dev->name, reason);
	else if (state == XDP_WAITING)
		log_warning("XDP: %s: %s", dev->name, reason);
	else
		log_warning("XDP: %s: %s; until then PRE_ROUTING forwards",
			    dev->name, reason);
}

/* --- letting go -------------------------------------------------------------- */

/* The program leaves the device with the last that refers to its link. */
static void let_go(struct xdp_door *door, struct xdp_device *dev)
{
	if (dev->link < 0)
		return;
	CALL(door, unpin, dev->name);
	CALL(door, close, dev->link);
	dev->link = -1;
	dev->pinned = false;
}

static void unpin(void *arg, const char *name)
{
	struct xdp_door *door = arg;

	CALL(door, unpin, name);
}

/* Of what an earlier daemon left, too. */
static void let_all_go(struct xdp_door *door)
{
	for (size_t i = 0; i < door->count; i++)
		let_go(door, &door->devices[i]);
	CALL(door, pinned, unpin, door);
}

/* --- attaching ---------------------------------------------------------------- */

/* 0 if the program is loaded, else why not is in @door->reason. */
static int load(struct xdp_door *door, uint64_t now)
{
	int ret;

	if (door->program >= 0)
		return 0;
	if (now < door->retry_at)
		return -EAGAIN;
	ret = CALL(door, load, door->reason);
	if (ret < 0) {
		door->retry_at = now + RETRY_FIRST_MS;
		return ret;
	}
	door->program = ret;
	door->reason[0] = '\0';
	return 0;
}

static void unload(struct xdp_door *door)
{
	if (door->program >= 0)
		CALL(door, close, door->program);
	door->program = -1;
}

static void pin(struct xdp_door *door, struct xdp_device *dev)
{
	int ret = CALL(door, pin, dev->link, dev->name);

	dev->pinned = !ret || ret == -EEXIST;
}

static void attached(struct xdp_door *door, struct xdp_device *dev,
		     const char *how, uint64_t now)
{
	struct xdp_link info = { 0 };

	CALL(door, inspect, dev->link, &info);
	dev->program = info.program;
	dev->since = now;
	dev->retry_wait = 0;
	pin(door, dev);
	set_state(dev, XDP_ATTACHED, "%s, %s mode, program %u%s", how,
		  mode(dev), info.program,
		  dev->pinned ? "" : "; not pinned, so it ends with kturnd");
}

/* Is it ours, on this device, in this mode? */
static bool fits(struct xdp_door *door, const struct xdp_device *dev, int link,
		 const struct xdp_attached *has)
{
	struct xdp_link info = { 0 };

	return !CALL(door, inspect, link, &info) && info.program &&
	       info.ifindex == dev->ifindex &&
	       (dev->generic ? has->generic : has->native) == info.program;
}

/*
 * A link that an earlier daemon left, if it is what we want. Its program goes
 * on if a new one cannot be had.
 */
static bool take_over(struct xdp_door *door, struct xdp_device *dev,
		      const struct xdp_attached *has, uint64_t now)
{
	int link = CALL(door, open_pinned, dev->name);

	if (link >= 0 && fits(door, dev, link, has)) {
		if (!load(door, now))
			CALL(door, replace, link, door->program);
		dev->link = link;
		attached(door, dev, "taken over", now);
		return true;
	}
	if (link >= 0)
		CALL(door, close, link);
	if (link != -ENOENT)
		CALL(door, unpin, dev->name);
	return false;
}

static void refused(struct xdp_device *dev, int ret, uint64_t now)
{
	dev->retry_wait = dev->retry_wait ? 2 * dev->retry_wait :
					    RETRY_FIRST_MS;
	if (dev->retry_wait > RETRY_MAX_MS)
		dev->retry_wait = RETRY_MAX_MS;
	dev->retry_at = now + dev->retry_wait;
	switch (-ret) {
	case EOPNOTSUPP:
		set_state(dev, XDP_REFUSED,
			  "its driver has no %s XDP, or not as the device is set up now (LRO, MTU, number of queues; the kernel log may tell)%s%s%s",
			  mode(dev), dev->generic ? "" : "; xdp-interface=",
			  dev->generic ? "" : dev->name,
			  dev->generic ? "" : ",generic takes the generic mode");
		break;
	case EPERM:
	case EACCES:
		set_state(dev, XDP_REFUSED,
			  "kturnd may not attach a program; start it as root, or with CAP_NET_ADMIN and CAP_BPF");
		break;
	case EINVAL:
	case ERANGE:
		set_state(dev, XDP_REFUSED,
			  "its driver refused the program (%s): the MTU may be too large for XDP, or that of the other end of a veth; the kernel log may tell",
			  strerror(-ret));
		break;
	default:
		set_state(dev, XDP_REFUSED, "the program cannot be attached: %s",
			  strerror(-ret));
	}
}

static void attach(struct xdp_door *door, struct xdp_device *dev, uint64_t now)
{
	int ret;

	if (load(door, now)) {
		set_state(dev, XDP_WAITING, "%s", door->reason);
		return;
	}
	ret = CALL(door, attach, door->program, dev->ifindex, dev->generic);
	if (ret < 0) {
		refused(dev, ret, now);
		return;
	}
	dev->link = ret;
	attached(door, dev, "attached", now);
}

/* What is there first: a link of ours, somebody else's program, or nothing. */
static void attach_or_leave(struct xdp_door *door, struct xdp_device *dev,
			    uint64_t now)
{
	struct xdp_attached has = { 0 };
	uint32_t other;
	int ret = CALL(door, query, dev->ifindex, &has);

	if (ret) {
		refused(dev, ret, now);
		return;
	}
	if (take_over(door, dev, &has, now))
		return;
	/* It may have been what take_over() let go. */
	CALL(door, query, dev->ifindex, &has);
	other = has.native ?: has.generic ?: has.offloaded;
	if (other)
		set_state(dev, XDP_FOREIGN,
			  "another program (id %u) is attached to it, and stays: stop who attached it, or ip link set dev %s xdp off; ours follows",
			  other, dev->name);
	else
		attach(door, dev, now);
}

/* --- looking --------------------------------------------------------------------- */

/* Is the program where we put it? If not, forget it. */
static bool still_there(struct xdp_door *door, struct xdp_device *dev,
			uint32_t ifindex)
{
	struct xdp_link info = { 0 };

	if (dev->link < 0)
		return false;
	CALL(door, inspect, dev->link, &info);
	if (info.ifindex && info.ifindex == ifindex) {
		/* Who cleaned up there did not mean it, or means xdp-pin. */
		pin(door, dev);
		return true;
	}
	let_go(door, dev);
	if (!info.ifindex && ifindex == dev->ifindex)
		set_state(dev, XDP_TAKEN_OFF,
			  "somebody took the program off; kturnctl xdp attach puts it back");
	return false;
}

/* May anything be attached now? If not, the device says why. */
static bool ready(const struct xdp_door *door, struct xdp_device *dev,
		  uint64_t now)
{
	if (door->held)
		set_state(dev, XDP_WAITING,
			  "detached by kturnctl; kturnctl xdp attach, or loading the module anew, attaches it");
	else if (!door->module || now < door->retry_at)
		set_state(dev, XDP_WAITING, "%s", door->reason);
	else
		return true;
	return false;
}

static void check(struct xdp_door *door, struct xdp_device *dev, uint64_t now)
{
	uint32_t ifindex = CALL(door, ifindex, dev->name);

	if (still_there(door, dev, ifindex))
		return;
	if (ifindex != dev->ifindex) {
		dev->ifindex = ifindex;
		dev->retry_at = 0;
		dev->retry_wait = 0;
	} else if (dev->state == XDP_TAKEN_OFF ||
		   (dev->state == XDP_REFUSED && now < dev->retry_at)) {
		return;
	}
	if (!ifindex) {
		set_state(dev, XDP_NO_DEVICE,
			  "there is no such device now; the program is attached when it comes");
		return;
	}
	if (ready(door, dev, now))
		attach_or_leave(door, dev, now);
}

void xdp_door_check(struct xdp_door *door, uint64_t now)
{
	for (size_t i = 0; i < door->count; i++)
		check(door, &door->devices[i], now);
	/* Links hold it now; else it would hold the module for nothing. */
	unload(door);
}

/* --- what is wanted ---------------------------------------------------------------- */

static struct xdp_device *find(struct xdp_device *devices, size_t count,
			       const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(devices[i].name, name) == 0)
			return &devices[i];
	return NULL;
}

static void unpin_stranger(void *arg, const char *name)
{
	struct xdp_door *door = arg;

	if (find(door->devices, door->count, name))
		return;
	CALL(door, unpin, name);
	log_info("XDP: %s: taken off, for no xdp-interface names it any more",
		 name);
}

static void begin(struct xdp_device *dev, const struct config_xdp *wanted)
{
	*dev = (struct xdp_device){
		.generic = wanted->generic,
		.state = XDP_WAITING,
		.link = -1,
	};
	snprintf(dev->name, sizeof(dev->name), "%s", wanted->device);
}

int xdp_door_configure(struct xdp_door *door, const struct config_xdps *list,
		       uint64_t now)
{
	struct xdp_device *devices = calloc(list->n + 1, sizeof(*devices));

	if (!devices)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		struct xdp_device *old = find(door->devices, door->count,
					      list->v[i].device);

		begin(&devices[i], &list->v[i]);
		if (old && old->generic == list->v[i].generic) {
			devices[i] = *old;
			old->link = -1;
		}
	}
	for (size_t i = 0; i < door->count; i++)
		let_go(door, &door->devices[i]);
	free(door->devices);
	door->devices = devices;
	door->count = list->n;
	CALL(door, pinned, unpin_stranger, door);
	xdp_door_check(door, now);
	return 0;
}

void xdp_door_module(struct xdp_door *door, const char *reason, uint64_t now)
{
	for (size_t i = 0; i < door->count; i++)
		if (door->devices[i].state == XDP_TAKEN_OFF)
			door->devices[i].state = XDP_WAITING;
	door->module = !reason;
	door->retry_at = 0;
	snprintf(door->reason, sizeof(door->reason), "%s", reason ?: "");
	if (reason)
		let_all_go(door);
	else
		door->held = false;
	xdp_door_check(door, now);
}

void xdp_door_hold(struct xdp_door *door, bool hold, uint64_t now)
{
	door->held = hold;
	if (hold)
		let_all_go(door);
	for (size_t i = 0; i < door->count; i++)
		if (door->devices[i].link < 0 &&
		    door->devices[i].state != XDP_NO_DEVICE)
			door->devices[i].state = XDP_WAITING;
	xdp_door_check(door, now);
}

void xdp_door_device_gone(struct xdp_door *door, uint32_t ifindex)
{
	for (size_t i = 0; i < door->count; i++) {
		struct xdp_device *dev = &door->devices[i];

		if (dev->ifindex != ifindex)
			continue;
		let_go(door, dev);
		dev->ifindex = 0;
	}
}

/* --- the door itself ------------------------------------------------------------------ */

struct xdp_door *xdp_door_new(const struct xdp_kernel *kernel, void *arg)
{
	struct xdp_door *door = calloc(1, sizeof(*door));

	if (!door)
		return NULL;
	door->kernel = kernel;
	door->arg = arg;
	door->program = -1;
	return door;
}

void xdp_door_free(struct xdp_door *door, bool keep)
{
	if (!door)
		return;
	for (size_t i = 0; i < door->count && keep; i++)
		if (door->devices[i].link >= 0)
			CALL(door, close, door->devices[i].link);
	if (!keep)
		let_all_go(door);
	free(door->devices);
	free(door);
}

size_t xdp_door_count(const struct xdp_door *door)
{
	return door->count;
}

const struct xdp_device *xdp_door_device(const struct xdp_door *door, size_t i)
{
	return &door->devices[i];
}
