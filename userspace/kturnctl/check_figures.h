/* SPDX-License-Identifier: BSD-3-Clause */
/* What `make bench` measured, for kturnctl check: the README's table. */
#ifndef KTURN_KTURNCTL_CHECK_FIGURES_H
#define KTURN_KTURNCTL_CHECK_FIGURES_H

#include <stddef.h>

#define CHECK_FIGURES_KERNEL "6.1"

/* Rows of a table: which path, and its figures; ended by NULL. */
static const char *const check_figures[][6] = {
	{ "PRE_ROUTING", "1,637", "1,600", "1,781", "1,732", NULL },
};

#define CHECK_FIGURES (sizeof(check_figures) / sizeof(check_figures[0]))

#endif /* KTURN_KTURNCTL_CHECK_FIGURES_H */
