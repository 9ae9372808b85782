/* SPDX-License-Identifier: BSD-3-Clause */
/* Socket options that are numbers. */
#ifndef KTURN_NET_SOCKET_OPTION_H
#define KTURN_NET_SOCKET_OPTION_H

#include <errno.h>
#include <sys/socket.h>

/** socket_set() - set one. Return: 0 or a negative errno. */
static inline int socket_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? -errno
								    : 0;
}

#endif /* KTURN_NET_SOCKET_OPTION_H */
