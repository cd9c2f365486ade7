/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby play`: opens the sound of one item here, and plays it or writes it as WAV. Only a file
 * that the parent named ever holds it. */

#include <stdio.h>
#include <string.h>

#include "item.h"
#include "output.h"
#include "playback.h"
#include "prompt.h"
#include "verb.h"

static const char *const audio_only[] = { "audio", NULL };

static int sound_write(struct hand *hand, const char *id, const struct cubby_opened *opened,
		       const char *path)
{
	_cleanup_(secret_freep) struct secret *wav = NULL;
	double duration_s = (double)opened->frames / opened->rate_hz;
	int r;

	r = item_wav(opened, &wav);
	if (r != 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot make the WAV (%s)", strerror(-r));
	r = output_write(path, wav->bytes, wav->n, 0600);
	if (r < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot write %s (%s)", path, strerror(-r));
	if (strcmp(path, "-") == 0)
		return 0;
	if (hand->json)
		r = render_json(json_pack("{s:s, s:s, s:f, s:i, s:I}", "id", id, "file", path,
					  "duration_s", duration_s, "rate_hz", (int)opened->rate_hz,
					  "frames", (json_int_t)opened->frames));
	else
		hand_say(hand, "Wrote %s, %.1f s. It is not encrypted, and Cubby does not delete "
			       "it.",
			 path, duration_s);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}

int verb_play(struct hand *hand)
{
	_cleanup_(hand_ids_freep) char **ids = NULL;
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
	const char *path = hand->command.value[OPTION_OUTPUT];
	struct why why = { "" };
	int r;

	r = hand_ids(hand, &ids);
	if (r == 0)
		r = prompt_proof(hand, CUBBY_SECRET_HOME);
	if (r != 0)
		return r;
	r = item_open(hand, ids[0], audio_only, &opened);
	if (r != 0)
		return hand_refused(hand, r);
	if (!opened->samples)
		return hand_fail(hand, EXIT_NOT_FOUND, "no sound was kept of %.8s", ids[0]);
	if (path)
		return sound_write(hand, ids[0], opened, path);
	r = playback_run(opened->samples, opened->frames, opened->rate_hz, &why);
	/* A missing sound server is not a missing keeper: both answers are "failed" here. */
	return r == 0 ? 0 : hand_fail(hand, EXIT_GENERAL, "%s", why.text);
}
