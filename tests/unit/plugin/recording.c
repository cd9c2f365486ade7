/* SPDX-License-Identifier: Apache-2.0 */
/* Voices and noises for the tests of the ear. */

#include "recording.h"

#include <math.h>
#include <sys/wait.h>
#include "base/file.h"
#include "sound/sound.h"

#define FRAME 160

static struct recording from_sound(struct sound *sound)
{
	struct recording recording = { .frames = sound->frames };

	recording.samples = malloc(sound->frames * sizeof(int16_t));
	assert_non_null(recording.samples);
	memcpy(recording.samples, sound->samples->bytes, sound->frames * sizeof(int16_t));
	sound_clear(sound);
	return recording;
}

struct recording recording_read(const char *name)
{
	struct recording recording = { 0 };
	struct sound sound = { 0 };
	char path[512], *text;
	size_t n;

	snprintf(path, sizeof(path), "%s%s", RECORDINGS, name);
	if (access(path, R_OK) < 0)
		skip();
	if (strstr(name, ".wav")) {
		assert_int_equal(sound_from_file(path, 0, &sound, NULL), 0);
		return from_sound(&sound);
	}
	assert_int_equal(file_read_path(path, 1 << 22, &text, &n), 0);
	recording.frames = n / sizeof(int16_t);
	recording.samples = (int16_t *)(void *)text;
	return recording;
}

struct recording recording_speak(const char *text)
{
	return recording_speak_as("en-us", text);
}

struct recording recording_speak_as(const char *voice, const char *text)
{
	char path[] = "/tmp/cubby-test-XXXXXX";
	struct sound sound = { 0 };
	int fd = mkstemp(path), status;
	pid_t pid;

	assert_true(fd >= 0);
	close(fd);
	pid = fork();
	if (pid == 0) {
		execlp("espeak-ng", "espeak-ng", "-v", voice, "-w", path, text, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 127) {
		unlink(path);
		skip();
	}
	assert_int_equal(status, 0);
	assert_int_equal(sound_from_file(path, 0, &sound, NULL), 0);
	unlink(path);
	return from_sound(&sound);
}

struct recording recording_join(const struct recording *first, const struct recording *second)
{
	struct recording both = { .frames = first->frames + second->frames };

	both.samples = malloc(both.frames * sizeof(int16_t));
	assert_non_null(both.samples);
	memcpy(both.samples, first->samples, first->frames * sizeof(int16_t));
	memcpy(both.samples + first->frames, second->samples, second->frames * sizeof(int16_t));
	return both;
}

struct recording recording_free(struct recording *recording)
{
	free(recording->samples);
	*recording = (struct recording) { 0 };
	return *recording;
}

double noise_white(struct noise *noise)
{
	noise->state = noise->state * 6364136223846793005ull + 1442695040888963407ull;
	return (double)(noise->state >> 11) / 4503599627370496.0 - 1.0;
}

/* Paul Kellet's filter, the economical one. */
double noise_pink(struct noise *noise)
{
	double white = noise_white(noise), *pink = noise->pink;

	pink[0] = 0.99765 * pink[0] + white * 0.0990460;
	pink[1] = 0.96300 * pink[1] + white * 0.2965164;
	pink[2] = 0.57000 * pink[2] + white * 1.0526913;
	return (pink[0] + pink[1] + pink[2] + white * 0.1848) * 0.5;
}

static double frame_power(const int16_t *samples)
{
	double sum = 0.0;

	for (unsigned i = 0; i < FRAME; i++)
		sum += (double)samples[i] * samples[i];
	return sum / FRAME;
}

static double power_highest(const struct recording *clean)
{
	double highest = 0.0;

	for (size_t i = 0; i + FRAME <= clean->frames; i += FRAME)
		highest = fmax(highest, frame_power(clean->samples + i));
	return highest;
}

void recording_ends(const struct recording *clean, size_t *ret_first, size_t *ret_last)
{
	double limit = power_highest(clean) / 316.0;
	size_t first = SIZE_MAX, last = 0;

	for (size_t i = 0; i + FRAME <= clean->frames; i += FRAME) {
		if (frame_power(clean->samples + i) < limit)
			continue;
		if (first == SIZE_MAX)
			first = i / FRAME;
		last = i / FRAME;
	}
	*ret_first = first;
	*ret_last = last;
}

static double speech_power(const struct recording *clean)
{
	double limit = power_highest(clean) / 316.0, sum = 0.0;
	size_t n = 0;

	for (size_t i = 0; i + FRAME <= clean->frames; i += FRAME) {
		double power = frame_power(clean->samples + i);

		if (power < limit)
			continue;
		sum += power;
		n++;
	}
	return n ? sum / (double)n : 0.0;
}

struct recording recording_in_noise(const struct recording *clean, double (*sound)(struct noise *),
				    uint64_t seed, double snr_db, unsigned lead_ms,
				    unsigned tail_ms)
{
	size_t lead = lead_ms * (RATE_HZ / 1000), tail = tail_ms * (RATE_HZ / 1000);
	struct recording mixed = { .frames = lead + clean->frames + tail };
	struct noise noise = { .state = seed };
	double power = 0.0, gain;

	for (unsigned i = 0; i < RATE_HZ; i++) {
		double value = sound(&noise);

		power += value * value / RATE_HZ;
	}
	gain = sqrt(speech_power(clean) / pow(10.0, snr_db / 10.0) / power);
	mixed.samples = malloc(mixed.frames * sizeof(int16_t));
	assert_non_null(mixed.samples);
	for (size_t i = 0; i < mixed.frames; i++) {
		double value = gain * sound(&noise);

		if (i >= lead && i < lead + clean->frames)
			value += clean->samples[i - lead];
		mixed.samples[i] = (int16_t)fmax(fmin(value, 32767.0), -32768.0);
	}
	return mixed;
}
