/* SPDX-License-Identifier: BSD-3-Clause */
/* What a file of kmod/ needs of the kernel's header of this name, outside the kernel. */
#ifndef KTURN_TESTS_KERNEL_JIFFIES_H
#define KTURN_TESTS_KERNEL_JIFFIES_H

#define HZ 250

extern unsigned long jiffies;

#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define time_before(a, b)	((long)((a) - (b)) < 0)

#endif
