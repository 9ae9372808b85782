/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MOBILITY-TICKET values (RFC 8016, section 3.3): which allocation, and which
 * of its tickets, encrypted and authenticated by a key that all workers share
 * and nobody else has. AES-SIV (RFC 5297) needs no random numbers: the same
 * ticket is always written the same way, and others have nothing in common.
 *
 * As text, and no longer than 32 characters: turnutils_uclient keeps a ticket as
 * a C string of that size.
 */
#ifndef KTURN_TURN_TICKET_H
#define KTURN_TURN_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "turn/base64.h"

/* Authentication tag and 8 encrypted bytes, in base64. */
#define TURN_TICKET_TAG_LEN	16
#define TURN_TICKET_LEN		BASE64_LEN(TURN_TICKET_TAG_LEN + 8)

/* Largest id and number that a ticket can say. */
#define TURN_TICKET_ID_MAX	((1ull << 40) - 1)
#define TURN_TICKET_NUMBER_MAX	0xffffffu

/**
 * struct turn_ticket - what a ticket says
 * @id: of the allocation, unique among all workers' while they run
 * @number: of the ticket among those of the allocation, from 1
 */
struct turn_ticket {
	uint64_t id;
	uint32_t number;
};

/**
 * struct turn_ticket_key - key of tickets
 * @cipher: AES-256-SIV
 * @bytes: two keys of AES-256
 */
struct turn_ticket_key {
	EVP_CIPHER *cipher;
	uint8_t bytes[64];
};

/**
 * turn_ticket_key_init() - derive the key of tickets
 * @key: filled
 * @secret: bytes that only this server knows
 * @len: how many
 *
 * Return: 0, or -EIO if OpenSSL lacks HMAC-SHA512 or AES-256-SIV.
 */
int turn_ticket_key_init(struct turn_ticket_key *key, const void *secret,
			 size_t len);

/** turn_ticket_key_free() - forget it */
void turn_ticket_key_free(struct turn_ticket_key *key);

/**
 * turn_ticket_seal() - write a ticket
 * @key: key of tickets
 * @ticket: what it says
 * @sealed: filled; text, with a zero behind it
 *
 * Return: 0, or -EIO if OpenSSL fails.
 */
int turn_ticket_seal(const struct turn_ticket_key *key,
		     const struct turn_ticket *ticket,
		     char sealed[static TURN_TICKET_LEN + 1]);

/**
 * turn_ticket_open() - read a ticket
 * @key: key of tickets
 * @sealed: the attribute's value
 * @len: its length in bytes
 * @ticket: filled
 *
 * Return: whether the key's owner wrote it, and nobody has changed it.
 */
bool turn_ticket_open(const struct turn_ticket_key *key, const void *sealed,
		      size_t len, struct turn_ticket *ticket);

#endif /* KTURN_TURN_TICKET_H */
