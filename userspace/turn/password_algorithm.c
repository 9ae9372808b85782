// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "stun/error_code.h"
#include "turn/password_algorithm.h"

#define ENTRY_LEN 4

/* In preferential order. Neither has parameters. */
static const uint16_t sha256_md5[] = {
	STUN_PASSWORD_SHA256, STUN_PASSWORD_MD5,
};

static const struct list {
	const uint16_t *numbers;
	size_t count;
} lists[] = {
	[TURN_ALGORITHMS_NONE] = { NULL, 0 },
	[TURN_ALGORITHMS_MD5] = { sha256_md5 + 1, 1 },
	[TURN_ALGORITHMS_SHA256_MD5] = { sha256_md5, 2 },
};

void turn_put_password_algorithms(struct stun_builder *b,
				  enum turn_algorithms algorithms)
{
	if (algorithms)
		stun_put_password_algorithms(b, lists[algorithms].numbers,
					     lists[algorithms].count);
}

size_t turn_password_algorithms_len(enum turn_algorithms algorithms)
{
	return algorithms ? STUN_ATTR_HEADER_LEN +
			    ENTRY_LEN * lists[algorithms].count : 0;
}

/* "PASSWORD-ALGORITHMS matches the value sent" with the nonce. */
static bool same_list(const struct list *sent, struct stun_bytes value)
{
	struct stun_reader r = stun_reader(value.data, value.len);
	size_t i;

	if (value.len != ENTRY_LEN * sent->count)
		return false;
	for (i = 0; i < sent->count; i++) {
		uint16_t number = stun_read_u16(&r);

		if (number != sent->numbers[i] || stun_read_u16(&r) != 0)
			return false;
	}
	return true;
}

static bool on_list(const struct list *sent,
		    const struct stun_password_algorithm *chosen)
{
	size_t i;

	for (i = 0; i < sent->count; i++)
		if (chosen->number == sent->numbers[i])
			return chosen->parameters.len == 0;
	return false;
}

unsigned int turn_password_algorithm(struct turn_request *req,
				     struct stun_bytes nonce)
{
	const struct list *sent = &lists[turn_nonce_offer(nonce).algorithms];
	struct stun_password_algorithm chosen;
	struct stun_bytes value;
	bool has_list, has_choice;

	req->algorithm = STUN_PASSWORD_MD5;
	req->hmac = STUN_HMAC_SHA1;
	if (!sent->count)
		return 0;
	has_list = stun_get_bytes(req->msg, STUN_ATTR_PASSWORD_ALGORITHMS,
				  &value) == 0;
	has_choice = stun_has(req->msg, STUN_ATTR_PASSWORD_ALGORITHM);
	/* A client of RFC 5389: "as though PASSWORD-ALGORITHM were MD5". */
	if (!has_list && !has_choice)
		return 0;
	if (!has_list || !same_list(sent, value) ||
	    stun_get_password_algorithm(req->msg, &chosen) ||
	    !on_list(sent, &chosen))
		return STUN_ERR_BAD_REQUEST;
	req->algorithm = chosen.number;
	req->hmac = STUN_HMAC_SHA256;
	return 0;
}
