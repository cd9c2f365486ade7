/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Is this 10 ms of sound voice? WebRTC's detector, and below it an energy floor that follows the
 * room, so that a fan or a distant television does not count as somebody speaking. */

#include <stdbool.h>
#include <stdint.h>
#include "base/cleanup.h"

#define VOICE_FRAMES 160	/* samples in 10 ms at 16 kHz */
#define VOICE_FRAME_MS 10

struct voice;

int voice_new(struct voice **ret);
struct voice *voice_free(struct voice *voice);
CLEANUP_DEFINE(struct voice *, voice_free)

/* In the order in which they were heard. */
bool voice_frame(struct voice *voice, const int16_t samples[static VOICE_FRAMES]);
/* The level of the room without voice, in dB below full scale (for diagnostics and tests). */
double voice_floor_db(const struct voice *voice);
