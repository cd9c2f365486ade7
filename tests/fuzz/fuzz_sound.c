/* SPDX-License-Identifier: Apache-2.0 */
/* Sound from outside: the FLAC of an item, a recording that somebody names, raw sound of a client.
 * The first byte says which. */

#include <string.h>
#include "fuzz.h"
#include "sound/convert.h"
#include "sound/sound.h"

static void sound_check(struct sound *sound)
{
	_cleanup_(secret_freep) struct secret *wav = NULL;

	fuzz_check(sound->frames > 0 && sound->samples->n >= sound->frames * sizeof(int16_t));
	fuzz_check(sound_to_wav(sound, &wav) == 0 &&
		   wav->n == 44 + sound->frames * sizeof(int16_t));
	sound_clear(sound);
	fuzz_reached();
}

static void flac(const uint8_t *bytes, size_t n)
{
	struct sound sound = { 0 };
	struct why why = { "" };
	int r = sound_from_flac(bytes, n, &sound, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	if (r)
		return;
	fuzz_check(sound.frames <= (size_t)SOUND_SECONDS_MAX * sound.rate_hz);
	sound_check(&sound);
}

static void recording(const uint8_t *bytes, size_t n)
{
	struct sound sound = { 0 };
	struct why why = { "" };
	int r = sound_from_file(fuzz_file(bytes, n), 5, &sound, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	if (r)
		return;
	fuzz_check(sound.rate_hz == SOUND_RATE_HZ && sound.frames <= 5 * SOUND_RATE_HZ + 1);
	sound_check(&sound);
}

static void raw(const uint8_t *bytes, size_t n)
{
	_cleanup_(convert_freep) struct convert *convert = NULL;
	static int16_t samples[CONVERT_PIECE_FRAMES];
	struct fuzz_input input = { bytes, n };
	struct why why = { "" };
	struct convert_format format;
	size_t piece;
	int r;

	format.rate_hz = fuzz_u32(&input);
	format.width = fuzz_u8(&input);
	format.channels = fuzz_u8(&input);
	r = convert_new(&format, &convert, &why);
	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	while (r == 0 && input.n > 0) {
		const size_t most = 1 + fuzz_u8(&input) * 8;
		const uint8_t *from = fuzz_bytes(&input, most, &piece);

		fuzz_check(convert_run(convert, from, piece, samples) <= CONVERT_PIECE_FRAMES);
		fuzz_check(convert_left(convert) < format.width * format.channels);
	}
	if (r == 0)
		fuzz_reached();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static void (*const sounds[])(const uint8_t *bytes, size_t n) = { flac, recording, raw };

	fuzz_device();
	if (n > 0)
		sounds[(bytes[0] - 'a') % 3u](bytes + 1, n - 1);
	return 0;
}
