/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `make bench` measured, for kturnctl check: paths base-again, kturn,
 * xdp-base and kturn-xdp, 172 bytes of payload, 1,000 channels, one boot.
 */
#ifndef KTURN_KTURNCTL_CHECK_FIGURES_H
#define KTURN_KTURNCTL_CHECK_FIGURES_H

#include <stddef.h>

#define CHECK_FIGURES_KERNEL "6.1"

/* Rows of a table, ended by NULL. */
static const char *const check_figures[][6] = {
	{ "by PRE_ROUTING", "1,625", "1,584", "1,698", "1,655", NULL },
	{ "by XDP", "959", "884", "1,017", "939", NULL },
	{ "received as a packet, for PRE_ROUTING", "1,624", "1,623", "1,624",
	  "1,624", NULL },
	{ "received as a frame, for XDP", "765", "765", "764", "764", NULL },
};

#define CHECK_FIGURES (sizeof(check_figures) / sizeof(check_figures[0]))

#endif /* KTURN_KTURNCTL_CHECK_FIGURES_H */
