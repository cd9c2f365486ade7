/* SPDX-License-Identifier: Apache-2.0 */

/* Ends exports, and signs what is said of them then and afterwards. A manifest never says more than
 * what the keeper linked and still stands. */

#include <stdio.h>
#include <string.h>
#include "export.h"

/* The time that a consumer's clock can be compared with. */
static int64_t told_s(const struct ground *ground)
{
	return (age_wall_min(ground->age) - age_wall_error_min(ground->age)) * 60;
}

struct ending_list {
	const struct ground *ground;
	struct manifest *manifest;
	struct export_list *list;
};

static int manifest_add(void *context, struct manifest_item *item)
{
	struct ending_list *ending = context;
	_cleanup_(cleanup_free) char *text = NULL;
	int r;

	item->expires_s = (int64_t)age_expiry_s(ending->ground->age, item->expires_s);
	if (!ending->manifest->items++ || item->expires_s < ending->manifest->expires_s)
		ending->manifest->expires_s = item->expires_s;
	r = manifest_item_text(item, ending->manifest->encoding, &text);
	return fault_trace(r ? r : export_list_add(ending->list, text));
}

static int token_add(void *context, struct recall *recall)
{
	char text[ID_TEXT + 1];

	id_text(&recall->token, text);
	strcat(text, "\n");
	return fault_trace(export_list_add(context, text));
}

static int manifest_make(const struct ground *ground, const struct sign_keypair *device,
			 const char *software, const struct export_row *row,
			 struct export_list *list)
{
	struct manifest manifest = {
		.export = row->id, .made_s = told_s(ground), .child = (int64_t)row->child,
		.unapproved = (int64_t)row->unapproved, .elsewhere = (int64_t)row->elsewhere,
	};
	struct ending_list ending = {ground, &manifest, list};
	int r;

	strcpy(manifest.purpose, row->purpose);
	strcpy(manifest.recipient, row->recipient);
	strcpy(manifest.format, row->format);
	strcpy(manifest.encoding, row->encoding);
	memcpy(manifest.salt, row->salt, sizeof(manifest.salt));
	memcpy(manifest.policy, row->policy, sizeof(manifest.policy));
	snprintf(manifest.software, sizeof(manifest.software), "%s", software);
	r = store_recall_list_number(ground->store, &manifest.recalls);
	if (!r)
		r = export_list_begin(list);
	if (!r)
		r = store_export_items(ground->store, row->export, manifest_add, &ending);
	if (!r)
		r = export_list_end(list, manifest.lines);
	if (r)
		return fault_trace(r);
	r = manifest_sign(&manifest, device, &list->head);
	return r > 0 ? fault_origin(-EBADMSG) : fault_trace(r);
}

/* In the transaction that ends it: nothing can be recalled between the look and the signature. */
static int finish_store(const struct ground *ground, const struct export_asker *asker,
			const struct sign_keypair *device, const char *software,
			struct export_row *row, struct export_list *list, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	const struct sight sight = age_sight(ground->age);
	struct access_entry entry = {
		.what = "export-end", .uid = asker->uid, .outcome = "done",
	};
	int r = store_begin(ground->store, &transaction);

	if (!r && !row->ended_min)
		r = store_export_drop_hidden(ground->store, row->export, &sight);
	if (!r)
		r = store_export_find(ground->store, &row->id, row);
	if (r)
		return fault_trace(r);
	if (!row->items)
		return answer_why(why, ANSWER_NOT_FOUND, "nothing is left of this export");
	if (row->written < row->items)
		return answer_why(why, ANSWER_BUSY, "%llu items of this export are not written yet",
				  (unsigned long long)(row->items - row->written));
	r = manifest_make(ground, device, software, row, list);
	if (!r)
		r = store_export_end(ground->store, row->export, age_now_min(ground->age));
	entry.items = row->items;
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, why);
}

/* Without a statement. */
static int recalled_tell(const struct ground *ground, const struct export_row *row,
			 struct export_list *list)
{
	uint8_t hash[HASH_BYTES];
	int r = export_list_begin(list);

	if (!r)
		r = store_recalls(ground->store, row->export, token_add, list);
	if (!r)
		r = export_list_end(list, hash);
	if (r)
		return fault_trace(r);
	list->head = strdup("");
	return list->head ? 0 : fault_origin(-ENOMEM);
}

int export_finish(const struct ground *ground, const struct export_asker *asker,
		  const struct sign_keypair *device, const char *software, const char *text,
		  uint64_t generation, struct export_list *ret, struct why *why)
{
	_cleanup_(export_list_clear) struct export_list list = EXPORT_LIST_INIT;
	struct export_row row;
	int r;

	r = export_proof(ground, asker, "Export.Finish", why);
	if (r)
		return fault_trace(r);
	r = export_find(ground, text, &row, why);
	if (r)
		return fault_trace(r);
	list.generation = row.recalled;
	if (row.recalled != generation) {
		r = recalled_tell(ground, &row, &list);
	} else {
		r = finish_store(ground, asker, device, software, &row, &list, why);
	}
	if (r)
		return fault_trace(r);
	*ret = list;
	list = (struct export_list)EXPORT_LIST_INIT;
	return 0;
}

int export_cancel(const struct ground *ground, const struct export_asker *asker, const char *text,
		  struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {
		.what = "export-cancel", .uid = asker->uid, .outcome = "done",
	};
	struct export_row row;
	int r;

	r = export_find(ground, text, &row, why);
	if (r)
		return fault_trace(r);
	if (row.ended_min)
		return answer_why(why, ANSWER_EXISTS,
				  "this export is complete and may be in use; \"cubby export "
				  "refuse\" and \"cubby delete\" recall what is in it");
	r = store_begin(ground->store, &transaction);
	if (!r)
		r = store_export_drop(ground->store, row.export);
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, why);
}

/* ---- Afterwards ---- */

int export_history(const struct ground *ground, const struct export_asker *asker,
		   const char *cursor, unsigned limit, struct export_row **ret, size_t *ret_n,
		   char ret_cursor[static ARCHIVE_CURSOR_TEXT], struct why *why)
{
	/* Of 200 characters of four bytes for purpose and recipient each. */
	const size_t room = limit && limit < 24 ? limit : 24;
	_cleanup_(cleanup_free) struct export_row *rows = calloc(room, sizeof(*rows));
	struct access_entry entry = {
		.what = "export-list", .uid = asker->uid, .outcome = "done",
		.method = "Export.History",
	};
	long long before = INT64_MAX;
	int64_t place;
	bool more;
	int r;

	if (!rows)
		return fault_origin(-ENOMEM);
	if (cursor[0] && (strlen(cursor) > 18 || strspn(cursor, "0123456789") != strlen(cursor)))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "this is not a cursor of History; pass the one it returned, or "
				  "none");
	if (cursor[0])
		sscanf(cursor, "%lld", &before);
	place = before;
	r = store_exports(ground->store, &place, rows, room, ret_n, &more);
	entry.items = *ret_n;
	if (!r)
		r = ground_stored(access_log_write(ground->log, &entry), why);
	if (r)
		return fault_trace(r);
	ret_cursor[0] = '\0';
	if (more)
		snprintf(ret_cursor, ARCHIVE_CURSOR_TEXT, "%lld", (long long)place);
	*ret = take(rows);
	return 0;
}

struct recalls_list {
	struct recalls *recalls;
	struct export_list *list;
};

static int recall_add(void *context, struct recall *recall)
{
	struct recalls_list *recalling = context;
	_cleanup_(cleanup_free) char *text = NULL;
	int r;

	recall->recalled_s *= 60;
	recalling->recalls->items++;
	r = recall_text(recall, &text);
	return fault_trace(r ? r : export_list_add(recalling->list, text));
}

int export_recalls(const struct ground *ground, const struct export_asker *asker,
		   const struct sign_keypair *device, struct export_list *ret, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	_cleanup_(export_list_clear) struct export_list list = EXPORT_LIST_INIT;
	struct recalls recalls = {.issued_s = told_s(ground)};
	struct recalls_list recalling = {&recalls, &list};
	struct access_entry entry = {
		.what = "export-recalls", .uid = asker->uid, .outcome = "done",
	};
	int r = store_begin(ground->store, &transaction);

	if (!r)
		r = store_recall_list_next(ground->store, &recalls.number);
	if (!r)
		r = export_list_begin(&list);
	if (!r)
		r = store_recalls(ground->store, 0, recall_add, &recalling);
	if (!r)
		r = export_list_end(&list, recalls.lines);
	if (!r)
		r = recalls_sign(&recalls, device, &list.head);
	entry.items = recalls.items;
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	r = ground_stored(r, why);
	if (r)
		return r;
	*ret = list;
	list = (struct export_list)EXPORT_LIST_INIT;
	return 0;
}
