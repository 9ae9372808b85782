// SPDX-License-Identifier: BSD-3-Clause
/*
 * The same packet, over and over.
 */
#include "flood.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/if_ether.h>
#include <string.h>

#define WAIT_S 60
/* Fast enough to be everywhere, slow enough for sockets to hold it. */
#define FLOOD_BURST 16
#define FLOOD_PAUSE_NS 1000000

static int send_frame(const struct flood *f)
{
	uint8_t frame[ETH_HLEN + sizeof(f->ip)];
	bool v6 = f->ip[0] >> 4 == 6;

	memcpy(frame, f->wire->remote_mac, 6);
	memcpy(frame + 6, f->wire->mac, 6);
	frame[12] = v6 ? 0x86 : 0x08;
	frame[13] = v6 ? 0xdd : 0x00;
	memcpy(frame + ETH_HLEN, f->ip, f->len);
	return send(f->wire->fd, frame, ETH_HLEN + f->len, 0) < 0 ? -errno : 0;
}

static void *run(void *arg)
{
	struct flood *f = arg;
	const struct timespec pause = { .tv_nsec = FLOOD_PAUSE_NS };
	cpu_set_t set;
	int err;

	CPU_ZERO(&set);
	CPU_SET(f->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	while (!f->stop && f->sent < FLOOD_MAX) {
		err = send_frame(f);
		if (!err)
			f->sent++;
		else if (err != -EAGAIN && err != -ENOBUFS)
			break;
		if (f->sent % FLOOD_BURST == 0)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

int flood_start(struct flood *f, const struct wire *w,
		const struct udp_packet *p, int cpu)
{
	uint8_t ip[PACKET_MAX];

	f->sent = 0;
	f->stop = false;
	f->wire = w;
	f->cpu = cpu;
	f->len = packet_build(ip, p);
	if (f->len > sizeof(f->ip))
		return -EMSGSIZE;
	memcpy(f->ip, ip, f->len);
	return -pthread_create(&f->thread, NULL, run, f);
}

uint64_t flood_stop(struct flood *f)
{
	f->stop = true;
	pthread_join(f->thread, NULL);
	return f->sent;
}

uint64_t flood_drain(int fd)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof(domain);
	uint64_t count = 0;
	uint8_t byte;

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	if (domain == AF_PACKET)
		return wire_drain(fd);
	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		count++;
	return count;
}

bool flood_wait(struct flood *f, uint64_t packets, const int *fd,
		uint64_t *counts, int fds)
{
	uint64_t until = f->sent + packets;
	time_t end = time(NULL) + WAIT_S;
	int i;

	while (f->sent < until && time(NULL) < end)
		for (i = 0; i < fds; i++)
			counts[i] += flood_drain(fd[i]);
	return f->sent >= until;
}

bool flood_wait_for(uint64_t packets, int which, const int *fd,
		    uint64_t *counts, int fds)
{
	uint64_t until = counts[which] + packets;
	time_t end = time(NULL) + WAIT_S;
	int i;

	while (counts[which] < until && time(NULL) < end)
		for (i = 0; i < fds; i++)
			counts[i] += flood_drain(fd[i]);
	return counts[which] >= until;
}

uint64_t flood_wait_for_all(uint64_t sent, const int *fd, uint64_t *counts,
			    int fds)
{
	time_t end = time(NULL) + WAIT_S;
	uint64_t total = 0;
	int i;

	while (total < sent && time(NULL) < end) {
		poll(NULL, 0, 1);
		for (i = 0, total = 0; i < fds; i++) {
			counts[i] += flood_drain(fd[i]);
			total += counts[i];
		}
	}
	return total;
}
