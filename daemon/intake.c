/* SPDX-License-Identifier: Apache-2.0 */

/* Lets items in. Consent is looked up when an item is begun and again when it is handed over; an
 * unknown profile, a missing consent or a doubt means that nothing is kept (R1, R28). */

#include <string.h>
#include "bucket.h"
#include "intake.h"
#include "retention.h"
#include "voice.h"

struct intake {
	struct ground ground;
	struct buckets tellers;		/* how fast each uid may bring items */
};

int intake_new(const struct ground *ground, struct intake **ret)
{
	struct intake *intake = calloc(1, sizeof(*intake));

	if (!intake)
		return fault_origin(-ENOMEM);
	intake->ground = *ground;
	*ret = intake;
	return 0;
}

struct intake *intake_free(struct intake *intake)
{
	free(intake);
	return NULL;
}

static int rate_take(struct intake *intake, uint32_t uid, struct why *why)
{
	uint32_t per_min = intake->ground.config->items_per_min;

	intake->tellers.per_min = intake->tellers.burst = per_min;
	if (buckets_take(&intake->tellers, uid, clock_boot_ms(intake->ground.clock)))
		return 0;
	return answer_why(why, ANSWER_RATE_LIMITED,
			  "more than %u items a minute; wait a little, or set \"rate\" in [bus] of "
			  "cubbyd.conf",
			  per_min);
}

static int kinds_read(const char *const *names, size_t n, enum kind ret[static KIND_MAX],
		      struct why *why)
{
	unsigned seen = 0;

	if (!n || n > KIND_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "name 1 to %d kinds, not %zu",
				  KIND_MAX, n);
	for (size_t i = 0; i < n; i++) {
		int kind = kind_from_name(names[i]);

		if (!kind)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "there is no kind \"%.20s\"; say audio, transcript or "
					  "location",
					  names[i]);
		if (seen & 1u << kind)
			return answer_why(why, ANSWER_INVALID_ARGUMENT, "%s is named twice",
					  names[i]);
		seen |= 1u << kind;
		ret[i] = kind;
	}
	return 0;
}

/* May this caller bring these kinds of this profile, now? How long each is kept on yes. */
static int way_check(struct intake *intake, const struct intake_asker *asker,
		     const struct profile *profile, const enum kind *kinds, size_t n_kinds,
		     enum draft_way *ret_way, uint32_t ret_keep_s[static KIND_MAX], struct why *why)
{
	const bool import = profile->adult && proof_holds(asker->proof, intake->ground.clock);
	int r = 0;

	if (profile->adult && !import)
		r = asker->ear ? voice_enrolled(&intake->ground, &profile->id) : ANSWER_NOT_FOUND;
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, ANSWER_NOT_AUTHORIZED,
				  "this is an adult's profile with no enrolled voice, so nobody "
				  "knows that it is that adult who speaks; use \"cubby enroll\" or "
				  "\"cubby import\"");
	if (r)
		return fault_trace(r);
	if (!profile->adult && !asker->ear)
		return answer_why(why, ANSWER_NOT_AUTHORIZED,
				  "this is a child's profile: what is kept of a child comes from "
				  "an ear, never from a file");
	for (size_t i = 0; i < n_kinds; i++) {
		r = consent_in_force(&intake->ground, profile, kinds[i], &ret_keep_s[i], why);
		/* An import is an adult's own doing; a consent can only shorten it. */
		if (r == ANSWER_NO_CONSENT && import)
			r = retention_cap(&intake->ground, profile, kinds[i], &ret_keep_s[i]);
		if (r)
			return fault_trace(r);
	}
	*ret_way = import ? DRAFT_IMPORT : DRAFT_EAR;
	return 0;
}

int intake_begin(struct intake *intake, const struct intake_asker *asker, const char *profile_name,
		 const char *const *kind_names, size_t n_kinds, const struct archive_draft **ret,
		 struct why *why)
{
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	const struct archive_draft *begun;
	int64_t now_boot_ms = clock_boot_ms(intake->ground.clock);
	struct profile profile;
	enum draft_way way;
	enum kind kinds[KIND_MAX];
	uint32_t keep_s[KIND_MAX];
	int r;

	r = kinds_read(kind_names, n_kinds, kinds, why);
	if (!r)
		r = profile_find(&intake->ground, profile_name, &profile, why);
	if (!r)
		r = way_check(intake, asker, &profile, kinds, n_kinds, &way, keep_s, why);
	if (!r)
		r = drafts_room(asker->drafts, now_boot_ms, why);
	if (!r)
		r = rate_take(intake, asker->uid, why);
	if (!r)
		r = archive_begin(intake->ground.archive, &profile.id, kinds, n_kinds, &draft, why);
	if (r)
		return fault_trace(r);
	begun = draft;
	r = drafts_add(asker->drafts, way, &profile.id, &draft, now_boot_ms, why);
	if (r)
		return fault_trace(r);
	*ret = begun;
	return 0;
}

/* Entry and use of the profile, in the transaction of the item. */
struct keep_within {
	struct access_within entry;
	struct store *store;
	const struct id *profile;
	int64_t now_min;
};

static int keep_within(void *context)
{
	struct keep_within *within = context;
	int r = store_profile_used(within->store, within->profile, within->now_min);

	return fault_trace(r ? r : access_log_within(&within->entry));
}

static int keep_store(struct intake *intake, const struct intake_asker *asker, struct draft *draft,
		      const struct profile *profile, struct delivered *delivered, struct why *why)
{
	struct archive_keep keep = {
		.profile = profile->id,
		.uid = asker->uid,
		.header = delivered->header,
		.bodies = delivered->bodies,
		.n_bodies = delivered->n_bodies,
	};
	struct keep_within kept = {
		.entry = {
			.log = intake->ground.log,
			.entry = {
				.what = draft->way == DRAFT_IMPORT ? "import" : "keep",
				.uid = asker->uid, .outcome = "done", .profile = profile,
				.item = &draft->archive->id,
			},
		},
		.store = intake->ground.store,
		.profile = &profile->id,
		.now_min = age_now_min(intake->ground.age),
	};
	struct archive_within within = {keep_within, &kept};

	return fault_trace(archive_commit(intake->ground.archive, draft->archive, &keep, &within,
					  why));
}

static int commit_check(struct intake *intake, const struct intake_asker *asker,
			const struct draft *draft, struct profile *ret_profile,
			uint32_t ret_keep_s[static KIND_MAX], struct household *ret_household,
			struct why *why)
{
	enum kind kinds[KIND_MAX];
	enum draft_way way;
	char id[ID_TEXT];
	int r;

	for (unsigned i = 0; i < draft->archive->n_parts; i++)
		kinds[i] = draft->archive->parts[i].kind;
	r = profile_find(&intake->ground, id_text(&draft->profile, id), ret_profile, why);
	if (!r)
		r = way_check(intake, asker, ret_profile, kinds, draft->archive->n_parts, &way,
			      ret_keep_s, why);
	if (!r)
		r = household_keys(&intake->ground, ret_household);
	return fault_trace(r);
}

int intake_commit(struct intake *intake, const struct intake_asker *asker, const char *id,
		  const struct delivery *delivery, struct archive_body ret_bodies[static KIND_MAX],
		  unsigned *ret_n, struct why *why)
{
	_cleanup_(delivered_clear) struct delivered delivered = {0};
	struct draft *draft;
	struct profile profile;
	struct household household;
	uint32_t keep_s[KIND_MAX];
	int r;

	r = drafts_find(asker->drafts, id, 1u << DRAFT_EAR | 1u << DRAFT_IMPORT,
			clock_boot_ms(intake->ground.clock), &draft, why);
	if (!r)
		r = commit_check(intake, asker, draft, &profile, keep_s, &household, why);
	if (!r)
		r = delivery_check(delivery, draft->archive, household.home, &delivered, why);
	if (r)
		return fault_trace(r);
	for (unsigned i = 0; i < delivered.n_bodies; i++)
		delivered.bodies[i].keep_s = keep_s[i];
	asker->drafts->handed = draft->archive->id;
	r = keep_store(intake, asker, draft, &profile, &delivered, why);
	if (r)
		return fault_trace(r);
	memcpy(ret_bodies, delivered.bodies, sizeof(delivered.bodies));
	*ret_n = delivered.n_bodies;
	draft_end(draft);
	return 0;
}

int intake_abort(struct intake *intake, const struct intake_asker *asker, const char *id,
		 struct why *why)
{
	struct archive_item item;
	struct draft *draft;
	struct id parsed;
	int r;

	/* The archive is asked, not a memory of the answer: a commit that failed may stand. */
	if (id_parse(id, &parsed) && id_equal(&parsed, &asker->drafts->handed)) {
		r = archive_find(intake->ground.archive, &parsed, &item, NULL);
		if (r == 0)
			return answer_why(why, ANSWER_EXISTS, "this item was handed over and is "
					  "kept; a parent can delete it");
		if (r < 0)
			return fault_trace(r);
	}
	r = drafts_find(asker->drafts, id, 1u << DRAFT_EAR | 1u << DRAFT_IMPORT,
			clock_boot_ms(intake->ground.clock), &draft, why);
	if (r)
		return r;
	draft_end(draft);
	return 0;
}
