/* SPDX-License-Identifier: BSD-3-Clause */
/* What a file of kmod/ needs of the kernel's header of this name, outside the kernel. */
#ifndef KTURN_TESTS_KERNEL_LIST_H
#define KTURN_TESTS_KERNEL_LIST_H

#include <stddef.h>

struct hlist_node {
	struct hlist_node *next;
	struct hlist_node **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	if (n->next)
		n->next->pprev = &n->next;
	h->first = n;
	n->pprev = &h->first;
}

static inline void hlist_del(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
	n->next = NULL;
	n->pprev = NULL;
}

/* The link has to be the first member. */
#define hlist_for_each_entry_safe(pos, n, head, member)			\
	for (pos = (void *)(head)->first;				\
	     pos && ((n = pos->member.next), 1); pos = (void *)(n))

#endif
