/* SPDX-License-Identifier: Apache-2.0 */

/* What the shipped code makes of recordings, for script/eval-voice to time and for people to
 * compare with numpy's: speaker-dump MODEL FILE... prints a line "point ..." for each, and at the
 * end how many seconds of processor so many seconds of sound took, and how many KiB the model and
 * the one who listens with it hold. */

#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "crypt/secret.h"
#include "sound/sound.h"
#include "speaker/speech.h"

static double processor_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long resident_kb(void)
{
	_cleanup_(cleanup_fclose) FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		return 0;
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void print(const struct speaker_model *model, const struct speech *speech)
{
	printf("point");
	for (unsigned i = 0; i < model->dimensions; i++)
		printf(" %.6g", (double)speech_point(speech)[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	_cleanup_(speaker_model_freep) struct speaker_model *model = NULL;
	_cleanup_(speech_freep) struct speech *speech = NULL;
	double sound_s = 0.0, spent_s = 0.0;
	long before_kb = 0, after_kb;
	struct why why;

	if (argc < 3 || crypt_init() < 0)
		return 2;
	before_kb = resident_kb();
	if (speaker_model_open(argv[1], &model, &why)) {
		fprintf(stderr, "%s: %s\n", argv[1], why.text);
		return 1;
	}
	if (speech_new(model, &speech) < 0)
		return 1;
	after_kb = resident_kb();
	for (int i = 2; i < argc; i++) {
		struct sound sound = { 0 };
		double began;
		int r;

		if (sound_from_file(argv[i], 60, &sound, &why)) {
			fprintf(stderr, "%s: %s\n", argv[i], why.text);
			return 1;
		}
		began = processor_s();
		r = speech_hear(speech, (const int16_t *)(const void *)sound.samples->bytes,
				sound.frames, &why);
		spent_s += processor_s() - began;
		sound_s += (double)sound.frames / SOUND_RATE_HZ;
		if (r == 0)
			print(model, speech);
		else
			printf("none %s\n", why.text);
		sound_clear(&sound);
	}
	printf("spent %.6f of %.3f holding %ld\n", spent_s, sound_s, after_kb - before_kb);
	return 0;
}
