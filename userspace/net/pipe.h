/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client data connection and a peer data connection, and the bytes between
 * them as they are (RFC 6062, section 5.4).
 *
 * What one side does not take yet is kept, a single read of it, and meanwhile
 * nothing is read from the other: so the flow control of the two connections
 * becomes one, end to end. When one side has sent all, the other is told, and
 * goes on until it has sent all as well.
 */
#ifndef KTURN_NET_PIPE_H
#define KTURN_NET_PIPE_H

#include "net/stream.h"

struct pipe;

/**
 * pipe_new() - begin to pass bytes
 * @worker: the worker, on its thread
 * @stream: the client's connection, which has left its worker; taken over
 *	unless this fails, with what it has received and not yet sent
 * @peer: the peer's, a connected TCP socket; stays the caller's
 * @connection: the core's, which is told of what passes
 * @ended: called, at most once, when either side is gone; frees the pipe
 * @arg: its argument
 *
 * Return: the pipe, or NULL without memory.
 */
struct pipe *pipe_new(struct worker *worker, struct client_stream *stream,
		      int peer, struct turn_connection *connection,
		      void (*ended)(void *arg), void *arg);

/** pipe_free() - stop, and close the client's connection; not the peer's */
void pipe_free(struct pipe *pipe);

#endif /* KTURN_NET_PIPE_H */
