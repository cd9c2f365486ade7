/* SPDX-License-Identifier: Apache-2.0 */
/* A recording that a person names, brought to 16-bit mono at SOUND_RATE_HZ. It is only read: the
 * file stays as it is, and no other is made. */

#include "sound/sound.h"

#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <speex/speex_resampler.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK_FRAMES 2048
#define CHANNELS_MAX 32
#define RATE_MIN_HZ 4000
#define RATE_MAX_HZ 384000
#define RESAMPLER_QUALITY 8		/* of 0 to 10 */
#define FLUSH_BLOCKS 4			/* of silence: more than the longest filter's delay */

struct recording {
	const char *path;
	int fd;
	SNDFILE *file;
	SF_INFO info;
	SpeexResamplerState *resampler;	/* NULL when the rate is right already */
	struct secret *frames;		/* BLOCK_FRAMES of all channels, float */
	struct secret *mono;		/* BLOCK_FRAMES, float */
	struct secret *resampled;	/* BLOCK_FRAMES at the new rate, float */
	struct secret *samples;		/* all of it */
	size_t done, wanted;		/* samples */
};

static void recording_close(struct recording *recording)
{
	if (recording->file)
		sf_close(recording->file);
	cleanup_close(&recording->fd);
	if (recording->resampler)
		speex_resampler_destroy(recording->resampler);
	secret_free(recording->frames);
	secret_free(recording->mono);
	secret_free(recording->resampled);
	secret_free(recording->samples);
}

static float *floats(struct secret *secret)
{
	return (float *)(void *)secret->bytes;
}

static int recording_open(struct recording *recording, struct why *why)
{
	struct stat st;

	/* Not blocking on a FIFO somebody put there. */
	recording->fd = open(recording->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (recording->fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return answer_why(why, ANSWER_NOT_FOUND, "there is no file %s", recording->path);
	if (recording->fd < 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "cannot read %s: %s",
				  recording->path, strerror(errno));
	if (fstat(recording->fd, &st) < 0)
		return fault_origin(-errno);
	if (!S_ISREG(st.st_mode))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "%s is no regular file",
				  recording->path);
	if (st.st_size == 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "%s is empty", recording->path);
	/* The descriptor stays ours: libsndfile is not of one mind about it when opening fails. */
	recording->file = sf_open_fd(recording->fd, SFM_READ, &recording->info, SF_FALSE);
	if (!recording->file)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "%s is no recording this program can read: give a WAV or FLAC "
				  "file",
				  recording->path);
	return 0;
}

static int recording_check(const struct recording *recording, unsigned max_seconds, struct why *why)
{
	const SF_INFO *info = &recording->info;

	if (info->channels < 1 || info->channels > CHANNELS_MAX || info->samplerate < RATE_MIN_HZ ||
	    info->samplerate > RATE_MAX_HZ)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "%s has %d channels at %d Hz: 1 to %d channels at %d to %d Hz "
				  "can be read",
				  recording->path, info->channels, info->samplerate, CHANNELS_MAX,
				  RATE_MIN_HZ, RATE_MAX_HZ);
	if (info->frames < 1)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "%s holds no sound",
				  recording->path);
	if (info->frames > (sf_count_t)max_seconds * info->samplerate)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "%s is longer than %u seconds: cut it into shorter pieces",
				  recording->path, max_seconds);
	return 0;
}

static size_t frames_resampled(sf_count_t frames, int rate_hz)
{
	uint64_t n = ((uint64_t)frames * SOUND_RATE_HZ + (unsigned)rate_hz / 2) / (unsigned)rate_hz;

	return frames > 0 && n == 0 ? 1 : (size_t)n;
}

static int recording_prepare(struct recording *recording)
{
	const SF_INFO *info = &recording->info;
	int error, r;

	recording->wanted = frames_resampled(info->frames, info->samplerate);
	r = secret_new(recording->wanted * sizeof(int16_t), &recording->samples);
	if (r)
		return fault_trace(r);
	r = secret_new(BLOCK_FRAMES * (size_t)info->channels * sizeof(float), &recording->frames);
	if (r)
		return fault_trace(r);
	r = secret_new(BLOCK_FRAMES * sizeof(float), &recording->mono);
	if (r)
		return fault_trace(r);
	if (info->samplerate == SOUND_RATE_HZ)
		return 0;
	r = secret_new(BLOCK_FRAMES * sizeof(float), &recording->resampled);
	if (r)
		return fault_trace(r);
	recording->resampler = speex_resampler_init(1, (spx_uint32_t)info->samplerate,
						    SOUND_RATE_HZ, RESAMPLER_QUALITY, &error);
	if (!recording->resampler)
		return fault_origin(-ENOMEM);
	/* The filter's delay is dropped at the start and made up for with silence at the end. */
	speex_resampler_skip_zeros(recording->resampler);
	return 0;
}

/* libsndfile gives floats of -1 to 1; a file of floats may hold anything. */
static int16_t sample_from(float value)
{
	if (isnan(value))
		return 0;
	value *= 32768.f;
	if (value >= 32767.f)
		return INT16_MAX;
	return value <= -32768.f ? INT16_MIN : (int16_t)lrintf(value);
}

static void recording_keep(struct recording *recording, const float *from, size_t n)
{
	int16_t *samples = (int16_t *)(void *)recording->samples->bytes;

	for (size_t i = 0; i < n && recording->done < recording->wanted; i++)
		samples[recording->done++] = sample_from(from[i]);
}

static void recording_resample(struct recording *recording, size_t n)
{
	const float *from = floats(recording->mono);

	while (n > 0) {
		spx_uint32_t in = (spx_uint32_t)n, out = BLOCK_FRAMES;

		speex_resampler_process_float(recording->resampler, 0, from, &in,
					      floats(recording->resampled), &out);
		recording_keep(recording, floats(recording->resampled), out);
		if (in == 0 && out == 0)
			return;
		from += in;
		n -= in;
	}
}

/* Mono is the mean of the channels. */
static void recording_mix(struct recording *recording, size_t n)
{
	const float *from = floats(recording->frames);
	float *mono = floats(recording->mono);
	int channels = recording->info.channels;

	for (size_t i = 0; i < n; i++) {
		float sum = 0;

		for (int c = 0; c < channels; c++)
			sum += *from++;
		mono[i] = sum / (float)channels;
	}
}

static void recording_read(struct recording *recording)
{
	sf_count_t n, frames = 0;

	while ((n = sf_readf_float(recording->file, floats(recording->frames), BLOCK_FRAMES)) > 0) {
		frames += n;
		recording_mix(recording, (size_t)n);
		if (recording->resampler)
			recording_resample(recording, (size_t)n);
		else
			recording_keep(recording, floats(recording->mono), (size_t)n);
	}
	/* A file cut short gives what it has. */
	if (frames < recording->info.frames)
		recording->wanted = frames_resampled(frames, recording->info.samplerate);
	if (recording->resampler)
		memset(recording->mono->bytes, 0, recording->mono->n);
	for (int i = 0; i < FLUSH_BLOCKS && recording->resampler; i++)
		recording_resample(recording, BLOCK_FRAMES);
}

int sound_from_file(const char *path, unsigned max_seconds, struct sound *ret, struct why *why)
{
	_cleanup_(recording_close) struct recording recording = { .path = path, .fd = -1 };
	int r;

	if (max_seconds == 0 || max_seconds > SOUND_FILE_SECONDS_MAX)
		max_seconds = SOUND_FILE_SECONDS_MAX;
	r = recording_open(&recording, why);
	if (r)
		return fault_trace(r);
	r = recording_check(&recording, max_seconds, why);
	if (r)
		return r;
	r = recording_prepare(&recording);
	if (r)
		return fault_trace(r);
	recording_read(&recording);
	if (recording.done == 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "%s holds no sound", path);
	if (recording.done * sizeof(int16_t) < recording.samples->n) {
		struct secret *all = recording.samples;

		r = secret_from(all->bytes, recording.done * sizeof(int16_t), &recording.samples);
		if (r)
			return fault_trace(r);
		secret_free(all);
	}
	ret->rate_hz = SOUND_RATE_HZ;
	ret->frames = recording.done;
	ret->samples = take(recording.samples);
	return 0;
}
