/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the workers hold, for the admin socket: each worker writes down what it
 * has, on its own thread; nobody looks into another's tables.
 */
#ifndef KTURN_KTURND_LISTING_H
#define KTURN_KTURND_LISTING_H

struct json_object;
struct worker;

/**
 * listing_answer() - answer the command "list"
 * @workers: the workers, running
 * @count: how many
 * @request: the request
 * @reply: filled
 *
 * Waits for the workers, but not for long.
 *
 * Return: 0 or a negative errno; see admin_handle_cb.
 */
int listing_answer(struct worker **workers, unsigned int count,
		   struct json_object *request, struct json_object *reply);

#endif /* KTURN_KTURND_LISTING_H */
