/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* /etc/cubby/ear.conf */

#include <stdbool.h>
#include "base/fault.h"
#include "crypt/sign.h"
#include "forget.h"

#define SETTINGS_PATH "/etc/cubby/ear.conf"
#define SETTINGS_PATH_BYTES 1024

struct settings {
	bool pinned;				/* household_key is given */
	uint8_t household_key[SIGN_PUBLIC_BYTES];
	struct forget_phrases forget;		/* forget_last, forget_ten_minutes, forget_today */
	bool adults_may_leave;			/* audio_may_leave_device = adults */
	double wake_threshold;			/* 0: not given */
	char words[SETTINGS_PATH_BYTES];	/* a dictionary of the integrator's; "": none */
};

/* path NULL: SETTINGS_PATH, which may be absent. ANSWER_INVALID_ARGUMENT names file and line. */
int settings_read(const char *path, struct settings *ret, struct why *why);
