// SPDX-License-Identifier: BSD-3-Clause
#include "net/mailbox.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mail {
	struct mail *next;
	mail_fn *fn;
	void *arg;
};

struct mailbox {
	pthread_mutex_t lock;
	struct mail *first;
	struct mail **last;
	int fd;
	struct event *readable;
	void *owner;
};

static struct mail *take_all(struct mailbox *box)
{
	struct mail *first;

	pthread_mutex_lock(&box->lock);
	first = box->first;
	box->first = NULL;
	box->last = &box->first;
	pthread_mutex_unlock(&box->lock);
	return first;
}

static void deliver(struct mailbox *box)
{
	struct mail *mail = take_all(box);

	while (mail) {
		struct mail *next = mail->next;

		mail->fn(box->owner, mail->arg);
		free(mail);
		mail = next;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	/* Only resets the counter; that it was zero already is fine. */
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	deliver(arg);
}

struct mailbox *mailbox_new(struct event_base *base, void *owner)
{
	struct mailbox *box = calloc(1, sizeof(*box));

	if (!box)
		return NULL;
	pthread_mutex_init(&box->lock, NULL);
	box->last = &box->first;
	box->owner = owner;
	box->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (box->fd < 0)
		goto fail;
	box->readable = event_new(base, box->fd, EV_READ | EV_PERSIST,
				  on_readable, box);
	if (!box->readable || event_add(box->readable, NULL))
		goto fail;
	return box;
fail:
	mailbox_free(box);
	return NULL;
}

int mailbox_post(struct mailbox *box, mail_fn *fn, void *arg)
{
	struct mail *mail = malloc(sizeof(*mail));
	const uint64_t one = 1;

	if (!mail)
		return -ENOMEM;
	*mail = (struct mail){ .fn = fn, .arg = arg };
	pthread_mutex_lock(&box->lock);
	*box->last = mail;
	box->last = &mail->next;
	pthread_mutex_unlock(&box->lock);
	/* Fails only if the counter is at its limit: then it is awake. */
	if (write(box->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
	return 0;
}

void mailbox_free(struct mailbox *box)
{
	if (!box)
		return;
	deliver(box);
	if (box->readable)
		event_free(box->readable);
	if (box->fd >= 0)
		close(box->fd);
	pthread_mutex_destroy(&box->lock);
	free(box);
}
