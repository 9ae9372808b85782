/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
#ifndef _KTURN_VERSION_H
#define _KTURN_VERSION_H

/* The version of module and daemon: both are released together. */
#define KTURN_VERSION	"0.1.0"

#endif /* _KTURN_VERSION_H */
