/* SPDX-License-Identifier: Apache-2.0 */

/* Voiceprints as bytes. Bytes that are not understood are no voiceprint: nobody is recognised by
 * half of one. */

#include "speaker/voiceprint.h"

#include <math.h>
#include <stdbool.h>
#include "crypt/secret.h"
#include "speaker/bytes.h"

static const uint8_t magic[8] = { 'c', 'u', 'b', 'b', 'y', 'v', 'p', '1' };

size_t voiceprint_write(const struct voiceprint *voiceprint,
			uint8_t ret_bytes[static VOICEPRINT_BYTES_MAX])
{
	memcpy(ret_bytes, magic, sizeof(magic));
	memcpy(ret_bytes + 8, voiceprint->model, sizeof(voiceprint->model));
	bytes_put_u16(ret_bytes + 40, (uint16_t)voiceprint->utterances);
	bytes_put_u16(ret_bytes + 42, (uint16_t)voiceprint->n);
	bytes_put_u32(ret_bytes + 44, voiceprint->speech_ms);
	for (unsigned i = 0; i < voiceprint->n; i++)
		bytes_put_f32(ret_bytes + VOICEPRINT_HEADER_BYTES + 4 * i, voiceprint->point[i]);
	return VOICEPRINT_HEADER_BYTES + 4 * voiceprint->n;
}

static bool parse(const uint8_t *bytes, size_t n, struct voiceprint *ret)
{
	if (n < VOICEPRINT_HEADER_BYTES || memcmp(bytes, magic, sizeof(magic)) != 0)
		return false;
	memcpy(ret->model, bytes + 8, sizeof(ret->model));
	ret->utterances = bytes_u16(bytes + 40);
	ret->n = bytes_u16(bytes + 42);
	ret->speech_ms = bytes_u32(bytes + 44);
	if (ret->n < 1 || ret->n > VOICEPRINT_DIMENSIONS_MAX ||
	    n != VOICEPRINT_HEADER_BYTES + 4 * ret->n)
		return false;
	for (unsigned i = 0; i < ret->n; i++) {
		ret->point[i] = bytes_f32(bytes + VOICEPRINT_HEADER_BYTES + 4 * i);
		if (!isfinite(ret->point[i]))
			return false;
	}
	return true;
}

int voiceprint_read(const void *bytes, size_t n, struct voiceprint *ret, struct why *why)
{
	struct voiceprint voiceprint = { 0 };
	int r = 0;

	if (!parse(bytes, n, &voiceprint))
		r = answer_why(why, ANSWER_INVALID_ARGUMENT,
			       "this is no voiceprint that this version reads");
	else if (voiceprint.utterances < VOICEPRINT_UTTERANCES_MIN ||
		 voiceprint.utterances > VOICEPRINT_UTTERANCES_MAX ||
		 voiceprint.speech_ms < VOICEPRINT_SPEECH_MIN_MS)
		r = answer_why(why, ANSWER_INVALID_ARGUMENT,
			       "a voiceprint is made of %d to %d utterances with %d s of speech; "
			       "this one of %u with %u ms", VOICEPRINT_UTTERANCES_MIN,
			       VOICEPRINT_UTTERANCES_MAX, VOICEPRINT_SPEECH_MIN_MS / 1000,
			       voiceprint.utterances, voiceprint.speech_ms);
	else
		*ret = voiceprint;
	secret_wipe(&voiceprint, sizeof(voiceprint));
	return r;
}
