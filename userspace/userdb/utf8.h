/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KTURN_USERDB_UTF8_H
#define KTURN_USERDB_UTF8_H

#include <stdbool.h>

/** utf8_valid() - is the text UTF-8 as RFC 3629 defines it? */
bool utf8_valid(const char *text);

#endif /* KTURN_USERDB_UTF8_H */
