/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much fits through the relay, and what the sender of more is told (RFC
 * 8656 sections 13 and 14).
 */
#ifndef KTURN_TESTS_RELAY_MTU_H
#define KTURN_TESTS_RELAY_MTU_H

#include "relay_lab.h"

#define RELAY_CHANNEL_DATA_HEADER 4

/**
 * relay_headers() - length of the IP and UDP headers, in bytes
 * @r: the set-up
 */
size_t relay_headers(const struct relay *r);

/**
 * relay_fits() - largest application data that needs no more than an MTU
 * @r: the set-up
 * @dir: its direction
 * @mtu: that of the link it leaves by
 *
 * Return: its length in bytes.
 */
size_t relay_fits(const struct relay *r, enum direction dir, size_t mtu);

/**
 * relay_told_mtu() - MTU that the sender of something too big is told
 * @r: the set-up
 * @dir: direction of what is too big
 * @mtu: that of the link it would leave by
 *
 * The longest packet that the sender gets through. ChannelData comes out four
 * bytes shorter, peers' datagrams four bytes longer; IPv6 peers are told 48
 * bytes less, to leave room for a Data indication (section 13.2), but no MTU
 * below 1280 (RFC 8200).
 */
uint32_t relay_told_mtu(const struct relay *r, enum direction dir,
			uint32_t mtu);

/**
 * relay_limit_is() - what fits is forwarded, what is a byte longer is not
 * @r: the set-up
 * @dir: direction
 * @mtu: that of the link it leaves by
 *
 * Return: whether that is so, and the sender is told.
 */
bool relay_limit_is(struct relay *r, enum direction dir, size_t mtu);

#endif /* KTURN_TESTS_RELAY_MTU_H */
