/* SPDX-License-Identifier: BSD-3-Clause */
/* What a file of kmod/ needs of the kernel's header of this name, outside the kernel. */
#ifndef KTURN_TESTS_KERNEL_KERNEL_H
#define KTURN_TESTS_KERNEL_KERNEL_H

#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define min_t(type, a, b)	((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))

#endif
