/* SPDX-License-Identifier: Apache-2.0 */

/* Approves and hands out copies for a training export. It asks who an item belongs to before
 * anything else; nothing of a child, or of nobody known, gets past that question. */

#include <string.h>
#include "export.h"
#include "profile.h"

/* Logs a refusal and returns it. */
static int refuse(const struct ground *ground, const struct export_asker *asker, const char *method,
		  int answer, const char *reason, const struct profile *profile,
		  const struct id *item)
{
	struct access_entry entry = {
		.what = "denied", .uid = asker->uid, .outcome = answer_name(answer),
		.method = method, .reason = reason, .profile = profile, .item = item,
	};
	int r = access_log_write(ground->log, &entry);

	return r < 0 ? fault_trace(r) : answer;
}

/* The item, and its owner, who must be an adult. */
static int own_item(const struct ground *ground, const struct export_asker *asker,
		    const char *method, const char *text, struct id *ret_item,
		    struct profile *ret_profile, struct why *why)
{
	struct archive_item item;
	struct profile profile;
	struct id id;
	int r;

	if (!proof_holds(asker->proof, ground->clock))
		return refuse(ground, asker, method,
			      answer_why(why, ANSWER_NOT_AUTHORIZED, "give the passphrase first"),
			      "no proof", NULL, NULL);
	if (!id_parse(text, &id))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not the id of an item; \"cubby list\" shows ids",
				  text);
	r = archive_find(ground->archive, &id, &item, why);
	if (!r)
		r = store_profile_by_id(ground->store, &item.profile, &profile);
	if (r == ANSWER_NOT_FOUND)
		return refuse(ground, asker, method,
			      answer_why(why, r,
					 "there is no item with this id; \"cubby list\" shows "
					 "those there are"),
			      "no such item", NULL, NULL);
	if (r)
		return fault_trace(r);
	if (!profile.adult)
		return refuse(ground, asker, method,
			      answer_why(why, ANSWER_NOT_AUTHORIZED,
					 "this is a child's item; nothing of a child can go into a "
					 "training export, whoever asks"),
			      "child", &profile, &id);
	*ret_item = id;
	*ret_profile = profile;
	return 0;
}

int export_begin(const struct ground *ground, const struct export_asker *asker, const char *item,
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
		return refuse(ground, asker, "Export.BeginApproval",
			      answer_why(why, ANSWER_BUSY,
					 "this item is approved already; delete the approved copy "
					 "with its item, or wait until it expires"),
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

/* 1 to 200 characters, none of them a control character. */
static bool text_fits(const char *text)
{
	size_t n = 0;

	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at < 0x20 || *at == 0x7f)
			return false;
		n += (*at & 0xc0) != 0x80;
	}
	return n >= 1 && n <= EXPORT_TEXT_CHARACTERS;
}

static int approve_store(const struct ground *ground, const struct export_asker *asker,
			 struct draft *draft, const struct profile *profile,
			 struct archive_approve *approve, struct why *why)
{
	struct access_within entry = {
		.log = ground->log,
		.entry = {
			.what = "export-approve", .uid = asker->uid, .outcome = "done",
			.profile = profile, .item = &draft->archive->source,
		},
	};
	struct archive_within within = {access_log_within, &entry};

	return fault_trace(archive_copy_commit(ground->archive, draft->archive, approve, &within,
					       why));
}

int export_approve(const struct ground *ground, const struct export_asker *asker, const char *copy,
		   const struct delivery *delivery, const char *purpose, const char *recipient,
		   int64_t *ret_expires_min, struct why *why)
{
	_cleanup_(delivered_clear) struct delivered delivered = {0};
	struct archive_approve approve = {.purpose = purpose, .recipient = recipient};
	struct household household;
	struct profile profile;
	struct draft *draft;
	struct id source;
	char text[ID_TEXT];
	int64_t expires_min = INT64_MAX;
	int r;

	if (!text_fits(purpose) || !text_fits(recipient))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "purpose and recipient take 1 to %d characters each, on one line",
				  EXPORT_TEXT_CHARACTERS);
	r = drafts_find(asker->drafts, copy, 1u << DRAFT_APPROVAL, clock_boot_ms(ground->clock),
			&draft, why);
	if (!r)
		r = own_item(ground, asker, "Export.Approve",
			     id_text(&draft->archive->source, text), &source, &profile, why);
	if (!r)
		r = household_keys(ground, &household, why);
	if (!r)
		r = delivery_check(delivery, draft->archive, household.release, &delivered, why);
	if (r)
		return fault_trace(r);
	for (unsigned i = 0; i < delivered.n_bodies; i++)
		delivered.bodies[i].keep_s = EXPORT_APPROVAL_S;
	approve.header = delivered.header;
	approve.bodies = delivered.bodies;
	approve.n_bodies = delivered.n_bodies;
	r = approve_store(ground, asker, draft, &profile, &approve, why);
	if (r)
		return fault_trace(r);
	for (unsigned i = 0; i < delivered.n_bodies; i++)
		if (delivered.bodies[i].expires_min < expires_min)
			expires_min = delivered.bodies[i].expires_min;
	draft_end(draft);
	*ret_expires_min = expires_min;
	return 0;
}

int export_list(const struct ground *ground, const struct export_asker *asker, const char *purpose,
		const char *recipient, const char *cursor, unsigned limit,
		struct archive_copy **ret_copies, size_t *ret_n,
		char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why)
{
	struct archive_copy *copies;
	struct access_entry entry = {.what = "export-list", .uid = asker->uid, .outcome = "done"};
	size_t n;
	int r;

	r = archive_copy_list(ground->archive, purpose[0] ? purpose : NULL,
			      recipient[0] ? recipient : NULL, cursor, limit, &copies, &n,
			      ret_cursor, why);
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

/* Nothing approved has this id. If it is an item's, that is said, and refused as such. */
static int open_refuse(const struct ground *ground, const struct export_asker *asker,
		       const char *text, struct why *why)
{
	struct profile profile;
	struct id item;
	int r = own_item(ground, asker, "Export.Open", text, &item, &profile, why);

	if (r)
		return fault_trace(r);
	return refuse(ground, asker, "Export.Open",
		      answer_why(why, ANSWER_NOT_FOUND,
				 "this item is not approved; \"cubby export approve\" is for its "
				 "owner to do"),
		      "not approved", &profile, &item);
}

int export_open(const struct ground *ground, const struct export_asker *asker, const char *copy,
		struct archive_opened **ret, struct why *why)
{
	_cleanup_(archive_opened_freep) struct archive_opened *opened = NULL;
	struct profile profile;
	struct id id;
	struct access_entry entry = {
		.what = "export-open", .uid = asker->uid, .outcome = "done", .profile = &profile,
		.item = &id,
	};
	int r;

	if (!id_parse(copy, &id))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not the id of a released copy; \"cubby export "
				  "list\" shows ids",
				  copy);
	r = archive_copy_open(ground->archive, &id, &opened, why);
	if (r == ANSWER_NOT_FOUND)
		return open_refuse(ground, asker, copy, why);
	if (!r)
		r = store_profile_by_id(ground->store, &opened->profile, &profile);
	if (r)
		return fault_trace(r);
	if (!profile.adult)
		return refuse(ground, asker, "Export.Open",
			      answer_why(why, ANSWER_NOT_AUTHORIZED, "this copy is not an adult's"),
			      "child", &profile, &id);
	r = ground_stored(access_log_write(ground->log, &entry), why);
	if (r)
		return r;
	*ret = take(opened);
	return 0;
}
