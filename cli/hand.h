/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The parent's hand: one command under way. */

#include <stdbool.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "client/cubby.h"
#include "command.h"

struct hand {
	struct command command;
	struct cubby *cubby;
	int64_t now_s;
	int timeout_ms;		/* --timeout; 0: not given */
	bool json;
	bool quiet;
	bool color;		/* on standard output */
};

/* Options common to all verbs. Returns an exit code, after telling what is wrong. */
int hand_open(struct hand *hand);
void hand_close(struct hand *hand);

/* "cubby: text" to standard error; returns the exit code given. */
_printf_(3, 4)
int hand_fail(struct hand *hand, enum exit_code code, const char *format, ...);
/* The same for what libcubby returned: its words and its exit code. */
int hand_refused(struct hand *hand, int r);
/* A line for people: not with --json or -q. */
_printf_(2, 3)
void hand_say(struct hand *hand, const char *format, ...);

/* Is this a parent, and is there a household? Otherwise says what to do first. Returns an exit
 * code. */
int hand_household(struct hand *hand);
/* The value of --since, --until, --kind, --profile in a selection. Returns an exit code. */
int hand_select(struct hand *hand, struct cubby_selection *selection);
/* Full ids for what was typed; freed with hand_ids_free(). Returns an exit code. */
int hand_ids(struct hand *hand, char ***ret_ids);
void hand_ids_free(char **ids);
static inline void hand_ids_freep(char ***ids)
{
	hand_ids_free(*ids);
}
/* The profile of this nickname or id. Returns an exit code. */
int hand_profile(struct hand *hand, const struct cubby_profiles *profiles, const char *asked,
		 const struct cubby_profile **ret);
/* Nickname of a profile id; the id where it is not in the list. */
const char *hand_profile_name(const struct cubby_profiles *profiles, const char *id);

CLEANUP_DEFINE(struct cubby_status *, cubby_status_free)
CLEANUP_DEFINE(struct cubby_parents *, cubby_parents_free)
CLEANUP_DEFINE(struct cubby_profiles *, cubby_profiles_free)
CLEANUP_DEFINE(struct cubby_consents *, cubby_consents_free)
CLEANUP_DEFINE(struct cubby_voiceprints *, cubby_voiceprints_free)
CLEANUP_DEFINE(struct cubby_retentions *, cubby_retentions_free)
CLEANUP_DEFINE(struct cubby_list *, cubby_list_free)
CLEANUP_DEFINE(struct cubby_opened *, cubby_opened_free)
CLEANUP_DEFINE(struct cubby_erasure *, cubby_erasure_free)
CLEANUP_DEFINE(struct cubby_receipt *, cubby_receipt_free)
CLEANUP_DEFINE(struct cubby_past_exports *, cubby_past_exports_free)
CLEANUP_DEFINE(struct cubby_drill *, cubby_drill_free)
CLEANUP_DEFINE(struct cubby_log *, cubby_log_free)
CLEANUP_DEFINE(struct cubby_log_verdict *, cubby_log_verdict_free)
