/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The kinds of thing that may be kept of one utterance. Each has a consent, an expiry and a key
 * of its own; none implies another (R20). The numbers are written into sealed bodies and SQL. */

#include <stdint.h>

enum kind {
	KIND_AUDIO = 1,
	KIND_TRANSCRIPT = 2,
	KIND_LOCATION = 3,
};
#define KIND_MAX 3

/* "audio", "transcript", "location"; NULL for anything else. */
const char *kind_name(int kind);
/* 0 for an unknown name. */
int kind_from_name(const char *name);

/* The longest a kind may be kept, in seconds: the law of the build, repeated as CHECK constraints
 * in schemas/sql. Configuration can only lower it. 16 CFR 312.10: nothing is kept indefinitely. */
#define KIND_KEEP_MAX_AUDIO_S (30 * 86400)
#define KIND_KEEP_MAX_TRANSCRIPT_S (90 * 86400)
#define KIND_KEEP_MAX_LOCATION_S (7 * 86400)
uint32_t kind_keep_max_s(int kind);
