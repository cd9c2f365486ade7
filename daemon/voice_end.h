/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The consent to a voiceprint is the one that ends by itself: after a year at the most the adult is
 * not known by voice any more, and nothing new of theirs is kept. Parents are told while there is
 * time. Consents of the kinds have no end of their own; what is kept under them has.
 */

#include "store/voice.h"
#include "ground.h"

#define VOICE_NOTICE_DAYS 14

/* Days until it ends, where that is to be told: in its last VOICE_NOTICE_DAYS, and not before three
 * quarters of it are over. 0: not yet. */
uint32_t voice_ends_in_days(const struct ground *ground, const struct voice_row *row);
/* Tells of those that come to that, once of each. */
int voice_notice(const struct ground *ground);
