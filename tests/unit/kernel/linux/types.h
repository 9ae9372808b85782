/* SPDX-License-Identifier: BSD-3-Clause */
/* What a file of kmod/ needs of the kernel's header of this name, outside the kernel. */
#ifndef KTURN_TESTS_KERNEL_TYPES_H
#define KTURN_TESTS_KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;

#endif
