/* SPDX-License-Identifier: Apache-2.0 */
/* Sound in locked memory, and as a WAV file in it. Whether one is ever written to a disk is for
 * the parent who names the file; nothing here opens one. */

#include "sound/sound.h"

#include <string.h>

#define WAV_HEADER_BYTES 44

void sound_clear(struct sound *sound)
{
	sound->samples = secret_free(sound->samples);
	sound->frames = 0;
}

static uint8_t *put_u32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		*to++ = (uint8_t)(value >> (8 * i));
	return to;
}

static uint8_t *put_u16(uint8_t *to, unsigned value)
{
	*to++ = (uint8_t)value;
	*to++ = (uint8_t)(value >> 8);
	return to;
}

static uint8_t *put_tag(uint8_t *to, const char *tag)
{
	memcpy(to, tag, 4);
	return to + 4;
}

int sound_to_wav(const struct sound *sound, struct secret **ret_wav)
{
	_cleanup_(secret_freep) struct secret *wav = NULL;
	const int16_t *samples;
	uint32_t data_bytes;
	uint8_t *to;
	int r;

	if (!sound->samples || sound->samples->n != sound->frames * sizeof(int16_t) ||
	    sound->samples->n > UINT32_MAX - WAV_HEADER_BYTES)
		return fault_origin(-EINVAL);
	data_bytes = (uint32_t)sound->samples->n;
	r = secret_new(WAV_HEADER_BYTES + data_bytes, &wav);
	if (r)
		return fault_trace(r);
	/* RIFF, one fmt chunk of PCM, one data chunk; all little-endian. */
	to = put_tag(wav->bytes, "RIFF");
	to = put_u32(to, WAV_HEADER_BYTES - 8 + data_bytes);
	to = put_tag(to, "WAVE");
	to = put_tag(to, "fmt ");
	to = put_u32(to, 16);
	to = put_u16(to, 1);				/* PCM */
	to = put_u16(to, 1);				/* one channel */
	to = put_u32(to, sound->rate_hz);
	to = put_u32(to, sound->rate_hz * 2);		/* bytes a second */
	to = put_u16(to, 2);				/* bytes a frame */
	to = put_u16(to, 16);				/* bits a sample */
	to = put_tag(to, "data");
	to = put_u32(to, data_bytes);
	samples = (const int16_t *)(const void *)sound->samples->bytes;
	for (size_t i = 0; i < sound->frames; i++)
		to = put_u16(to, (uint16_t)samples[i]);
	*ret_wav = take(wav);
	return 0;
}
