// SPDX-License-Identifier: GPL-2.0-only
/*
 * kturn_rx: what a device receives is handled by a thread of its own.
 *
 * What is sent into one end of a veth pair is received at the other end before
 * the sender goes on, at the sender's expense. Two hosts would share no
 * processor. With this module the scheduler's accounts tell them apart: the
 * work of a host is what its programs have run for, and the threads of its
 * devices, to which all is handed that comes in.
 *
 * Files in debugfs, directory kturn_rx:
 *
 *   devices	write: the name of a device, for which a thread "rx/NAME" is
 *		made; it handles all that waits at once, with bottom halves
 *		off, as a driver's poll does. Until the module goes.
 *		read: a line for each, "NAME PID"
 *   calibration	read: nanoseconds of the scheduler's clock that a million
 *		instructions took: a million, if QEMU counts them
 *
 * Devices are found by name in all network namespaces, so names must differ.
 */
#include <linux/debugfs.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/sched/clock.h>
#include <linux/seq_file.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "bench_device.h"
#include "calibrate.h"

/**
 * struct rx_device - a device with a thread
 * @list: in rx_devices
 * @dev: the device
 * @thread: its thread
 * @queue: what has come and waits for it
 */
struct rx_device {
	struct list_head list;
	struct net_device *dev;
	struct task_struct *thread;
	struct sk_buff_head queue;
};

/* Under RTNL. */
static LIST_HEAD(rx_devices);
static struct dentry *rx_dir;

/* Hands over what comes, and lets pass what the thread brings back. */
static rx_handler_result_t rx_hand_over(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	struct rx_device *rx = rcu_dereference(skb->dev->rx_handler_data);

	if (current == rx->thread)
		return RX_HANDLER_PASS;
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (!skb)
		return RX_HANDLER_CONSUMED;
	skb_queue_tail(&rx->queue, skb);
	wake_up_process(rx->thread);
	return RX_HANDLER_CONSUMED;
}

static int rx_thread(void *arg)
{
	struct rx_device *rx = arg;
	struct sk_buff *skb;

	while (!kthread_should_stop()) {
		local_bh_disable();
		while ((skb = skb_dequeue(&rx->queue)))
			netif_receive_skb(skb);
		local_bh_enable();
		set_current_state(TASK_INTERRUPTIBLE);
		if (skb_queue_empty(&rx->queue) && !kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

/* Takes over the reference to the device. */
static int rx_add(struct net_device *dev)
{
	struct rx_device *rx = kzalloc(sizeof(*rx), GFP_KERNEL);
	int err;

	if (!rx)
		return -ENOMEM;
	rx->dev = dev;
	skb_queue_head_init(&rx->queue);
	rx->thread = kthread_run(rx_thread, rx, "rx/%s", dev->name);
	if (IS_ERR(rx->thread)) {
		err = PTR_ERR(rx->thread);
		kfree(rx);
		return err;
	}
	rtnl_lock();
	err = netdev_rx_handler_register(dev, rx_hand_over, rx);
	if (!err)
		list_add_tail(&rx->list, &rx_devices);
	rtnl_unlock();
	if (err) {
		kthread_stop(rx->thread);
		kfree(rx);
	}
	return err;
}

static ssize_t rx_devices_write(struct file *file, const char __user *buf,
				size_t len, loff_t *pos)
{
	struct net_device *dev;
	char *name;
	int err;

	if (len > IFNAMSIZ)
		return -EINVAL;
	name = memdup_user_nul(buf, len);
	if (IS_ERR(name))
		return PTR_ERR(name);
	dev = bench_dev_get(strim(name));
	kfree(name);
	if (!dev)
		return -ENODEV;
	err = rx_add(dev);
	if (err)
		dev_put(dev);
	return err ?: len;
}

static int rx_devices_show(struct seq_file *seq, void *unused)
{
	struct rx_device *rx;

	rtnl_lock();
	list_for_each_entry(rx, &rx_devices, list)
		seq_printf(seq, "%s %d\n", rx->dev->name,
			   task_pid_nr(rx->thread));
	rtnl_unlock();
	return 0;
}

static int rx_devices_open(struct inode *inode, struct file *file)
{
	return single_open(file, rx_devices_show, NULL);
}

static const struct file_operations rx_devices_fops = {
	.owner	= THIS_MODULE,
	.open	= rx_devices_open,
	.read	= seq_read,
	.write	= rx_devices_write,
	.llseek	= seq_lseek,
	.release = single_release,
};

static int rx_calibration_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "%llu\n", bench_calibrate(local_clock));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rx_calibration);

static int __init rx_init(void)
{
	rx_dir = debugfs_create_dir("kturn_rx", NULL);
	if (IS_ERR(rx_dir))
		return PTR_ERR(rx_dir);
	debugfs_create_file("devices", 0600, rx_dir, NULL, &rx_devices_fops);
	debugfs_create_file("calibration", 0400, rx_dir, NULL,
			    &rx_calibration_fops);
	return 0;
}

/* Once a handler is unregistered, nobody is in it any more. */
static void __exit rx_exit(void)
{
	struct rx_device *rx, *next;

	debugfs_remove(rx_dir);
	list_for_each_entry_safe(rx, next, &rx_devices, list) {
		rtnl_lock();
		netdev_rx_handler_unregister(rx->dev);
		rtnl_unlock();
		kthread_stop(rx->thread);
		skb_queue_purge(&rx->queue);
		dev_put(rx->dev);
		kfree(rx);
	}
}

module_init(rx_init);
module_exit(rx_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Receiving in a thread of each device, for counting what hosts do");
