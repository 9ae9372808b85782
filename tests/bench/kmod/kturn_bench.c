// SPDX-License-Identifier: GPL-2.0-only
/*
 * kturn_bench: a packet source and a packet sink that cost next to nothing,
 * for counting what lies between them.
 *
 * The source hands ready-made Ethernet frames to the stack as if a device had
 * just received them: in bursts, with bottom halves off, as a driver's poll
 * does. The sink takes UDP packets at the ingress of another device, counts
 * and frees them; an skb that is left to be segmented (UDP GSO) counts as the
 * packets it stands for, as if the device did that. What is in the frames is
 * the caller's business, so one module serves plain forwarding, TURN over IPv4
 * and IPv6, and whatever comes.
 *
 * Files in debugfs, directory kturn_bench:
 *
 *   frames	write, one write per set: the frames to send in turn, each a
 *		16-bit length (host byte order) and the bytes, destination
 *		address first
 *   run	write: "in=DEV out=DEV [via=DEV|xmit=DEV] packets=N [warm_up=N] [burst=N]
 *		[capture=1]". Sends warm_up + packets frames into DEV in and
 *		waits until as many have come to DEV out. With via, the module
 *		moves the frames from in to via itself, and the stack above
 *		the devices sees none. in and out may be the same device: then
 *		the packets are dropped on arrival.
 *		With xmit, frames are no skbs: they are given to the
 *		ndo_xdp_xmit of that device, the other end of in, a veth with
 *		XDP or GRO. A program at out is to drop them then, and they are
 *		counted by that device; but not with capture.
 *		Fails with ETIMEDOUT when packets do not arrive.
 *   result	read: what the last run saw, as "key value" lines
 *   captured	read: the frames that came out of the last run with capture=1,
 *		warm-up excluded, in the format of frames; segmented
 *
 * Devices are found by name in all network namespaces, so names must differ.
 *
 * Cycles are those of get_cycles(). Under QEMU's -icount shift=0 they are
 * executed instructions; the key "calibration" tells how many cycles a
 * million instructions took, so that the reader can refuse anything else.
 */
#include <linux/atomic.h>
#include <linux/bpf.h>
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>
#include <linux/skbuff.h>
#include <linux/tick.h>
#include <linux/timex.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <net/xdp.h>

#include "bench_device.h"
#include "calibrate.h"

#define BENCH_FRAMES_MAX	(512 << 20)	/* bytes in a set of frames */
#define BENCH_CAPTURE_MAX	(16 << 20)	/* bytes kept of what came out */
#define BENCH_BURST_MAX		1024
#define BENCH_XMIT_MAX		64	/* frames given to a device at once */
#define BENCH_XMIT_BYTES	2048	/* memory of such a frame */
#define BENCH_TIMEOUT		(5 * HZ)	/* for a burst to come out */

struct bench_frame {
	u32 offset;
	u32 len;
};

/**
 * struct bench_frames - a set of frames, sent in turn
 * @data: what was written to the file "frames"
 * @index: where each frame lies in @data
 * @count: number of frames
 * @next: the one to send next
 */
struct bench_frames {
	u8 *data;
	struct bench_frame *index;
	u32 count;
	u32 next;
};

/**
 * struct bench_run - one run, as asked for
 * @in: device that seems to receive the frames
 * @via: device that the module moves them to, or NULL
 * @xmit: device that the module gives frames without skbs to, or NULL
 * @out: device whose ingress is the sink
 * @before: packets that it had received before
 * @packets: number of packets measured
 * @warm_up: number of packets sent before
 * @burst: packets handed over at once
 * @capture: keep what comes out
 */
struct bench_run {
	struct net_device *in;
	struct net_device *via;
	struct net_device *xmit;
	struct net_device *out;
	u64 before;
	u32 packets;
	u32 warm_up;
	u32 burst;
	bool capture;
};

struct bench_result {
	u64 cycles;
	u64 idle_us;
	u64 sent;
	u64 received;
	u64 skbs;
	u64 bytes;
	u64 calibration;
};

/**
 * struct bench_sink - where packets end
 * @received: packets so far
 * @target: wake the source at this many
 * @skbs: what they came in
 * @bytes: their bytes, from the network header on
 * @wait: the source, waiting
 * @captured: copy of what came, or NULL
 * @captured_len: bytes used of it
 */
struct bench_sink {
	atomic_t received;
	int target;
	u64 skbs;
	u64 bytes;
	wait_queue_head_t wait;
	u8 *captured;
	size_t captured_len;
};

/* Held by every file operation; one run at a time. */
static DEFINE_MUTEX(bench_lock);
static struct bench_frames frames;
static struct bench_result result;
static struct bench_sink sink;
static struct dentry *bench_dir;

/* --- the sink ------------------------------------------------------------- */

/* Keeps a frame; @skb's data is its Ethernet header. */
static void bench_capture_frame(struct sk_buff *skb)
{
	u8 *to = sink.captured + sink.captured_len;
	u16 len = skb->len;

	if (sink.captured_len + sizeof(len) + len > BENCH_CAPTURE_MAX)
		return;
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		return;
	memcpy(to, &len, sizeof(len));
	if (skb_copy_bits(skb, 0, to + sizeof(len), len))
		return;
	sink.captured_len += sizeof(len) + len;
}

static void bench_capture(struct sk_buff *skb)
{
	struct sk_buff *segs, *seg, *next;

	skb_push(skb, ETH_HLEN);
	if (!skb_is_gso(skb)) {
		bench_capture_frame(skb);
		return;
	}
	segs = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(segs))
		return;
	skb_list_walk_safe(segs, seg, next) {
		bench_capture_frame(seg);
		consume_skb(seg);
	}
}

static bool bench_is_udp(const struct sk_buff *skb)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return ip_hdr(skb)->protocol == IPPROTO_UDP;
	case htons(ETH_P_IPV6):
		return ipv6_hdr(skb)->nexthdr == IPPROTO_UDP;
	default:
		return false;
	}
}

/* Counts and frees UDP; ARP, neighbour discovery and the like go their way. */
static rx_handler_result_t bench_sink_receive(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;
	int packets = 1;

	if (!bench_is_udp(skb))
		return RX_HANDLER_PASS;
	if (skb_is_gso(skb))
		packets = skb_shinfo(skb)->gso_segs;
	sink.skbs++;
	sink.bytes += skb->len;
	if (unlikely(sink.captured))
		bench_capture(skb);
	consume_skb(skb);
	if (atomic_add_return(packets, &sink.received) ==
	    READ_ONCE(sink.target))
		wake_up(&sink.wait);
	return RX_HANDLER_CONSUMED;
}

/* From one device straight to another: what the devices alone cost. */
static rx_handler_result_t bench_cross(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;

	skb->dev = rcu_dereference(skb->dev->rx_handler_data);
	skb_push(skb, ETH_HLEN);
	dev_queue_xmit(skb);
	return RX_HANDLER_CONSUMED;
}

/* --- the source ----------------------------------------------------------- */

/* A fresh skb with the next frame, as a driver makes them. */
static struct sk_buff *bench_next_skb(struct net_device *dev)
{
	const struct bench_frame *frame = &frames.index[frames.next];
	struct sk_buff *skb;

	skb = netdev_alloc_skb_ip_align(dev, frame->len);
	if (!skb)
		return NULL;
	skb_put_data(skb, frames.data + frame->offset, frame->len);
	skb->protocol = eth_type_trans(skb, dev);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (++frames.next == frames.count)
		frames.next = 0;
	return skb;
}

static int bench_send_burst(struct net_device *dev, u32 count)
{
	struct sk_buff_head burst;
	struct sk_buff *skb;

	__skb_queue_head_init(&burst);
	while (count--) {
		skb = bench_next_skb(dev);
		if (!skb) {
			__skb_queue_purge(&burst);
			return -ENOMEM;
		}
		__skb_queue_tail(&burst, skb);
	}
	local_bh_disable();
	while ((skb = __skb_dequeue(&burst)))
		netif_receive_skb(skb);
	local_bh_enable();
	return 0;
}

/* The next frame without an skb, as a driver with XDP makes them. */
static struct xdp_frame *bench_next_frame(void)
{
	const struct bench_frame *frame = &frames.index[frames.next];
	/* Memory that is freed as a page's part is. */
	static struct xdp_rxq_info rxq;
	struct xdp_buff xdp;
	void *head;

	head = netdev_alloc_frag(BENCH_XMIT_BYTES);
	if (!head)
		return NULL;
	xdp_init_buff(&xdp, BENCH_XMIT_BYTES, &rxq);
	xdp_prepare_buff(&xdp, head, XDP_PACKET_HEADROOM, frame->len, false);
	memcpy(xdp.data, frames.data + frame->offset, frame->len);
	if (++frames.next == frames.count)
		frames.next = 0;
	return xdp_convert_buff_to_frame(&xdp);
}

static int bench_xmit_burst(struct net_device *dev, u32 count)
{
	struct xdp_frame *burst[BENCH_XMIT_MAX];
	int made, sent, i;

	for (made = 0; made < count; made++) {
		burst[made] = bench_next_frame();
		if (!burst[made])
			break;
	}
	local_bh_disable();
	sent = dev->netdev_ops->ndo_xdp_xmit(dev, made, burst, XDP_XMIT_FLUSH);
	for (i = max(sent, 0); i < made; i++)
		xdp_return_frame(burst[i]);
	local_bh_enable();
	return sent == count ? 0 : -ENOBUFS;
}

static u64 bench_rx_packets(struct net_device *dev)
{
	struct rtnl_link_stats64 stats;

	return dev_get_stats(dev, &stats)->rx_packets;
}

/*
 * Waits until what went in has come out: it ends in no function of this module.
 * A neighbour solicitation or the like may be among it; that nothing was lost
 * is for the relay's counters to tell.
 */
static int bench_await_frames(const struct bench_run *run)
{
	const unsigned long deadline = jiffies + BENCH_TIMEOUT;

	for (;;) {
		u64 come = bench_rx_packets(run->out) - run->before;

		atomic_set(&sink.received, min_t(u64, come, sink.target));
		if (come >= sink.target)
			return 0;
		if (time_after(jiffies, deadline))
			return -ETIMEDOUT;
		schedule_timeout_uninterruptible(1);
	}
}

static int bench_await(const struct bench_run *run)
{
	if (run->xmit && !run->capture)
		return bench_await_frames(run);
	return wait_event_timeout(sink.wait,
				  atomic_read(&sink.received) >= sink.target,
				  BENCH_TIMEOUT) ? 0 : -ETIMEDOUT;
}

/*
 * Sends packets, each burst when the one before has come out. What relays in
 * the kernel is done when bottom halves are on again; a daemon runs while
 * this waits.
 */
static int bench_send(const struct bench_run *run, u32 packets)
{
	u32 sent, burst;
	int err;

	for (sent = 0; sent < packets; sent += burst) {
		burst = min(run->burst, packets - sent);
		WRITE_ONCE(sink.target, atomic_read(&sink.received) + burst);
		result.sent += burst;
		err = run->xmit ? bench_xmit_burst(run->xmit, burst) :
				  bench_send_burst(run->in, burst);
		if (!err)
			err = bench_await(run);
		if (err)
			return err;
	}
	return 0;
}

static u64 bench_cycles(void)
{
	return get_cycles();
}

static int bench_measure(struct bench_run *run)
{
	u64 start, idle;
	int err;

	memset(&result, 0, sizeof(result));
	atomic_set(&sink.received, 0);
	run->before = bench_rx_packets(run->out);
	result.calibration = bench_calibrate(bench_cycles);
	err = bench_send(run, run->warm_up);
	if (err)
		goto out;

	result.sent = 0;
	atomic_set(&sink.received, 0);
	sink.skbs = 0;
	sink.bytes = 0;
	sink.captured_len = 0;
	run->before = bench_rx_packets(run->out);
	idle = get_cpu_idle_time_us(0, NULL);
	start = get_cycles();
	err = bench_send(run, run->packets);
	result.cycles = get_cycles() - start;
	result.idle_us = get_cpu_idle_time_us(0, NULL) - idle;
out:
	result.received = atomic_read(&sink.received);
	result.skbs = sink.skbs;
	result.bytes = sink.bytes;
	return err;
}

static int bench_attach(const struct bench_run *run)
{
	int err;

	rtnl_lock();
	err = netdev_rx_handler_register(run->out, bench_sink_receive, NULL);
	if (!err && run->via) {
		err = netdev_rx_handler_register(run->in, bench_cross,
						 run->via);
		if (err)
			netdev_rx_handler_unregister(run->out);
	}
	rtnl_unlock();
	return err;
}

static void bench_detach(const struct bench_run *run)
{
	rtnl_lock();
	netdev_rx_handler_unregister(run->out);
	if (run->via)
		netdev_rx_handler_unregister(run->in);
	rtnl_unlock();
}

static int bench_run(struct bench_run *run)
{
	int err;

	if (!run->in || !run->out || !run->packets || !run->burst ||
	    run->burst > BENCH_BURST_MAX || !frames.count ||
	    (run->via && run->in == run->out) ||
	    (run->xmit && (run->burst > BENCH_XMIT_MAX ||
			   !run->xmit->netdev_ops->ndo_xdp_xmit)))
		return -EINVAL;
	vfree(sink.captured);
	sink.captured = NULL;
	sink.captured_len = 0;
	if (run->capture) {
		sink.captured = vmalloc(BENCH_CAPTURE_MAX);
		if (!sink.captured)
			return -ENOMEM;
	}
	frames.next = 0;
	err = bench_attach(run);
	if (err)
		return err;
	err = bench_measure(run);
	bench_detach(run);
	return err;
}

/* --- the files ------------------------------------------------------------ */

static int bench_parse_dev(struct net_device **dev, const char *name)
{
	dev_put(*dev);
	*dev = bench_dev_get(name);
	return *dev ? 0 : -ENODEV;
}

static int bench_parse_option(struct bench_run *run, const char *key,
			      const char *value)
{
	if (!strcmp(key, "in"))
		return bench_parse_dev(&run->in, value);
	if (!strcmp(key, "out"))
		return bench_parse_dev(&run->out, value);
	if (!strcmp(key, "via"))
		return bench_parse_dev(&run->via, value);
	if (!strcmp(key, "xmit"))
		return bench_parse_dev(&run->xmit, value);
	if (!strcmp(key, "packets"))
		return kstrtou32(value, 0, &run->packets);
	if (!strcmp(key, "warm_up"))
		return kstrtou32(value, 0, &run->warm_up);
	if (!strcmp(key, "burst"))
		return kstrtou32(value, 0, &run->burst);
	if (!strcmp(key, "capture"))
		return kstrtobool(value, &run->capture);
	return -EINVAL;
}

static int bench_parse(struct bench_run *run, char *text)
{
	char *option;
	int err;

	strim(text);
	while ((option = strsep(&text, " "))) {
		char *key = strsep(&option, "=");

		if (!*key)
			continue;
		if (!option)
			return -EINVAL;
		err = bench_parse_option(run, key, option);
		if (err)
			return err;
	}
	return 0;
}

static ssize_t bench_run_write(struct file *file, const char __user *buf,
			       size_t len, loff_t *pos)
{
	struct bench_run run = { .burst = 64 };
	char *text;
	int err;

	if (len > PAGE_SIZE)
		return -EINVAL;
	text = memdup_user_nul(buf, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	mutex_lock(&bench_lock);
	err = bench_parse(&run, text);
	if (!err)
		err = bench_run(&run);
	mutex_unlock(&bench_lock);
	dev_put(run.in);
	dev_put(run.via);
	dev_put(run.xmit);
	dev_put(run.out);
	kfree(text);
	return err ?: len;
}

static const struct file_operations bench_run_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= bench_run_write,
};

/* Walks the set; fills @index when there is one. Returns the count, or < 0. */
static int bench_index_frames(const u8 *data, size_t len,
			      struct bench_frame *index)
{
	size_t at = 0;
	int count = 0;

	while (at < len) {
		u16 frame_len;

		if (len - at < sizeof(frame_len))
			return -EINVAL;
		memcpy(&frame_len, data + at, sizeof(frame_len));
		at += sizeof(frame_len);
		if (frame_len < ETH_HLEN || frame_len > len - at)
			return -EINVAL;
		if (index)
			index[count] = (struct bench_frame){ at, frame_len };
		at += frame_len;
		count++;
	}
	return count;
}

static void bench_free_frames(void)
{
	kvfree(frames.data);
	kvfree(frames.index);
	memset(&frames, 0, sizeof(frames));
}

static int bench_set_frames(u8 *data, size_t len)
{
	struct bench_frame *index;
	int count;

	count = bench_index_frames(data, len, NULL);
	if (count <= 0)
		return count ?: -EINVAL;
	index = kvcalloc(count, sizeof(*index), GFP_KERNEL);
	if (!index)
		return -ENOMEM;
	bench_index_frames(data, len, index);
	bench_free_frames();
	frames = (struct bench_frames){ .data = data, .index = index,
					.count = count };
	return 0;
}

static ssize_t bench_frames_write(struct file *file, const char __user *buf,
				  size_t len, loff_t *pos)
{
	u8 *data;
	int err;

	if (len > BENCH_FRAMES_MAX)
		return -EFBIG;
	data = vmemdup_user(buf, len);
	if (IS_ERR(data))
		return PTR_ERR(data);
	mutex_lock(&bench_lock);
	err = bench_set_frames(data, len);
	mutex_unlock(&bench_lock);
	if (err)
		kvfree(data);
	return err ?: len;
}

static const struct file_operations bench_frames_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= bench_frames_write,
};

static int bench_result_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&bench_lock);
	seq_printf(seq, "cycles %llu\n", result.cycles);
	seq_printf(seq, "idle_us %llu\n", result.idle_us);
	seq_printf(seq, "sent %llu\n", result.sent);
	seq_printf(seq, "received %llu\n", result.received);
	seq_printf(seq, "skbs %llu\n", result.skbs);
	seq_printf(seq, "bytes %llu\n", result.bytes);
	seq_printf(seq, "calibration %llu\n", result.calibration);
	seq_printf(seq, "cpus %u\n", num_online_cpus());
	mutex_unlock(&bench_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench_result);

static ssize_t bench_captured_read(struct file *file, char __user *buf,
				   size_t len, loff_t *pos)
{
	ssize_t ret;

	mutex_lock(&bench_lock);
	ret = simple_read_from_buffer(buf, len, pos, sink.captured,
				      sink.captured_len);
	mutex_unlock(&bench_lock);
	return ret;
}

static const struct file_operations bench_captured_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.read	= bench_captured_read,
	.llseek	= default_llseek,
};

static int __init bench_init(void)
{
	init_waitqueue_head(&sink.wait);
	bench_dir = debugfs_create_dir("kturn_bench", NULL);
	if (IS_ERR(bench_dir))
		return PTR_ERR(bench_dir);
	debugfs_create_file("frames", 0200, bench_dir, NULL,
			    &bench_frames_fops);
	debugfs_create_file("run", 0200, bench_dir, NULL, &bench_run_fops);
	debugfs_create_file("result", 0400, bench_dir, NULL,
			    &bench_result_fops);
	debugfs_create_file("captured", 0400, bench_dir, NULL,
			    &bench_captured_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(bench_dir);
	bench_free_frames();
	vfree(sink.captured);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Packet source and sink for counting instructions per packet");
