/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mailbox: other threads put calls in, the owning thread's event loop makes
 * them. The only way by which threads speak to each other here.
 */
#ifndef KTURN_NET_MAILBOX_H
#define KTURN_NET_MAILBOX_H

struct event_base;
struct mailbox;

/**
 * typedef mail_fn - a call to be made on the owner's thread
 * @owner: as given to mailbox_new()
 * @arg: as given to mailbox_post()
 */
typedef void mail_fn(void *owner, void *arg);

/**
 * mailbox_new() - make a mailbox
 * @base: the owner's event loop
 * @owner: first argument of all calls
 *
 * Return: the mailbox, or NULL without memory or descriptors (errno tells).
 */
struct mailbox *mailbox_new(struct event_base *base, void *owner);

/**
 * mailbox_post() - have a call made
 * @box: the mailbox
 * @fn: the call
 * @arg: its argument; belongs to the call from now on
 *
 * From any thread. Calls are made in the order in which they were posted.
 *
 * Return: 0, or -ENOMEM: there will be no call, and @arg is still the caller's.
 */
int mailbox_post(struct mailbox *box, mail_fn *fn, void *arg);

/**
 * mailbox_free() - make the calls that wait, then free the mailbox
 * @box: the mailbox, or NULL; nobody may post to it any more
 *
 * On the owner's thread, or after it has ended.
 */
void mailbox_free(struct mailbox *box);

#endif /* KTURN_NET_MAILBOX_H */
