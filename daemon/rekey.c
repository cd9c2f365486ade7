/* SPDX-License-Identifier: Apache-2.0 */

/* Puts new household keys in the place of the old. The keeper must not be able to do this by
 * itself, and what it is handed must leave no parent without the new keys. */

#include "rekey.h"

#include <string.h>

#include "failpoint.h"
#include "store/ratchet.h"

/* ---- The chain, as it is told ---- */

void rekey_texts_clear(struct rekey_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		free(texts->texts[i]);
	free(texts->texts);
	*texts = (struct rekey_texts){0};
}

static int text_add(struct rekey_texts *texts, const char *text)
{
	char **more = reallocarray(texts->texts, texts->n + 1, sizeof(*more));

	if (!more)
		return fault_origin(-ENOMEM);
	texts->texts = more;
	texts->texts[texts->n] = strdup(text);
	if (!texts->texts[texts->n])
		return fault_origin(-ENOMEM);
	texts->n++;
	return 0;
}

static int rekey_text_add(void *context, const struct rekey_row *row)
{
	return fault_trace(text_add(context, row->statement));
}

int rekey_texts(struct store *store, struct rekey_texts *ret)
{
	_cleanup_(rekey_texts_clear) struct rekey_texts texts = {0};
	struct parent_row *rows;
	size_t n;
	int r = store_parents(store, &rows, &n);

	if (r)
		return fault_trace(r);
	for (size_t i = 0; !r && i < n; i++)
		if (rows[i].statement)
			r = text_add(&texts, rows[i].statement);
	parent_rows_free(rows, n);
	if (!r)
		r = store_rekeys(store, rekey_text_add, &texts);
	if (r)
		return fault_trace(r);
	*ret = texts;
	texts = (struct rekey_texts){0};
	return 0;
}

/* ---- The switch ---- */

static const struct rekey_gift *gift_of(const struct rekey_asked *asked, const char *name)
{
	for (size_t i = 0; i < asked->n_gifts; i++)
		if (!strcmp(asked->gifts[i].name, name))
			return &asked->gifts[i];
	return NULL;
}

/* Just those who remain, in the statement and among the boxes. */
static int remaining_check(const struct parent_row *rows, size_t n,
			   const struct parent_row *removed, const struct rekey *rekey,
			   const struct rekey_asked *asked)
{
	size_t remain = 0;

	for (size_t i = 0; i < n; i++) {
		const struct rekey_gift *gift = gift_of(asked, rows[i].name);

		if (rows[i].removed || rows[i].parent == removed->parent)
			continue;
		remain++;
		if (!parent_keys_have(&rekey->parents, rows[i].sign_key) || !gift ||
		    gift->n_home != REKEY_BOX_BYTES || gift->n_release != REKEY_BOX_BYTES)
			return ANSWER_INVALID_ARGUMENT;
	}
	return remain == rekey->parents.n && remain == asked->n_gifts ? 0 :
	       ANSWER_INVALID_ARGUMENT;
}

static int chain_check(const struct ground *ground, const char *statement, struct why *why)
{
	_cleanup_(cleanup_free) char *household = NULL;
	_cleanup_(rekey_texts_clear) struct rekey_texts texts = {0};
	struct rekeyed rekeyed;
	uint8_t hash[HASH_BYTES];
	int r = store_household(ground->store, &household);

	if (!r)
		r = rekey_texts(ground->store, &texts);
	if (!r)
		r = text_add(&texts, statement);
	if (r)
		return fault_trace(r);
	r = rekeys_follow(household, (const char *const *)texts.texts, texts.n, NULL, &rekeyed,
			  why);
	crypt_hash(statement, strlen(statement), hash);
	if (!r && memcmp(rekeyed.mark.hash, hash, sizeof(hash)))
		r = answer_why(why, ANSWER_INVALID_ARGUMENT,
			       "the change of keys does not follow on the one before it; the keys "
			       "may have changed meanwhile: try again");
	return fault_trace(r);
}

int rekey_check(const struct ground *ground, const struct proof *proof,
		const struct parent_row *removed, const struct rekey_asked *asked,
		struct rekey *ret, struct why *why)
{
	struct parent_row *rows;
	struct rekey rekey;
	size_t n;
	int r = rekey_verify(asked->statement, &rekey, why);

	if (!r)
		r = chain_check(ground, asked->statement, why);
	if (r)
		return fault_trace(r);
	if (!crypt_equal(rekey.signer, proof->sign_key, SIGN_PUBLIC_BYTES))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the change of keys is signed with "
				  "another key than that of the parent who proved");
	if (memcmp(rekey.removed, removed->sign_key, SIGN_PUBLIC_BYTES) ||
	    asked->n_former_home != REKEY_BOX_BYTES || asked->n_former_release != REKEY_BOX_BYTES)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the change of keys removes "
				  "another parent, or lacks the keys before it");
	r = store_parents(ground->store, &rows, &n);
	if (r)
		return fault_trace(r);
	r = remaining_check(rows, n, removed, &rekey, asked);
	parent_rows_free(rows, n);
	if (r)
		return answer_why(why, r, "the new keys are not for just the parents who remain; "
				  "the parents may have changed meanwhile: try again");
	*ret = rekey;
	return 0;
}

/* The new secrets in the place of the old ones, behind one door. */
static int door_give(const struct ground *ground, const struct parent_row *parent,
		     enum door_kind kind, const struct rekey_gift *gift)
{
	const struct { const char *name; const void *box; } secrets[] = {
		{ DOOR_SECRET_HOME, gift->home }, { DOOR_SECRET_RELEASE, gift->release },
	};
	_cleanup_(secret_freep) struct secret *key = NULL;
	struct door_row door;
	int r = store_door_find(ground->store, parent->parent, kind, &door);

	if (!r)
		r = vault_get(ground->vault, &door.slot, &door.slot_id, VAULT_KIND_DOOR, &key);
	/* No such door, or one whose key is gone: nothing opens there. */
	if (r)
		return r < 0 ? fault_trace(r) : 0;
	for (size_t i = 0; !r && i < ARRAY_SIZE(secrets); i++) {
		_cleanup_(cleanup_free) uint8_t *layered = NULL;
		size_t n;

		r = layer_seal(key, secrets[i].name, secrets[i].box, REKEY_BOX_BYTES, &layered, &n);
		if (!r)
			r = store_wrap_replace(ground->store, parent->parent, kind,
					       secrets[i].name, layered, n);
	}
	return fault_trace(r);
}

static int gifts_give(const struct ground *ground, const struct rekey_asked *asked)
{
	struct parent_row *rows;
	size_t n;
	int r = store_parents(ground->store, &rows, &n);

	if (r)
		return fault_trace(r);
	for (size_t i = 0; !r && i < n; i++) {
		const struct rekey_gift *gift = gift_of(asked, rows[i].name);

		if (rows[i].removed)
			continue;
		r = door_give(ground, &rows[i], DOOR_PASSPHRASE, gift);
		if (!r)
			r = door_give(ground, &rows[i], DOOR_RECOVERY, gift);
	}
	parent_rows_free(rows, n);
	return fault_trace(r);
}

static void key_id(const uint8_t public[static BOX_PUBLIC_BYTES], uint8_t ret[REKEY_ID_BYTES])
{
	uint8_t hash[HASH_BYTES];

	crypt_hash(public, BOX_PUBLIC_BYTES, hash);
	memcpy(ret, hash, REKEY_ID_BYTES);
}

int rekey_store(const struct ground *ground, const struct rekey *rekey,
		const struct rekey_asked *asked)
{
	struct rekey_row row = { .number = rekey->number, .statement = asked->statement };
	int r;

	key_id(rekey->home, row.home_id);
	key_id(rekey->release, row.release_id);
	memcpy(row.former_home, asked->former_home, sizeof(row.former_home));
	memcpy(row.former_release, asked->former_release, sizeof(row.former_release));
	r = store_rekey_insert(ground->store, &row, age_now_min(ground->age));
	if (!r)
		r = gifts_give(ground, asked);
	/* The log's first keys so far: whoever has the old secret must not come by them, and the
	 * mark by which the log knows each is of the box it began in. */
	if (!r)
		r = store_log_keys_box(ground->store, rekey->home);
	if (!r)
		r = access_log_key_begin(ground->log);
	return fault_trace(r);
}

/* ---- What was sealed before ---- */

static int newest_take(void *context, const struct rekey_row *row)
{
	struct rekey_row *newest = context;

	*newest = *row;
	newest->statement = NULL;
	return 0;
}

/* number 0: the keys never changed. */
static int newest_find(const struct ground *ground, struct rekey_row *ret)
{
	*ret = (struct rekey_row){0};
	return fault_trace(store_rekeys(ground->store, newest_take, ret));
}

int rekey_old(const struct ground *ground, bool release, int64_t after,
	      int (*each)(void *context, int64_t row, const struct id *id,
			  const struct envelope_header *header), void *context,
	      uint64_t *ret_left)
{
	struct rekey_row newest;
	const uint8_t *key;
	uint64_t left = 0;
	int r = newest_find(ground, &newest);

	key = release ? newest.release_id : newest.home_id;
	if (!r && newest.number && !newest.moved && !after)
		r = store_headers_count(ground->store, release, key, &left);
	if (!r && newest.number && !newest.moved && (after || left))
		r = store_headers_old(ground->store, release, key, after, REKEY_PAGE, each,
				      context);
	if (r)
		return fault_trace(r);
	*ret_left = left;
	return 0;
}

/* That was the last one. */
static int moved(const struct ground *ground, const struct asker *asker,
		 const struct rekey_row *newest, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct access_entry entry = {.what = "reseal", .uid = asker->uid, .outcome = "done",
				     .method = "Parents.Reseal"};
	uint64_t items = 0, copies = 0;
	int r = store_headers_count(ground->store, false, newest->home_id, &items);

	if (!r)
		r = store_headers_count(ground->store, true, newest->release_id, &copies);
	if (r || items || copies)
		return fault_trace(r);
	/* Old headers must not stay in the database's log, either. */
	r = store_checkpoint(ground->store);
	failpoint("reseal-checkpointed");
	if (!r)
		r = store_begin(ground->store, &transaction);
	if (!r)
		r = store_rekey_moved(ground->store);
	if (!r)
		r = access_log_append(ground->log, &entry);
	if (!r)
		r = store_commit(take(transaction));
	return ground_stored(r, why);
}

int rekey_replace(const struct ground *ground, const struct asker *asker, bool release,
		  const struct rekey_header *headers, size_t n, struct why *why)
{
	_cleanup_(store_rollbackp) struct store *transaction = NULL;
	struct household household;
	struct rekey_row newest;
	int r = household_keys(ground, &household);

	if (!r)
		r = newest_find(ground, &newest);
	if (r || !newest.number || newest.moved)
		return fault_trace(r);
	if (!n)
		return fault_trace(moved(ground, asker, &newest, why));
	for (size_t i = 0; i < n; i++)
		if (headers[i].header.bytes[0] != 1 ||
		    !envelope_is_for(&headers[i].header, release ? household.release :
							 household.home))
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "a key is not sealed to the household's key in force");
	r = store_begin(ground->store, &transaction);
	for (size_t i = 0; !r && i < n; i++)
		r = store_header_replace(ground->store, release, &headers[i].id,
					 &headers[i].header);
	failpoint("reseal-before-commit");
	if (!r)
		r = store_commit(take(transaction));
	failpoint("reseal-committed");
	return ground_stored(r, why);
}
