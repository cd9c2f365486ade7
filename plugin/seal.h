/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An utterance becomes ciphertext here, before it leaves the process. */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include "base/id.h"
#include "base/kind.h"
#include "crypt/envelope.h"
#include "recognise.h"

/* What was heard, all of it borrowed. */
struct utterance {
	const int16_t *samples;
	size_t frames;
	const struct recognition *recognition;
	const atomic_int *muted;	/* while not 0 it is not handed over */
};

struct sealed_part {
	enum kind kind;
	uint64_t offset, length;
};

struct sealed {
	struct envelope_header header;
	struct sealed_part parts[KIND_MAX];
	unsigned n_parts;
	int bodies;		/* a sealed memfd of the parts, one after another */
};

#define SEALED_NONE { .bodies = -1 }
void sealed_clear(struct sealed *sealed);

/* kinds: of KIND_AUDIO and KIND_TRANSCRIPT, each once. slot_keys: KEY_BYTES for each kind, in
 * their order. */
int seal_utterance(const struct utterance *utterance, const uint8_t home[static BOX_PUBLIC_BYTES],
		   const struct id *id, const enum kind *kinds, unsigned n_kinds,
		   const struct secret *slot_keys, struct sealed *ret);
