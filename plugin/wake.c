/* SPDX-License-Identifier: Apache-2.0 */

/* Waiting for the phrase. What is said meanwhile must reach neither the host nor the keeper. */

#include "wake.h"

#include "crypt/secret.h"

bool wake_begin(struct wake *wake, uint64_t frame, int *ret_fault)
{
	*ret_fault = 0;
	if (!wake->spotter || frame < wake->until)
		return true;
	wake->spotting = true;
	*ret_fault = recogniser_begin(wake->spotter, &wake->ticket);
	return false;
}

int wake_feed(struct wake *wake, const int16_t *samples, size_t n, bool *ret_maybe)
{
	int r = recogniser_feed(wake->spotter, wake->ticket, samples, n);

	if (r < 0)
		return fault_trace(r);
	*ret_maybe = *recogniser_partial(wake->spotter, wake->ticket) != '\0';
	return 0;
}

int wake_finish(struct wake *wake, const int16_t *whole, size_t n, bool *ret_heard)
{
	struct recognition recognition;
	int r;

	r = recogniser_finish(wake->spotter, 0, whole, n, &recognition);
	*ret_heard = r == 0 && recognition.text[0];
	secret_wipe(&recognition, sizeof(recognition));
	wake->ticket = 0;
	wake->spotting = false;
	return r < 0 ? fault_trace(r) : 0;
}

void wake_until(struct wake *wake, uint64_t frame)
{
	wake->until = frame;
}

void wake_cancel(struct wake *wake)
{
	if (wake->spotter)
		recogniser_cancel(wake->spotter, wake->ticket);
	wake->ticket = 0;
	wake->spotting = false;
	/* However long ago by the clock: no frame may have passed since. */
	wake->until = 0;
}
