/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * XDP in the running daemon: keeps the program on the configured devices while
 * the module is there, as devices and module come and go.
 */
#ifndef KTURN_KTURND_XDP_H
#define KTURN_KTURND_XDP_H

#include <stdbool.h>

#include "kturnd/config.h"
#include "kturnd/report.h"
#include "kturnd/xdp_door.h"

struct event_base;
struct json_object;
struct xdp;

/**
 * xdp_new() - get ready, while there is the privilege to
 * @cfg: the configuration
 * @base: the main thread's event loop
 *
 * Touches no device.
 *
 * Return: NULL without memory.
 */
struct xdp *xdp_new(const struct kturnd_config *cfg, struct event_base *base);

/**
 * xdp_start() - from now on attach and detach
 * @xdp: it
 * @cfg: the configuration
 *
 * Nothing of it is reason enough not to start: PRE_ROUTING forwards anyway.
 */
void xdp_start(struct xdp *xdp, const struct kturnd_config *cfg);

/**
 * xdp_module() - the module has come, or may not be used any more
 * @xdp: it
 * @reason: NULL if its function can be called, else why not
 */
void xdp_module(struct xdp *xdp, const char *reason);

/**
 * xdp_configure() - go by another configuration from now on
 * @xdp: it
 * @cfg: the configuration
 * @report: gets warnings about what could not be done
 */
void xdp_configure(struct xdp *xdp, const struct kturnd_config *cfg,
		   struct report *report);

/** xdp_hold() - let go of devices and module, or go on */
void xdp_hold(struct xdp *xdp, bool hold);

/** xdp_door() - the devices, for status and metrics */
const struct xdp_door *xdp_door(const struct xdp *xdp);

/** xdp_answer() - the devices as a JSON array, see admin_protocol.h */
struct json_object *xdp_answer(const struct xdp *xdp);

/**
 * xdp_free() - the end
 * @xdp: it, or NULL
 *
 * Takes the program off, unless xdp-keep was said, or xdp_start() never was
 * called: then it may be another daemon's.
 */
void xdp_free(struct xdp *xdp);

#endif /* KTURN_KTURND_XDP_H */
