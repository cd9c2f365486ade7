/* SPDX-License-Identifier: Apache-2.0 */

/* Tells parents of consents to voiceprints that end soon. It ends none, and lengthens none. */

#include "voice_end.h"

#define DAY_MIN (24 * 60)

uint32_t voice_ends_in_days(const struct ground *ground, const struct voice_row *row)
{
	const int64_t left_min = row->expires_min - age_now_min(ground->age);

	if (left_min <= 0 || left_min > VOICE_NOTICE_DAYS * DAY_MIN ||
	    left_min > (row->expires_min - row->made_min) / 4)
		return 0;
	return (uint32_t)((left_min + DAY_MIN - 1) / DAY_MIN);
}

static int notice_give(const struct ground *ground, const struct voice_row *row, uint32_t days)
{
	int r = store_voice_noticed(ground->store, &row->id);

	return fault_trace(r ? r : alert_tell(ground->alerts, ALERT_CONSENT_ENDS, &row->profile,
					      days));
}

int voice_notice(const struct ground *ground)
{
	const struct sight sight = age_sight(ground->age);
	struct voice_row *rows;
	size_t n;
	int r = store_voices(ground->store, NULL, &sight, &rows, &n);

	if (r)
		return fault_trace(r);
	for (size_t i = 0; !r && i < n; i++) {
		const uint32_t days = voice_ends_in_days(ground, &rows[i]);

		if (days && !rows[i].noticed)
			r = notice_give(ground, &rows[i], days);
	}
	voice_rows_free(rows, n);
	return fault_trace(r);
}
