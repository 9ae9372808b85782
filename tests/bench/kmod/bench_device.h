/* SPDX-License-Identifier: GPL-2.0-only */
/* The test modules find devices by name alone. */
#ifndef KTURN_BENCH_DEVICE_H
#define KTURN_BENCH_DEVICE_H

#include <linux/netdevice.h>
#include <net/net_namespace.h>

/**
 * bench_dev_get() - a device of any network namespace
 * @name: its name
 *
 * Return: the device, for dev_put(), or NULL.
 */
static inline struct net_device *bench_dev_get(const char *name)
{
	struct net_device *dev = NULL;
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net) {
		dev = dev_get_by_name(net, name);
		if (dev)
			break;
	}
	up_read(&net_rwsem);
	return dev;
}

#endif /* KTURN_BENCH_DEVICE_H */
