/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of a kturnd that died, which the module has kept. */
#ifndef KTURN_KTURND_KERNEL_ADOPT_H
#define KTURN_KTURND_KERNEL_ADOPT_H

#include "fastpath/fastpath.h"
#include "turn/turn.h"

/**
 * kernel_adopt() - take over what can be taken over
 * @fp: connection to the module
 * @server: of a worker that does not run yet
 *
 * What cannot stays in the module to its end. Says in the log what came of it.
 */
void kernel_adopt(struct fastpath *fp, struct turn_server *server);

#endif /* KTURN_KTURND_KERNEL_ADOPT_H */
