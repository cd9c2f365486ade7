/* SPDX-License-Identifier: Apache-2.0 */

/* Begins exports and hands out what is in them. Nothing leaves before the log has it. */

#include <string.h>
#include "export.h"
#include "failpoint.h"
#include "profile.h"

/* One that nobody ended in this time is forgotten. */
#define EXPORT_OLD_MIN (7 * 24 * 60)

int export_proof(const struct ground *ground, const struct export_asker *asker, const char *method,
		 struct why *why)
{
	if (proof_holds(asker->proof, ground->clock))
		return 0;
	return export_refuse(ground, asker, method,
			     answer_why(why, ANSWER_NOT_AUTHORIZED, "give the passphrase first"),
			     "no proof", NULL, NULL);
}

/* ---- Beginning ---- */

static int old_drop(const struct ground *ground)
{
	const int64_t before_min = age_now_min(ground->age) - EXPORT_OLD_MIN;
	int64_t export;
	int r;

	while ((r = store_export_old(ground->store, before_min, &export)) == 0) {
		r = store_export_drop(ground->store, export);
		if (r)
			break;
	}
	return r == ANSWER_NOT_FOUND ? 0 : fault_trace(r);
}

static int begin_store(const struct ground *ground, const struct export_asker *asker,
		       struct export_row *row)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	const struct sight sight = age_sight(ground->age);
	struct access_entry entry = {
		.what = "export-begin", .uid = asker->uid, .outcome = "done",
	};
	int r = store_begin(ground->store, &transaction);

	if (!r)
		r = old_drop(ground);
	if (!r)
		r = store_export_begin(ground->store, row, &sight);
	entry.items = row->items;
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	return fault_trace(r);
}

int export_begin(const struct ground *ground, const struct export_asker *asker,
		 struct export_row *row, struct why *why)
{
	int r;

	r = export_proof(ground, asker, "Export.Begin", why);
	if (r)
		return fault_trace(r);
	if (!manifest_text_fits(row->purpose) || !manifest_text_fits(row->recipient))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "purpose and recipient take 1 to %d characters each, on one line",
				  MANIFEST_TEXT_CHARACTERS);
	if (!manifest_form_fits(row->format, row->encoding))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the format is hf, nemo or kaldi, and the encoding flac or wav");
	crypt_random(row->id.bytes, ID_BYTES);
	crypt_random(row->salt, sizeof(row->salt));
	memcpy(row->policy, ground->policy->hash, HASH_BYTES);
	row->begun_min = age_now_min(ground->age);
	r = begin_store(ground, asker, row);
	if (r == ANSWER_NOT_FOUND)
		return export_refuse(ground, asker, "Export.Begin",
				     answer_why(why, r,
						"nothing with sound is approved for this purpose "
						"and recipient; \"cubby export review\" is for "
						"their owners"),
				     "not approved", NULL, NULL);
	if (r == ANSWER_INVALID_ARGUMENT)
		return export_refuse(ground, asker, "Export.Begin",
				     answer_why(why, ANSWER_NOT_AUTHORIZED,
						"the database's rules refuse this export"),
				     "child", NULL, NULL);
	return ground_stored(r, why);
}

int export_find(const struct ground *ground, const char *text, struct export_row *ret,
		struct why *why)
{
	struct id id;
	int r;

	if (!id_parse(text, &id))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not the id of an export (32 hex digits)", text);
	r = store_export_find(ground->store, &id, ret);
	if (r == ANSWER_NOT_FOUND)
		return answer_why(why, r,
				  "there is no export with this id; it was cancelled, or left for "
				  "more than seven days");
	return fault_trace(r);
}

/* ---- Handing out ---- */

void export_page_clear(struct export_page *page)
{
	for (unsigned i = 0; i < page->n; i++)
		archive_opened_free(page->items[i].opened);
	page->n = 0;
}

/* Whose it is was asked when it was approved, when it was chosen, and by the schema each time; this
 * is the last to ask. */
static int fetch_one(const struct ground *ground, const struct export_asker *asker,
		     const struct export_item_row *row, struct export_page *page, struct why *why)
{
	struct profile profile;
	int r = store_profile_by_id(ground->store, &row->profile, &profile);

	if (r)
		return r < 0 ? fault_trace(r) : fault_origin(-EBADMSG);
	if (!profile.adult && !seeded(SEEDED_NO_QUERY_WALL))
		return export_refuse(ground, asker, "Export.Fetch",
				     answer_why(why, ANSWER_NOT_AUTHORIZED,
						"an item of this export is not an adult's"),
				     "child", &profile, &row->copy);
	r = archive_copy_open(ground->archive, row, &page->items[page->n].opened, why);
	if (r)
		return fault_trace(r);
	page->items[page->n].token = row->token;
	page->items[page->n++].copy = row->copy;
	return 0;
}

static int page_fill(const struct ground *ground, const struct export_asker *asker, int64_t export,
		     unsigned limit, struct export_page *page, struct why *why)
{
	const struct sight sight = age_sight(ground->age);
	struct export_item_row row = {.export_item = 0};
	size_t bytes = 0;
	int r = 0;

	while (!r && page->n < limit && bytes < EXPORT_PAGE_BYTES) {
		r = store_export_next(ground->store, export, row.export_item, &sight, &row);
		if (!r)
			r = fetch_one(ground, asker, &row, page, why);
		if (!r)
			bytes += page->items[page->n - 1].opened->n_bodies;
	}
	return r == ANSWER_NOT_FOUND ? 0 : fault_trace(r);
}

int export_fetch(const struct ground *ground, const struct export_asker *asker, const char *text,
		 unsigned limit, struct export_page *ret, struct why *why)
{
	_cleanup_(export_page_clear) struct export_page page = {.n = 0};
	struct access_entry entry = {
		.what = "export-open", .uid = asker->uid, .outcome = "done",
	};
	struct export_row row;
	int r;

	r = export_proof(ground, asker, "Export.Fetch", why);
	if (r)
		return fault_trace(r);
	r = export_find(ground, text, &row, why);
	if (r)
		return r == ANSWER_NOT_FOUND
			? export_refuse(ground, asker, "Export.Fetch", r, "no such export", NULL,
					NULL)
			: fault_trace(r);
	if (!limit || limit > EXPORT_PAGE_ITEMS)
		limit = EXPORT_PAGE_ITEMS;
	r = row.ended_min ? 0 : page_fill(ground, asker, row.export, limit, &page, why);
	entry.items = page.n;
	if (!r && page.n)
		r = ground_stored(access_log_write(ground->log, &entry), why);
	if (r)
		return fault_trace(r);
	*ret = page;
	page.n = 0;
	return 0;
}

int export_wrote(const struct ground *ground, const char *text, const struct manifest_item *items,
		 size_t n, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct export_row row;
	const char *const *index;
	unsigned lines = 0;
	int r;

	r = export_find(ground, text, &row, why);
	if (r)
		return fault_trace(r);
	for (index = manifest_index(row.format); index && index[lines]; lines++)
		;
	r = store_begin(ground->store, &transaction);
	for (size_t i = 0; !r && i < n; i++) {
		if (items[i].bytes < 1 || items[i].n_lines != lines)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "an item of a %s export has a size and %u lines",
					  row.format, lines);
		r = store_export_wrote(ground->store, row.export, &items[i]);
		if (r == ANSWER_NOT_FOUND)
			r = 0;
	}
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(why, r, "the export has ended; nothing can be added to it");
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, why);
}
