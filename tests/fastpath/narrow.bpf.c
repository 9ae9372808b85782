// SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause)
/*
 * The program for XDP on a device that leaves its frames no room in front: they
 * are moved there before the module sees them.
 */
#include "../../userspace/xdp/kturn.bpf.h"

#define ROOM_MAX	256
#define ROOM_STEP	8
#define FRAME_MAX	512

/* As far as the kernel lets go, which keeps a few bytes for itself. */
static __always_inline int take_room(struct xdp_md *ctx)
{
	int room;

	for (room = ROOM_MAX; room; room -= ROOM_STEP) {
		if (!bpf_xdp_adjust_head(ctx, -room))
			return room;
	}
	return 0;
}

static __always_inline void move_frame(struct xdp_md *ctx, int by)
{
	const void *end = (void *)(long)ctx->data_end;
	unsigned char *to = (void *)(long)ctx->data;
	const unsigned char *from = to + by;
	int i;

	for (i = 0; i < FRAME_MAX; i++) {
		if ((void *)(from + i + 1) > end || (void *)(to + i + 1) > end)
			break;
		to[i] = from[i];
	}
}

SEC("xdp")
int narrow(struct xdp_md *ctx)
{
	int room = take_room(ctx);

	move_frame(ctx, room);
	if (!room || bpf_xdp_adjust_tail(ctx, -room))
		return XDP_ABORTED;
	return kturn_relay(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
