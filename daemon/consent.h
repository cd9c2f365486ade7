/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a parent allowed to be kept: for one profile, one kind, one time to keep, under one policy.
 * Each kind by itself (R20); never by an ear or a child (R22); void when the policy changes (R21).
 */

#include "crypt/household.h"
#include "ground.h"
#include "parent.h"
#include "store/consent.h"

/*
 * All statements are taken or none. ANSWER_NOT_AUTHORIZED: no proof that holds.
 * ANSWER_INVALID_ARGUMENT: not such a statement, signed by another key than the proved parent's,
 * kept longer than the configuration allows, or a kind named twice. ANSWER_NOT_FOUND: no such
 * profile. ANSWER_NO_CONSENT: given for another policy than the one in force.
 */
int consent_grant(const struct ground *ground, const struct proof *proof,
		  const char *const *statements, size_t n, uint32_t uid, struct why *why);
/* Inside the caller's transaction. kind 0: all. */
int consent_withdraw(const struct ground *ground, const struct profile *profile, enum kind kind);
/* 0 when this kind may be kept of this profile now. ANSWER_NO_CONSENT says why not. */
int consent_in_force(const struct ground *ground, const struct profile *profile, enum kind kind,
		     uint32_t *ret_keep_s, struct why *why);
/* "in force", "withdrawn", "policy changed". */
const char *consent_state(const struct ground *ground, const struct consent_row *row);
/* What is kept already expires no later than the configuration in force says: at start, so that the
 * policy is true of everything there is (R3, R30). */
int consent_narrow(const struct ground *ground);
