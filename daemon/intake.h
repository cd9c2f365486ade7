/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How an item comes in: told by an ear, of a child, under consents in force for every kind of it;
 * or imported by a proved parent, of an adult. Everything else is refused. */

#include "consent.h"
#include "delivery.h"
#include "draft.h"
#include "profile.h"

struct intake;

int intake_new(const struct ground *ground, struct intake **ret);
struct intake *intake_free(struct intake *intake);
CLEANUP_DEFINE(struct intake *, intake_free)

struct intake_asker {
	uint32_t uid;
	bool ear;
	const struct proof *proof;	/* NULL or lapsed: none */
	struct drafts *drafts;
};

/* Answers: those Intake.Begin declares. */
int intake_begin(struct intake *intake, const struct intake_asker *asker, const char *profile,
		 const char *const *kinds, size_t n_kinds, const struct archive_draft **ret,
		 struct why *why);
/* The item is durable when this returns 0. Answers: those Intake.Commit declares. `ret_bodies` has
 * kinds and expiries (its sealed bytes are gone). */
int intake_commit(struct intake *intake, const struct intake_asker *asker, const char *id,
		  const struct delivery *delivery, struct archive_body ret_bodies[static KIND_MAX],
		  unsigned *ret_n, struct why *why);
/* ANSWER_EXISTS: too late, this connection handed it over and it is kept. ANSWER_NOT_FOUND. */
int intake_abort(struct intake *intake, const struct intake_asker *asker, const char *id,
		 struct why *why);
