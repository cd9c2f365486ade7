/* SPDX-License-Identifier: Apache-2.0 */

/* Sealing: sound to FLAC in locked memory, words to a transcript record, both under the envelope.
 * The only plaintext is in locked memory and is wiped on every way out. */

#include "seal.h"

#include <string.h>
#include "base/file.h"
#include "crypt/transcript.h"
#include "sound/sound.h"

/* Bodies while they are put together: ciphertext only. */
struct bodies {
	uint8_t *bytes;
	size_t n;
};

static void bodies_clear(struct bodies *bodies)
{
	free(bodies->bytes);
}

void sealed_clear(struct sealed *sealed)
{
	if (sealed->bodies >= 0)
		close(sealed->bodies);
	*sealed = (struct sealed) SEALED_NONE;
}

static int transcript_record(const struct utterance *utterance, struct secret **ret)
{
	const struct recognition *recognition = utterance->recognition;

	return fault_trace(transcript_make(recognition->text, recognition->confidence,
					   utterance->frames / (SOUND_RATE_HZ / 1000), ret));
}

static int content_make(const struct utterance *utterance, enum kind kind, struct secret **ret)
{
	switch (kind) {
	case KIND_AUDIO:
		return sound_to_flac(utterance->samples, utterance->frames, SOUND_RATE_HZ, ret);
	case KIND_TRANSCRIPT:
		return transcript_record(utterance, ret);
	case KIND_LOCATION:
		break;
	}
	return fault_origin(-EINVAL);
}

static int body_append(struct bodies *bodies, const void *body, size_t n)
{
	uint8_t *bytes = realloc(bodies->bytes, bodies->n + n);

	if (!bytes)
		return fault_origin(-ENOMEM);
	memcpy(bytes + bodies->n, body, n);
	bodies->bytes = bytes;
	bodies->n += n;
	return 0;
}

static int part_seal(const struct utterance *utterance, const struct secret *fk,
		     const uint8_t slot_key[static KEY_BYTES], const struct id *id, enum kind kind,
		     struct bodies *bodies)
{
	_cleanup_(secret_freep) struct secret *content = NULL;
	_cleanup_(secret_freep) struct secret *key = NULL;
	_cleanup_(cleanup_free) uint8_t *body = NULL;
	size_t n;
	int r;

	r = content_make(utterance, kind, &content);
	if (r == 0)
		r = secret_from(slot_key, KEY_BYTES, &key);
	if (r == 0)
		r = envelope_seal(fk, key, id, kind, content->bytes, content->n, &body, &n);
	if (r == 0)
		r = body_append(bodies, body, n);
	return r ? fault_trace(r) : 0;
}

int seal_utterance(const struct utterance *utterance, const uint8_t home[static BOX_PUBLIC_BYTES],
		   const struct id *id, const enum kind *kinds, unsigned n_kinds,
		   const struct secret *slot_keys, struct sealed *ret)
{
	_cleanup_(sealed_clear) struct sealed sealed = SEALED_NONE;
	_cleanup_(bodies_clear) struct bodies bodies = { 0 };
	_cleanup_(secret_freep) struct secret *fk = NULL;
	int r;

	if (n_kinds == 0 || n_kinds > KIND_MAX || slot_keys->n != (size_t)n_kinds * KEY_BYTES)
		return fault_origin(-EINVAL);
	r = envelope_new(home, &sealed.header, &fk);
	for (unsigned i = 0; r == 0 && i < n_kinds; i++) {
		struct sealed_part *part = &sealed.parts[sealed.n_parts++];

		part->kind = kinds[i];
		part->offset = bodies.n;
		r = part_seal(utterance, fk, slot_keys->bytes + i * KEY_BYTES, id, kinds[i],
			      &bodies);
		part->length = bodies.n - part->offset;
	}
	if (r == 0)
		r = file_memfd("cubby-bodies", bodies.bytes, bodies.n, &sealed.bodies);
	if (r)
		return fault_trace(r);
	*ret = sealed;
	sealed.bodies = -1;
	return 0;
}
