/* SPDX-License-Identifier: Apache-2.0 */

/* The ring between the threads. It must never hand out a sample twice to the writer before it is
 * wiped, and never leave sound behind. */

#include "ring.h"

#include <stdatomic.h>
#include <string.h>
#include "base/fault.h"
#include "crypt/secret.h"

struct ring {
	struct secret *memory;
	int16_t *samples;
	size_t frames;			/* a power of two */
	_Atomic uint64_t head;		/* written by the writer only */
	_Atomic uint64_t tail;		/* written by the reader only */
};

int ring_new(size_t frames, struct ring **ret)
{
	_cleanup_(ring_freep) struct ring *ring = calloc(1, sizeof(*ring));
	int r;

	if (!ring)
		return fault_origin(-ENOMEM);
	for (ring->frames = 1; ring->frames < frames;)
		ring->frames <<= 1;
	r = secret_new(ring->frames * sizeof(int16_t), &ring->memory);
	if (r < 0)
		return fault_trace(r);
	ring->samples = (int16_t *)(void *)ring->memory->bytes;
	*ret = take(ring);
	return 0;
}

struct ring *ring_free(struct ring *ring)
{
	if (!ring)
		return NULL;
	secret_free(ring->memory);
	free(ring);
	return NULL;
}

/* Calls for the one or two straight pieces of [position, position + n). */
static size_t piece(const struct ring *ring, uint64_t position, size_t n, int16_t **ret_samples)
{
	size_t offset = position & (ring->frames - 1);
	size_t straight = ring->frames - offset;

	*ret_samples = ring->samples + offset;
	return n < straight ? n : straight;
}

size_t ring_write(struct ring *ring, const int16_t *samples, size_t n)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	size_t room = ring->frames - (size_t)(head - tail);
	int16_t *to;

	if (n > room)
		n = room;
	for (size_t done = 0, part; done < n; done += part) {
		part = piece(ring, head + done, n - done, &to);
		if (samples)
			memcpy(to, samples + done, part * sizeof(*to));
		else
			memset(to, 0, part * sizeof(*to));
	}
	atomic_store_explicit(&ring->head, head + n, memory_order_release);
	return n;
}

uint64_t ring_head(const struct ring *ring)
{
	return atomic_load_explicit(&ring->head, memory_order_acquire);
}

void ring_read(const struct ring *ring, uint64_t position, int16_t *ret_samples, size_t n)
{
	int16_t *from;

	for (size_t done = 0, part; done < n; done += part) {
		part = piece(ring, position + done, n - done, &from);
		memcpy(ret_samples + done, from, part * sizeof(*from));
	}
}

void ring_release(struct ring *ring, uint64_t position)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	int16_t *from;

	for (size_t part; tail < position; tail += part) {
		part = piece(ring, tail, (size_t)(position - tail), &from);
		secret_wipe(from, part * sizeof(*from));
	}
	atomic_store_explicit(&ring->tail, tail, memory_order_release);
}
