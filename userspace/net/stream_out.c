// SPDX-License-Identifier: BSD-3-Clause
#include "net/stream_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/udp_socket.h"

/* The first piece of memory for what waits. */
#define ROOM_MIN 4096

/**
 * struct stream_entry - a collected message
 * @iov: where it lies
 * @next: the next one of the same stream, or SEND_NONE
 */
struct stream_entry {
	struct iovec iov;
	uint16_t next;
};

struct stream_queue {
	struct stream_out_stats stats;
	LIST_HEAD(, stream_out) failed;
	unsigned int used;
	unsigned int streams;
	struct stream_out *busy[STREAM_ENTRIES];
	struct stream_entry entries[STREAM_ENTRIES];
	struct iovec iovs[STREAM_ENTRIES];
};

struct stream_queue *stream_queue_new(void)
{
	struct stream_queue *queue = calloc(1, sizeof(*queue));

	if (queue)
		LIST_INIT(&queue->failed);
	return queue;
}

void stream_queue_free(struct stream_queue *queue)
{
	free(queue);
}

const struct stream_out_stats *
stream_queue_stats(const struct stream_queue *queue)
{
	return &queue->stats;
}

static void add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static void count(uint64_t *counter)
{
	add(counter, 1);
}

void stream_out_init(struct stream_out *out, size_t limit)
{
	out->limit = limit;
	out->first = SEND_NONE;
}

int stream_out_attach(struct stream_out *out, struct event_base *base,
		      event_callback_fn fn, void *arg)
{
	if (event_assign(&out->writable, base, out->sock.fd,
			 EV_WRITE | EV_PERSIST, fn, arg))
		return -ENOMEM;
	out->armed = stream_out_waiting(out);
	return out->armed && event_add(&out->writable, NULL) ? -ENOMEM : 0;
}

void stream_out_fail(struct stream_queue *queue, struct stream_out *out,
		     int error)
{
	if (out->error)
		return;
	out->error = error;
	LIST_INSERT_HEAD(&queue->failed, out, failed);
}

void stream_out_arm(struct stream_queue *queue, struct stream_out *out)
{
	if (out->armed || out->error || !stream_out_waiting(out))
		return;
	if (event_add(&out->writable, NULL))
		stream_out_fail(queue, out, -ENOMEM);
	else
		out->armed = true;
}

struct stream_out *stream_queue_failed(struct stream_queue *queue)
{
	struct stream_out *out = LIST_FIRST(&queue->failed);

	if (out) {
		LIST_REMOVE(out, failed);
		out->failed.le_prev = NULL;
	}
	return out;
}

/* Nothing waits any more: give the memory back, for most connections idle. */
static void forget_waiting(struct stream_out *out)
{
	free(out->data);
	out->data = NULL;
	out->start = out->end = out->room = 0;
}

void stream_out_detach(struct stream_out *out)
{
	event_del(&out->writable);
	out->armed = false;
}

void stream_out_free(struct stream_out *out)
{
	if (out->failed.le_prev)
		LIST_REMOVE(out, failed);
	forget_waiting(out);
}

/* Have room for @len more bytes behind what waits. */
static int make_room(struct stream_out *out, size_t len)
{
	size_t waiting = out->end - out->start;
	size_t room = out->room ? out->room : ROOM_MIN;
	uint8_t *data;

	if (out->end + len <= out->room)
		return 0;
	if (out->start) {
		memmove(out->data, out->data + out->start, waiting);
		out->start = 0;
		out->end = waiting;
	}
	while (room < waiting + len)
		room *= 2;
	if (room == out->room)
		return 0;
	data = realloc(out->data, room);
	if (!data)
		return -ENOMEM;
	out->data = data;
	out->room = room;
	return 0;
}

static int append(struct stream_out *out, const uint8_t *buf, size_t len)
{
	int ret = make_room(out, len);

	if (ret)
		return ret;
	memcpy(out->data + out->end, buf, len);
	out->end += len;
	return 0;
}

/* A relayed message waits if it may, or is dropped. */
static void wait_or_drop(struct stream_queue *queue, struct stream_out *out,
			 const uint8_t *buf, size_t len)
{
	if (stream_out_waiting(out) + len > out->limit ||
	    append(out, buf, len))
		count(&queue->stats.slow);
	else
		count(&queue->stats.sent);
}

/* What must not be lost, or the stream is of no use any more. */
static void wait_or_fail(struct stream_queue *queue, struct stream_out *out,
			 const uint8_t *buf, size_t len)
{
	int ret = append(out, buf, len);

	if (ret)
		stream_out_fail(queue, out, ret);
}

/*
 * Of the messages just written, @taken bytes have left. The rest of one that
 * has left in part has to follow; any behind it may be dropped.
 */
static void keep_rest(struct stream_queue *queue, struct stream_out *out,
		      const struct iovec *iovs, unsigned int n, size_t taken)
{
	size_t at = 0;

	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *buf = iovs[i].iov_base;
		size_t len = iovs[i].iov_len;
		size_t gone = taken > at ? taken - at : 0;

		if (gone >= len) {
			count(&queue->stats.sent);
		} else if (gone) {
			wait_or_fail(queue, out, buf + gone, len - gone);
			count(&queue->stats.sent);
		} else {
			wait_or_drop(queue, out, buf, len);
		}
		at += len;
	}
}

/* Bytes taken; on an error 0, and the stream has failed. */
static size_t try_write(struct stream_queue *queue, struct stream_out *out,
			const struct iovec *iov, unsigned int n)
{
	ssize_t taken = out->sock.transport->write(&out->sock, iov, n);

	if (taken >= 0)
		return (size_t)taken;
	if (taken != -EAGAIN)
		stream_out_fail(queue, out, (int)taken);
	return 0;
}

/* Write what was collected for a stream. */
static void write_chain(struct stream_queue *queue, struct stream_out *out)
{
	uint16_t index = out->first;
	unsigned int n = 0;
	size_t taken, total = 0;

	out->first = SEND_NONE;
	while (index != SEND_NONE) {
		queue->iovs[n++] = queue->entries[index].iov;
		total += queue->entries[index].iov.iov_len;
		index = queue->entries[index].next;
	}
	if (!n || out->error)
		return;
	taken = try_write(queue, out, queue->iovs, n);
	if (!out->error && taken < total)
		keep_rest(queue, out, queue->iovs, n, taken);
	else
		add(&queue->stats.sent, n);
	stream_out_arm(queue, out);
}

void stream_queue_flush(struct stream_queue *queue)
{
	for (unsigned int i = 0; i < queue->streams; i++)
		write_chain(queue, queue->busy[i]);
	queue->streams = 0;
	queue->used = 0;
}

void stream_queue_relay(struct stream_queue *queue, struct stream_out *out,
			const uint8_t *buf, size_t len)
{
	uint16_t index;

	if (out->error)
		return;
	if (queue->used == STREAM_ENTRIES)
		stream_queue_flush(queue);
	if (stream_out_waiting(out)) {
		wait_or_drop(queue, out, buf, len);
		stream_out_arm(queue, out);
		return;
	}
	index = (uint16_t)queue->used++;
	queue->entries[index] = (struct stream_entry){
		.iov = { (void *)(uintptr_t)buf, len }, .next = SEND_NONE,
	};
	if (out->first == SEND_NONE) {
		out->first = index;
		queue->busy[queue->streams++] = out;
	} else {
		queue->entries[out->last].next = index;
	}
	out->last = index;
}

void stream_queue_reply(struct stream_queue *queue, struct stream_out *out,
			const uint8_t *buf, size_t len)
{
	const struct iovec iov = { (void *)(uintptr_t)buf, len };
	size_t taken = 0;

	write_chain(queue, out);
	if (!out->error && !stream_out_waiting(out))
		taken = try_write(queue, out, &iov, 1);
	if (out->error)
		return;
	if (stream_out_waiting(out) + len - taken >
	    out->limit + STREAM_REPLY_ROOM)
		stream_out_fail(queue, out, -ENOBUFS);
	else if (taken < len)
		wait_or_fail(queue, out, buf + taken, len - taken);
	stream_out_arm(queue, out);
}

void stream_out_resume(struct stream_queue *queue, struct stream_out *out)
{
	const struct iovec iov = {
		out->data + out->start, out->end - out->start,
	};

	if (stream_out_waiting(out) && !out->error)
		out->start += try_write(queue, out, &iov, iov.iov_len ? 1 : 0);
	if (out->start == out->end)
		forget_waiting(out);
	if (stream_out_waiting(out) && !out->error)
		return;
	event_del(&out->writable);
	out->armed = false;
}
