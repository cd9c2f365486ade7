/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Adults' voiceprints: taken from a proved parent with a signed consent, sealed under a slot key of
 * their own and the profile's veil, handed to ears in a box, gone at their end. Here the keeper
 * holds something of a person that it can read, and so can root: an ear must know an adult while
 * parents are away. There is none of a child (R27), and none is ever exported.
 */

#include "crypt/box.h"
#include "crypt/voiceconsent.h"
#include "ground.h"
#include "parent.h"
#include "store/voice.h"

/* As many as an ear holds. */
#define VOICES_MAX 16
#define VOICE_BYTES_MAX 1024

/* A voiceprint that has its slot, and no row yet. */
struct voice_draft {
	const struct ground *ground;
	struct profile profile;
	struct voice_row row;
	uint8_t *sealed;
	size_t n_sealed;
	uint32_t uid;
	bool stored;			/* the slot is a row's, or there is none */
};

/*
 * statement: cubby-enrolment-1; sealed: the voiceprint it names, in a box to this keeper.
 * ANSWER_NOT_AUTHORIZED: nobody proved. ANSWER_INVALID_ARGUMENT: a child's profile, another
 * parent's signature, or bytes that are not those of the statement or no voiceprint at all.
 * ANSWER_NO_CONSENT: for another policy. ANSWER_QUOTA_EXCEEDED, ANSWER_NOT_FOUND.
 */
int voice_enrol(const struct ground *ground, const struct box_keypair *box,
		const struct proof *proof, const char *statement, const void *sealed,
		size_t n_sealed, uint32_t uid, struct voice_draft **ret, struct why *why);
/* The `within` of the erasure of the one before; or alone, where there is none before. */
int voice_enrol_within(void *draft);
int voice_enrol_alone(struct voice_draft *draft, struct why *why);
/* Gives the slot back of one that was not stored. */
struct voice_draft *voice_draft_free(struct voice_draft *draft);
CLEANUP_DEFINE(struct voice_draft *, voice_draft_free)

/* "in force" or "policy changed". */
const char *voice_state(const struct ground *ground, const struct voice_row *row);

/* 0: this adult has a voiceprint in force. ANSWER_NOT_FOUND. */
int voice_enrolled(const struct ground *ground, const struct id *profile);

/* For an ear, or of one profile for a proved parent: those in force that can be opened, and their
 * bytes one behind the other, each behind its length in two bytes, little endian. profile NULL: of
 * all. Free with voice_rows_free. */
int voice_give(const struct ground *ground, const struct id *profile, struct voice_row **ret_rows,
	       size_t *ret_n, struct secret **ret_bytes);
