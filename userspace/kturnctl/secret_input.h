/* SPDX-License-Identifier: BSD-3-Clause */
/* Passwords come by standard input: a command line is there for all to see. */
#ifndef KTURN_KTURNCTL_SECRET_INPUT_H
#define KTURN_KTURNCTL_SECRET_INPUT_H

#include <stddef.h>

/**
 * secret_read() - read a line of standard input
 * @prompt: asks for it on a terminal, which then does not show what is typed
 * @text: filled, without newline
 * @size: its size in bytes
 *
 * Complains on failure.
 *
 * Return: 0 or -EINVAL.
 */
int secret_read(const char *prompt, char *text, size_t size);

#endif /* KTURN_KTURNCTL_SECRET_INPUT_H */
