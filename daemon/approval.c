/* SPDX-License-Identifier: Apache-2.0 */

/* Approves copies for a training export, and takes approvals back. It asks who an item belongs to
 * before anything else; nothing of a child, or of nobody known, gets past that question. */

#include <stdio.h>
#include <string.h>
#include "approval.h"
#include "crypt/manifest.h"
#include "profile.h"
#include "store/copy.h"

int export_refuse(const struct ground *ground, const struct export_asker *asker, const char *method,
		  int answer, const char *reason, const struct profile *profile,
		  const struct id *item)
{
	struct access_entry entry = {
		.what = "denied", .uid = asker->uid, .outcome = answer_name(answer),
		.method = method, .reason = reason, .profile = profile, .item = item,
	};
	int r;

	/* Whoever gave no passphrase must not be able to fill the log. */
	if (!proof_holds(asker->proof, ground->clock)) {
		access_log_denied(ground->log, asker->uid, method, answer_name(answer));
		return answer;
	}
	r = access_log_write(ground->log, &entry);
	return r < 0 ? fault_trace(r) : answer;
}

/* The item's owner, who must be an adult. */
static int owner_find(const struct ground *ground, const struct export_asker *asker,
		      const char *method, const struct id *id, struct profile *ret_profile,
		      struct why *why)
{
	struct archive_item item;
	struct profile profile;
	int r;

	r = archive_find(ground->archive, id, &item, why);
	if (!r)
		r = store_profile_by_id(ground->store, &item.profile, &profile);
	if (r == ANSWER_NOT_FOUND)
		return export_refuse(ground, asker, method,
				     answer_why(why, r,
						"there is no item with this id; \"cubby list\" "
						"shows those there are"),
				     "no such item", NULL, NULL);
	if (r)
		return fault_trace(r);
	if (!profile.adult)
		return export_refuse(ground, asker, method,
				     answer_why(why, ANSWER_NOT_AUTHORIZED,
						"this is a child's item; nothing of a child can go "
						"into a training export, whoever asks"),
				     "child", &profile, id);
	*ret_profile = profile;
	return 0;
}

/* The item of a proved asker, and its owner. */
static int own_item(const struct ground *ground, const struct export_asker *asker,
		    const char *method, const char *text, struct id *ret_item,
		    struct profile *ret_profile, struct why *why)
{
	struct id id;
	int r;

	if (!proof_holds(asker->proof, ground->clock))
		return export_refuse(ground, asker, method,
				     answer_why(why, ANSWER_NOT_AUTHORIZED,
						"give the passphrase first"),
				     "no proof", NULL, NULL);
	if (!id_parse(text, &id))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not the id of an item; \"cubby list\" shows ids",
				  text);
	r = owner_find(ground, asker, method, &id, ret_profile, why);
	if (!r)
		*ret_item = id;
	return fault_trace(r);
}

int approval_begin(const struct ground *ground, const struct export_asker *asker, const char *item,
		   const struct archive_draft **ret, struct why *why)
{
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	const struct archive_draft *begun;
	int64_t now_boot_ms = clock_boot_ms(ground->clock);
	struct profile profile;
	struct id id;
	int r;

	r = own_item(ground, asker, "Export.BeginApproval", item, &id, &profile, why);
	if (!r)
		r = drafts_room(asker->drafts, now_boot_ms, why);
	if (r)
		return fault_trace(r);
	r = archive_copy_begin(ground->archive, &id, &draft, why);
	if (r == ANSWER_EXISTS)
		return export_refuse(ground, asker, "Export.BeginApproval",
				     answer_why(why, ANSWER_BUSY,
						"this item is approved already; \"cubby export "
						"refuse\" takes that back"),
				     "approved already", &profile, &id);
	if (r)
		return fault_trace(r);
	begun = draft;
	r = drafts_add(asker->drafts, DRAFT_APPROVAL, &profile.id, &draft, now_boot_ms, why);
	if (r)
		return fault_trace(r);
	*ret = begun;
	return 0;
}

/* What the log says of the comparison of voices, in fixed words; NULL: no such word. */
static const char *voice_words(const char *voice)
{
	static const char *const words[][2] = {
		{"match", "the voice matches"},
		{"mine", "not the enrolled voice; the owner says it is"},
		{"unclear", "too short to tell whose voice"},
		{"none", "nobody enrolled to compare with"},
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(voice, words[i][0]) == 0)
			return words[i][1];
	return NULL;
}

static int approve_store(const struct ground *ground, const struct export_asker *asker,
			 struct draft *draft, const struct profile *profile, const char *voice,
			 struct archive_approve *approve, struct why *why)
{
	char reason[96];
	struct access_within entry = {
		.log = ground->log,
		.entry = {
			.what = "export-approve", .uid = asker->uid, .outcome = "done",
			.reason = reason,
			.profile = profile, .item = &draft->archive->source,
		},
	};
	struct archive_within within = {access_log_within, &entry};

	snprintf(reason, sizeof(reason), "%s%s%s", approve->review, voice ? ", " : "",
		 voice ? voice_words(voice) : "");
	return fault_trace(archive_copy_commit(ground->archive, draft->archive, approve, &within,
					       why));
}

int approval_give(const struct ground *ground, const struct export_asker *asker,
		  const struct approval *approval, int64_t *ret_expires_min, struct why *why)
{
	_cleanup_(delivered_clear) struct delivered delivered = {0};
	struct archive_approve approve = {
		.purpose = approval->purpose, .recipient = approval->recipient,
		.review = approval->review,
	};
	struct household household;
	struct profile profile;
	struct draft *draft;
	struct id source;
	char text[ID_TEXT];
	int64_t expires_min = INT64_MAX;
	int r;

	if (!manifest_text_fits(approval->purpose) || !manifest_text_fits(approval->recipient))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "purpose and recipient take 1 to %d characters each, on one line",
				  MANIFEST_TEXT_CHARACTERS);
	if (!manifest_review_fits(approval->review))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "an item is reviewed as \"named\", \"heard\" or \"batch\", not "
				  "\"%.20s\"",
				  approval->review);
	if (approval->voice && !voice_words(approval->voice))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "of a voice one says \"match\", \"mine\", \"unclear\" or "
				  "\"none\", not \"%.20s\"",
				  approval->voice);
	r = drafts_find(asker->drafts, approval->copy, 1u << DRAFT_APPROVAL,
			clock_boot_ms(ground->clock), &draft, why);
	if (!r)
		r = own_item(ground, asker, "Export.Approve",
			     id_text(&draft->archive->source, text), &source, &profile, why);
	if (!r)
		r = household_keys(ground, &household);
	if (!r)
		r = delivery_check(approval->delivery, draft->archive, household.release,
				   &delivered, why);
	if (r)
		return fault_trace(r);
	for (unsigned i = 0; i < delivered.n_bodies; i++)
		delivered.bodies[i].keep_s = APPROVAL_LASTS_S;
	approve.header = delivered.header;
	approve.bodies = delivered.bodies;
	approve.n_bodies = delivered.n_bodies;
	r = approve_store(ground, asker, draft, &profile, approval->voice, &approve,
			  why);
	if (r)
		return fault_trace(r);
	for (unsigned i = 0; i < delivered.n_bodies; i++)
		if (delivered.bodies[i].expires_min < expires_min)
			expires_min = delivered.bodies[i].expires_min;
	draft_end(draft);
	*ret_expires_min = expires_min;
	return 0;
}

int approval_list(const struct ground *ground, const struct export_asker *asker, const char *cursor,
		  unsigned limit, struct archive_copy **ret_copies, size_t *ret_n,
		  char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why)
{
	struct access_entry entry = {.what = "export-list", .uid = asker->uid, .outcome = "done"};
	struct archive_copy *copies;
	size_t n;
	int r;

	r = archive_copy_list(ground->archive, NULL, NULL, cursor, limit, &copies, &n, ret_cursor,
			      why);
	if (r)
		return fault_trace(r);
	entry.items = n;
	r = ground_stored(access_log_write(ground->log, &entry), why);
	if (r) {
		archive_copies_free(copies, n);
		return r;
	}
	*ret_copies = copies;
	*ret_n = n;
	return 0;
}

int approval_candidates(const struct ground *ground, const struct export_asker *asker,
			const char *profile_name, const char *cursor, unsigned limit,
			struct archive_item **ret_items, size_t *ret_n,
			char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why)
{
	_cleanup_(cleanup_free) struct archive_item *items = NULL;
	struct profile profile;
	struct access_entry entry = {
		.what = "list", .uid = asker->uid, .outcome = "done",
		.method = "Export.Candidates", .profile = profile_name[0] ? &profile : NULL,
	};
	int r;

	r = profile_name[0] ? profile_find(ground, profile_name, &profile, why) : 0;
	if (r)
		return fault_trace(r);
	if (profile_name[0] && !profile.adult)
		return export_refuse(ground, asker, "Export.Candidates",
				     answer_why(why, ANSWER_NOT_AUTHORIZED,
						"this is a child's profile; nothing of a child is "
						"reviewed for a training export"),
				     "child", &profile, NULL);
	r = archive_candidates(ground->archive, profile_name[0] ? &profile.id : NULL, cursor, limit,
			       &items, ret_n, ret_cursor, why);
	if (r)
		return fault_trace(r);
	entry.items = *ret_n;
	r = ground_stored(access_log_write(ground->log, &entry), why);
	if (!r)
		*ret_items = take(items);
	return r;
}

int approval_own(const struct ground *ground, const struct export_asker *asker, const char *method,
		 const struct id *ids, size_t n, struct why *why)
{
	struct profile profile;
	int r = 0;

	for (size_t i = 0; !r && i < n; i++)
		r = owner_find(ground, asker, method, &ids[i], &profile, why);
	return fault_trace(r);
}

int approval_refuse(const struct ground *ground, const struct export_asker *asker, size_t n)
{
	struct access_entry entry = {
		.what = "export-refuse", .uid = asker->uid, .outcome = "done", .items = n,
	};
	int r = store_refuse(ground->store, age_now_min(ground->age));

	return fault_trace(r ? r : access_log_append(ground->log, &entry));
}
