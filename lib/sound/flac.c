/* SPDX-License-Identifier: Apache-2.0 */
/* Packing and unpacking FLAC between two pieces of locked memory. No file and no temporary file is
 * opened; a stream that is not just what sound_to_flac() makes is refused. */

#include "sound/sound.h"

#include <sndfile.h>
#include <string.h>

#define FLAC_SLACK_BYTES 65536	/* headers, and frames that do not compress */
#define FLAC_RATE_MIN_HZ 8000
#define FLAC_RATE_MAX_HZ 48000

/* A file in memory, as libsndfile's virtual I/O sees it. */
struct memory {
	uint8_t *bytes;
	const uint8_t *readable;	/* the same for reading; bytes is NULL then */
	sf_count_t size, room, at;
};

static sf_count_t memory_size(void *context)
{
	return ((struct memory *)context)->size;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *context)
{
	struct memory *memory = context;
	sf_count_t from = whence == SEEK_CUR ? memory->at : whence == SEEK_END ? memory->size : 0;

	if (offset < -from || offset > memory->room - from)
		return -1;
	memory->at = from + offset;
	return memory->at;
}

static sf_count_t memory_read(void *to, sf_count_t n, void *context)
{
	struct memory *memory = context;
	sf_count_t left = memory->size > memory->at ? memory->size - memory->at : 0;

	if (n > left)
		n = left;
	if (n <= 0)
		return 0;
	memcpy(to, memory->readable + memory->at, (size_t)n);
	memory->at += n;
	return n;
}

static sf_count_t memory_write(const void *from, sf_count_t n, void *context)
{
	struct memory *memory = context;

	if (!memory->bytes || n > memory->room - memory->at)
		return 0;
	memcpy(memory->bytes + memory->at, from, (size_t)n);
	memory->at += n;
	if (memory->at > memory->size)
		memory->size = memory->at;
	return n;
}

static sf_count_t memory_tell(void *context)
{
	return ((struct memory *)context)->at;
}

static SF_VIRTUAL_IO memory_io = {
	.get_filelen = memory_size,
	.seek = memory_seek,
	.read = memory_read,
	.write = memory_write,
	.tell = memory_tell,
};

static void sndfile_close(SNDFILE **file)
{
	if (*file)
		sf_close(*file);
}

int sound_to_flac(const int16_t *samples, size_t frames, unsigned rate_hz, struct secret **ret_flac)
{
	_cleanup_(secret_freep) struct secret *room = NULL;
	SF_INFO info = {
		.samplerate = (int)rate_hz,
		.channels = 1,
		.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
	};
	struct memory memory = { .bytes = NULL };
	SNDFILE *file;
	sf_count_t written;
	int r;

	if (frames == 0 || rate_hz < FLAC_RATE_MIN_HZ || rate_hz > FLAC_RATE_MAX_HZ ||
	    frames > (size_t)SOUND_SECONDS_MAX * rate_hz)
		return fault_origin(-EINVAL);
	r = secret_new(frames * sizeof(*samples) + FLAC_SLACK_BYTES, &room);
	if (r)
		return fault_trace(r);
	memory.bytes = room->bytes;
	memory.readable = room->bytes;
	memory.room = (sf_count_t)room->n;
	file = sf_open_virtual(&memory_io, SFM_WRITE, &info, &memory);
	if (!file)
		return fault_origin(-ENOMEM);
	written = sf_writef_short(file, samples, (sf_count_t)frames);
	/* Closing writes the last frames and the final header: it counts. */
	if (sf_close(file) != 0 || written != (sf_count_t)frames || memory.size == 0)
		return fault_origin(-EIO);
	return fault_trace(secret_from(room->bytes, (size_t)memory.size, ret_flac));
}

static int flac_refused(struct why *why, const char *reason)
{
	return answer_why(why, ANSWER_INVALID_ARGUMENT, "not sound as Cubby keeps it: %s", reason);
}

static int flac_read(SNDFILE *file, const SF_INFO *info, struct sound *sound, struct why *why)
{
	int16_t beyond;
	int r;

	r = secret_new((size_t)info->frames * sizeof(int16_t), &sound->samples);
	if (r)
		return fault_trace(r);
	if (sf_readf_short(file, (int16_t *)(void *)sound->samples->bytes, info->frames) !=
	    info->frames)
		return flac_refused(why, "the FLAC stream ends early or was changed");
	if (sf_readf_short(file, &beyond, 1) != 0)
		return flac_refused(why, "the FLAC stream is longer than it says");
	sound->frames = (size_t)info->frames;
	sound->rate_hz = (unsigned)info->samplerate;
	return 0;
}

int sound_from_flac(const void *flac, size_t n, struct sound *ret, struct why *why)
{
	_cleanup_(sndfile_close) SNDFILE *file = NULL;
	_cleanup_(sound_clear) struct sound sound = { .samples = NULL };
	struct memory memory = { .readable = flac, .size = (sf_count_t)n, .room = (sf_count_t)n };
	SF_INFO info = { .format = 0 };
	int r;

	/* libsndfile knows many formats; what an ear sends must not reach their parsers. */
	if (n < 4 || memcmp(flac, "fLaC", 4) != 0)
		return flac_refused(why, "no FLAC stream");
	file = sf_open_virtual(&memory_io, SFM_READ, &info, &memory);
	if (!file)
		return flac_refused(why, "no proper FLAC stream");
	if (info.format != (SF_FORMAT_FLAC | SF_FORMAT_PCM_16) || info.channels != 1)
		return flac_refused(why, "it must be mono with 16 bits a sample");
	if (info.samplerate < FLAC_RATE_MIN_HZ || info.samplerate > FLAC_RATE_MAX_HZ)
		return flac_refused(why, "its sample rate is not between 8 and 48 kHz");
	if (info.frames < 1 || info.frames > (sf_count_t)SOUND_SECONDS_MAX * info.samplerate)
		return flac_refused(why, "it is empty or longer than 60 seconds");
	r = flac_read(file, &info, &sound, why);
	if (r)
		return fault_trace(r);
	*ret = sound;
	sound.samples = NULL;
	return 0;
}
