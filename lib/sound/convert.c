/* SPDX-License-Identifier: Apache-2.0 */

/* Conversion of a stream. Sound passes through and stays nowhere: what is held between two calls is
 * less than a frame, and the filter's memory, which are wiped or reset with the stream. */

#include "sound/convert.h"

#include <math.h>
#include <speex/speex_resampler.h>
#include <string.h>
#include "crypt/secret.h"
#include "sound/sound.h"

#define BLOCK_FRAMES 256
#define RESAMPLER_QUALITY 8		/* of 0 to 10 */

struct convert {
	struct convert_format format;
	SpeexResamplerState *resampler;	/* NULL: the rate is right already */
	struct secret *memory;
	struct passing *passing;
};

/* What is sound, in one locked place. */
struct passing {
	uint8_t frame[CONVERT_WIDTH_MAX * CONVERT_CHANNELS_MAX];	/* not whole yet */
	size_t frame_bytes;
	float mono[BLOCK_FRAMES];
	size_t mono_frames;
	float resampled[BLOCK_FRAMES];
};

static int format_check(const struct convert_format *format, struct why *why)
{
	if (format->rate_hz < CONVERT_RATE_MIN_HZ || format->rate_hz > CONVERT_RATE_MAX_HZ)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "a rate of %u Hz: %d to %d can "
				  "be heard", format->rate_hz, CONVERT_RATE_MIN_HZ,
				  CONVERT_RATE_MAX_HZ);
	if (format->width < 1 || format->width > CONVERT_WIDTH_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "a width of %u bytes a sample: 1 "
				  "to %d can be heard", format->width, CONVERT_WIDTH_MAX);
	if (format->channels < 1 || format->channels > CONVERT_CHANNELS_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "%u channels: 1 to %d can be "
				  "heard", format->channels, CONVERT_CHANNELS_MAX);
	return 0;
}

int convert_new(const struct convert_format *format, struct convert **ret, struct why *why)
{
	_cleanup_(convert_freep) struct convert *convert = calloc(1, sizeof(*convert));
	int error, r;

	if (!convert)
		return fault_origin(-ENOMEM);
	r = format_check(format, why);
	if (r)
		return r;
	convert->format = *format;
	r = secret_new(sizeof(struct passing), &convert->memory);
	if (r < 0)
		return fault_trace(r);
	convert->passing = (struct passing *)(void *)convert->memory->bytes;
	if (format->rate_hz != SOUND_RATE_HZ) {
		convert->resampler = speex_resampler_init(1, format->rate_hz, SOUND_RATE_HZ,
							  RESAMPLER_QUALITY, &error);
		if (!convert->resampler)
			return fault_origin(-ENOMEM);
		speex_resampler_skip_zeros(convert->resampler);
	}
	*ret = take(convert);
	return 0;
}

struct convert *convert_free(struct convert *convert)
{
	if (!convert)
		return NULL;
	if (convert->resampler) {
		speex_resampler_reset_mem(convert->resampler);
		speex_resampler_destroy(convert->resampler);
	}
	secret_free(convert->memory);
	free(convert);
	return NULL;
}

size_t convert_left(const struct convert *convert)
{
	return convert->passing->frame_bytes;
}

/* The upper bits of a sample, sign and all, as the float that 16 bits of it would be. */
static float sample_read(const uint8_t *bytes, unsigned width)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < width; i++)
		value |= (uint32_t)bytes[i] << (8 * (CONVERT_WIDTH_MAX - width + i));
	return (float)(int32_t)value / 65536.f;
}

/* A whole frame as the mean of its channels. */
static float frame_mix(const struct convert *convert)
{
	const uint8_t *bytes = convert->passing->frame;
	unsigned width = convert->format.width, channels = convert->format.channels;
	float sum = 0;

	for (unsigned c = 0; c < channels; c++)
		sum += sample_read(bytes + c * width, width);
	return sum / (float)channels;
}

static size_t frames_take(struct convert *convert, const uint8_t *bytes, size_t n)
{
	struct passing *passing = convert->passing;
	size_t whole = (size_t)convert->format.width * convert->format.channels;
	size_t taken = 0;

	while (taken < n && passing->mono_frames < BLOCK_FRAMES) {
		passing->frame[passing->frame_bytes++] = bytes[taken++];
		if (passing->frame_bytes < whole)
			continue;
		passing->mono[passing->mono_frames++] = frame_mix(convert);
		passing->frame_bytes = 0;
	}
	return taken;
}

static int16_t sample_round(float value)
{
	if (value >= 32767.f)
		return INT16_MAX;
	return value <= -32768.f ? INT16_MIN : (int16_t)lrintf(value);
}

/* The block, at the new rate; returns how many samples. */
static size_t frames_give(struct convert *convert, int16_t *samples)
{
	struct passing *passing = convert->passing;
	const float *from = passing->mono;
	size_t given = 0;

	while (passing->mono_frames > 0) {
		spx_uint32_t in = (spx_uint32_t)passing->mono_frames, out = BLOCK_FRAMES;

		if (convert->resampler)
			speex_resampler_process_float(convert->resampler, 0, from, &in,
						      passing->resampled, &out);
		else
			out = in;
		for (size_t i = 0; i < out; i++)
			samples[given++] = sample_round(convert->resampler ? passing->resampled[i] :
							from[i]);
		from += in;
		passing->mono_frames -= in;
	}
	return given;
}

size_t convert_run(struct convert *convert, const uint8_t *bytes, size_t n,
		   int16_t samples[static CONVERT_PIECE_FRAMES])
{
	size_t taken = 0, given = 0;

	while (taken < n) {
		taken += frames_take(convert, bytes + taken, n - taken);
		given += frames_give(convert, samples + given);
	}
	return given;
}
