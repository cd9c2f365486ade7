/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sound on its way from the capturing thread to the listening one: one writer, one reader, no
 * lock. Positions count samples since the beginning and never wrap. What the reader has released
 * is wiped. */

#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"

struct ring;

/* At least `frames` samples, rounded up to a power of two, in locked memory. */
int ring_new(size_t frames, struct ring **ret);
struct ring *ring_free(struct ring *ring);
CLEANUP_DEFINE(struct ring *, ring_free)

/* Writer. Returns how many were taken: fewer than n when the ring is full. samples NULL: silence.
 */
size_t ring_write(struct ring *ring, const int16_t *samples, size_t n);

/* Either side: the position behind the last sample written. */
uint64_t ring_head(const struct ring *ring);
/* Reader: copies [position, position + n), which must lie between the released and the head. */
void ring_read(const struct ring *ring, uint64_t position, int16_t *ret_samples, size_t n);
/* Reader: everything before `position` is wiped and may be written again. */
void ring_release(struct ring *ring, uint64_t position);
