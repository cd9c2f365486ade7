/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Is it the voice of its owner? Asked of what a parent opened, in memory, before it is approved for
 * an export. */

#include "hand.h"

enum voice_said {
	VOICE_NONE = 0,		/* nobody enrolled to compare with, or no sound */
	VOICE_MATCH,
	VOICE_OTHER,		/* not the enrolled voice, or not surely that alone */
	VOICE_UNCLEAR,		/* too short, too low or too noisy to tell */
};

struct voice_check;

int voice_check_new(struct hand *hand, struct voice_check **ret);
struct voice_check *voice_check_free(struct voice_check *check);
CLEANUP_DEFINE(struct voice_check *, voice_check_free)

/* Is the owner enrolled at all? An exit code after telling what is wrong. */
int voice_check_enrolled(struct voice_check *check, const char *owner, bool *ret);
/* An exit code after telling what is wrong. */
int voice_check_item(struct voice_check *check, const char *owner,
		     const struct cubby_opened *opened, enum voice_said *ret);

/* For people. */
const char *voice_said_text(enum voice_said said);
/* What the approval carries; of VOICE_OTHER only once its owner answered for it. */
const char *voice_said_word(enum voice_said said);
/* A single item, opened for it where its owner is enrolled. An exit code after telling. */
int voice_check_id(struct voice_check *check, const char *owner, const char *id,
		   enum voice_said *ret);
/* Did the owner answer for a voice that is another? --mismatch=approve, or typed. */
bool voice_answered(struct hand *hand, const char *question);
/* False after telling what is wrong: --mismatch with another value. */
bool voice_option_fits(struct hand *hand);
