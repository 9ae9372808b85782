// SPDX-License-Identifier: BSD-3-Clause
#include "bench/sequence.h"

#include <string.h>

/* Makes room for numbers up to the one given: they have not been seen yet. */
static void advance(struct sequence *s, uint64_t number)
{
	if (number - s->next >= SEQUENCE_WINDOW) {
		memset(s->seen, 0, sizeof(s->seen));
		s->next = number + 1;
		return;
	}
	for (; s->next <= number; s->next++)
		s->seen[s->next % SEQUENCE_WINDOW / 64] &=
			~(1ULL << s->next % 64);
}

enum arrival_kind sequence_arrived(struct sequence *s, uint64_t number)
{
	uint64_t *word = &s->seen[number % SEQUENCE_WINDOW / 64];
	uint64_t bit = 1ULL << number % 64;
	enum arrival_kind arrival = ARRIVAL_REORDERED;

	if (number >= s->next) {
		advance(s, number);
		arrival = ARRIVAL_IN_ORDER;
	} else if (s->next - number > SEQUENCE_WINDOW) {
		return ARRIVAL_STALE;
	} else if (*word & bit) {
		return ARRIVAL_DUPLICATE;
	}
	*word |= bit;
	return arrival;
}
