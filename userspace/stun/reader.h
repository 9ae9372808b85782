/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bounded reader: all wire parsing goes through it.
 *
 * It cannot run past its end. The first read that would do so marks it failed
 * for good; from then on it is empty and every read yields zeros, so code
 * above may read a whole structure and ask once, at the end, whether it was
 * there. stun_reader_ok() is that question.
 */
#ifndef KTURN_STUN_READER_H
#define KTURN_STUN_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct stun_bytes - a run of bytes somewhere else, not owned
 * @data: the first byte; only meaningful when @len is not 0
 * @len: how many
 */
struct stun_bytes {
	const uint8_t *data;
	size_t len;
};

/**
 * struct stun_reader - a cursor over received bytes
 * @cur: next byte to read
 * @left: bytes left
 * @failed: a read went past the end
 */
struct stun_reader {
	const uint8_t *cur;
	size_t left;
	bool failed;
};

static inline struct stun_reader stun_reader(const void *data, size_t len)
{
	return (struct stun_reader){ .cur = data, .left = len };
}

/**
 * stun_reader_ok() - were all reads so far within bounds?
 * @r: the reader
 */
__attribute__((warn_unused_result))
static inline bool stun_reader_ok(const struct stun_reader *r)
{
	return !r->failed;
}

/**
 * stun_read_bytes() - take @len bytes without copying them
 * @r: the reader
 * @len: how many
 *
 * Return: pointer to the bytes, or NULL if there are not so many.
 */
static inline const uint8_t *stun_read_bytes(struct stun_reader *r, size_t len)
{
	const uint8_t *start = r->cur;

	if (len > r->left) {
		r->failed = true;
		r->left = 0;
		return NULL;
	}
	r->cur += len;
	r->left -= len;
	return start;
}

static inline uint8_t stun_read_u8(struct stun_reader *r)
{
	const uint8_t *p = stun_read_bytes(r, 1);

	return p ? p[0] : 0;
}

/** stun_read_u16() - the next two bytes, from network to host byte order */
static inline uint16_t stun_read_u16(struct stun_reader *r)
{
	const uint8_t *p = stun_read_bytes(r, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

/** stun_read_u32() - the next four bytes, from network to host byte order */
static inline uint32_t stun_read_u32(struct stun_reader *r)
{
	const uint8_t *p = stun_read_bytes(r, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		   (uint32_t)p[2] << 8 | p[3] : 0;
}

#endif /* KTURN_STUN_READER_H */
