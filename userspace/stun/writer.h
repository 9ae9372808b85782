/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bounded writer: all wire encoding goes through it.
 *
 * It cannot run past its end. The first write that would do so writes nothing
 * and marks it failed for good; later writes do nothing. The length of what
 * was written can only be had through stun_writer_end(), which tells.
 */
#ifndef KTURN_STUN_WRITER_H
#define KTURN_STUN_WRITER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

/**
 * struct stun_writer - a cursor over a buffer to fill
 * @buf: the buffer
 * @cap: its size in bytes
 * @len: bytes written so far
 * @failed: something did not fit
 */
struct stun_writer {
	uint8_t *buf;
	size_t cap;
	size_t len;
	bool failed;
};

static inline struct stun_writer stun_writer(void *buf, size_t cap)
{
	return (struct stun_writer){ .buf = buf, .cap = cap };
}

/**
 * stun_writer_end() - how much was written
 * @w: the writer
 *
 * Return: number of bytes, or -EMSGSIZE if anything did not fit.
 */
__attribute__((warn_unused_result))
static inline ssize_t stun_writer_end(const struct stun_writer *w)
{
	return w->failed ? -EMSGSIZE : (ssize_t)w->len;
}

/**
 * stun_write_space() - claim @len bytes, leaving them as they are
 * @w: the writer
 * @len: how many
 *
 * Return: pointer to the bytes, or NULL if they do not fit.
 */
static inline uint8_t *stun_write_space(struct stun_writer *w, size_t len)
{
	uint8_t *start = w->buf + w->len;

	if (w->failed || len > w->cap - w->len) {
		w->failed = true;
		return NULL;
	}
	w->len += len;
	return start;
}

static inline void stun_write_bytes(struct stun_writer *w, const void *data,
				    size_t len)
{
	uint8_t *p = stun_write_space(w, len);

	if (p && len)
		memcpy(p, data, len);
}

static inline void stun_write_zeros(struct stun_writer *w, size_t len)
{
	uint8_t *p = stun_write_space(w, len);

	if (p && len)
		memset(p, 0, len);
}

static inline void stun_write_u8(struct stun_writer *w, uint8_t v)
{
	stun_write_bytes(w, &v, 1);
}

/** stun_write_u16() - two bytes in network byte order; @v in host order */
static inline void stun_write_u16(struct stun_writer *w, uint16_t v)
{
	const uint8_t b[] = { (uint8_t)(v >> 8), (uint8_t)v };

	stun_write_bytes(w, b, sizeof(b));
}

/** stun_write_u32() - four bytes in network byte order; @v in host order */
static inline void stun_write_u32(struct stun_writer *w, uint32_t v)
{
	const uint8_t b[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
			      (uint8_t)(v >> 8), (uint8_t)v };

	stun_write_bytes(w, b, sizeof(b));
}

#endif /* KTURN_STUN_WRITER_H */
