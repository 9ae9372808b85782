// SPDX-License-Identifier: BSD-3-Clause
#include "bench/size_mix.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/payload.h"

/* A number between two others; where it ends goes to @end. */
static int number(const char *text, const char **end, unsigned long min,
		  unsigned long max, unsigned long *value)
{
	char *behind;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*value = strtoul(text, &behind, 10);
	*end = behind;
	return errno || *value < min || *value > max ? -EINVAL : 0;
}

int size_mix_parse(struct size_mix *mix, const char *text, char *why,
		   size_t why_size)
{
	unsigned long size, weight;
	const char *p = text;

	*mix = (struct size_mix){ 0 };
	for (;;) {
		if (mix->count == SIZE_MIX_MAX) {
			snprintf(why, why_size, "at most %d sizes",
				 SIZE_MIX_MAX);
			return -EINVAL;
		}
		if (number(p, &p, PAYLOAD_HEADER_LEN, PAYLOAD_MAX, &size)) {
			snprintf(why, why_size,
				 "sizes are from %d to %d bytes, as in 172 or 172:70,1200:30",
				 PAYLOAD_HEADER_LEN, PAYLOAD_MAX);
			return -EINVAL;
		}
		weight = 1;
		if (*p == ':' &&
		    number(p + 1, &p, 1, SIZE_MIX_MAX_WEIGHT, &weight)) {
			snprintf(why, why_size, "weights are from 1 to %d",
				 SIZE_MIX_MAX_WEIGHT);
			return -EINVAL;
		}
		mix->entries[mix->count].size = (uint16_t)size;
		mix->entries[mix->count++].weight = (uint32_t)weight;
		mix->total += (uint32_t)weight;
		if (size > mix->largest)
			mix->largest = (uint16_t)size;
		if (*p != ',')
			break;
		p++;
	}
	if (!*p)
		return 0;
	snprintf(why, why_size, "\"%s\" makes no sense there", p);
	return -EINVAL;
}

/*
 * Multiples of the golden ratio, less their whole part, fill the unit interval
 * as evenly as any sequence can.
 */
uint16_t size_mix_pick(const struct size_mix *mix, uint64_t n)
{
	uint32_t at = (uint32_t)n * 2654435769u;
	uint32_t weight = (uint32_t)((uint64_t)at * mix->total >> 32);
	unsigned int i = 0;

	while (i + 1 < mix->count && weight >= mix->entries[i].weight)
		weight -= mix->entries[i++].weight;
	return mix->entries[i].size;
}
