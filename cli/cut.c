/* SPDX-License-Identifier: Apache-2.0 */
/* Where somebody begins and ends to speak, by loudness over the quiet around it: good enough for
 * who was asked to speak now. Whether it is fit for a voiceprint others decide. */

#include "cut.h"

#include <string.h>

static double power_of(const int16_t *piece)
{
	double sum = 1;

	for (size_t i = 0; i < CUT_PIECE; i++)
		sum += (double)piece[i] * piece[i];
	return sum / CUT_PIECE;
}

/* Down at once, up slowly. */
static void floor_follow(struct cut *cut, double power)
{
	if (cut->floor == 0 || power < cut->floor)
		cut->floor = power;
	else
		cut->floor *= 1.005;
}

void cut_push(struct cut *cut, const int16_t *piece)
{
	const double power = power_of(piece);
	bool loud;

	if (cut->state >= CUT_DONE)
		return;
	floor_follow(cut, power);
	loud = power > CUT_ABOVE_FLOOR * cut->floor;
	cut->loud = loud ? cut->loud + 1 : 0;
	cut->quiet = loud ? 0 : cut->quiet + 1;
	/* Until it begins, only the last moment is held. */
	if (cut->state == CUT_WAITING && cut->n == CUT_BEFORE_PIECES * CUT_PIECE) {
		cut->n -= CUT_PIECE;
		memmove(cut->samples, cut->samples + CUT_PIECE, cut->n * sizeof(*piece));
	}
	memcpy(cut->samples + cut->n, piece, CUT_PIECE * sizeof(*piece));
	cut->n += CUT_PIECE;
	if (cut->state == CUT_WAITING && cut->loud >= CUT_ONSET_PIECES)
		cut->state = CUT_SPEAKING;
	else if (cut->state == CUT_WAITING && ++cut->pieces >= CUT_WAIT_PIECES)
		cut->state = CUT_NOTHING;
	else if (cut->state == CUT_SPEAKING &&
		 (cut->quiet >= CUT_SILENCE_PIECES || cut->n + CUT_PIECE > CUT_SAMPLES_MAX))
		cut->state = CUT_DONE;
}
