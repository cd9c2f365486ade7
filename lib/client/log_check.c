/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the access log as its readers hold the keeper to them. Nothing the keeper or its
 * files say is taken for granted: what cannot be recomputed is not counted as checked. */

#include "client/log_check.h"

#include <jansson.h>
#include <string.h>

#include "base/words.h"
#include "crypt/statement.h"

/* Clocks of keeper and client may be so far apart. */
#define CLOCK_SLACK_MIN (24 * 60)

static int bad(struct log_check *check, uint64_t seq, const char *what)
{
	check->first_bad = seq;
	return answer_why(&check->why, ANSWER_FAILED, "entry %llu %s", (unsigned long long)seq,
			  _(what));
}

int log_check_mark(struct log_check *check, const struct log_mark *mark)
{
	struct log_mark *marks = realloc(check->marks, (check->n_marks + 1) * sizeof(*marks));

	if (!marks)
		return fault_origin(-ENOMEM);
	check->marks = marks;
	marks[check->n_marks++] = *mark;
	return 0;
}

int log_check_key(struct log_check *check, uint64_t first_seq, const char *print,
		  struct secret *key)
{
	struct log_first_key *keys = realloc(check->keys, (check->n_keys + 1) * sizeof(*keys));

	if (!keys) {
		secret_free(key);
		return fault_origin(-ENOMEM);
	}
	check->keys = keys;
	keys[check->n_keys] = (struct log_first_key){ .first_seq = first_seq, .key = key };
	memcpy(keys[check->n_keys++].print, print, CHAIN_PRINT_TEXT);
	return 0;
}

void log_check_clear(struct log_check *check)
{
	for (size_t i = 0; i < check->n_keys; i++)
		secret_free(check->keys[i].key);
	free(check->keys);
	free(check->marks);
	secret_free(check->key);
	*check = (struct log_check){ 0 };
}

static int chain_check(struct log_check *check, const struct logpage_entry *entry)
{
	uint8_t body_hash[CHAIN_HASH_BYTES], hash[CHAIN_HASH_BYTES];

	if (entry->seq > check->seq + 1)
		return bad(check, check->seq + 1, "is missing: it was taken out");
	if (entry->seq != check->seq + 1)
		return bad(check, check->seq + 1, "is there twice");
	if (entry->emptied && strcmp(entry->body, "{}") != 0)
		return bad(check, entry->seq, "is not what was written there: it was changed, "
			   "moved or put in afterwards");
	if (entry->emptied) {
		memcpy(body_hash, entry->body_hash, sizeof(body_hash));
		check->emptied++;
		if (entry->time_min >= check->newest_emptied_min) {
			check->newest_emptied = entry->seq;
			check->newest_emptied_min = entry->time_min;
		}
	} else {
		chain_body_hash(entry->salt, entry->body, entry->n_body, body_hash);
	}
	chain_entry_hash(check->hash, entry->seq, entry->time_min, body_hash, hash);
	if (!crypt_equal(hash, entry->hash, sizeof(hash)))
		return bad(check, entry->seq, "is not what was written there: it was changed, "
			   "moved or put in afterwards");
	return 0;
}

static int marks_check(struct log_check *check, const struct logpage_entry *entry)
{
	char what[256];

	for (size_t i = 0; i < check->n_marks; i++) {
		const struct log_mark *mark = &check->marks[i];

		if (mark->seq != entry->seq)
			continue;
		if (crypt_equal(mark->hash, entry->hash, CHAIN_HASH_BYTES)) {
			check->checked_marks++;
			continue;
		}
		snprintf(what, sizeof(what), _("or one before it is not what it was %s"),
			 _(mark->source));
		return bad(check, entry->seq, what);
	}
	return 0;
}

/* What the entry says of the log itself. */
struct said {
	bool broken, begun_anew;
	char print[CHAIN_PRINT_TEXT];	/* of the key that begins with it; "": none does */
};

static void said_read(const struct logpage_entry *entry, struct said *ret)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	const char *what, *key;

	*ret = (struct said){ 0 };
	/* Few do, and all are looked at. */
	if (!strstr(entry->body, "\"key\"") && !strstr(entry->body, "\"log-"))
		return;
	body = json_loads(entry->body, JSON_REJECT_DUPLICATES, NULL);
	what = json_string_value(json_object_get(body, "what"));
	key = json_string_value(json_object_get(body, "key"));
	ret->broken = what && strcmp(what, "log-broken") == 0;
	ret->begun_anew = what && strcmp(what, "log-key") == 0;
	if (key)
		snprintf(ret->print, sizeof(ret->print), "%s", key);
}

static int said_check(struct log_check *check, const struct logpage_entry *entry,
		      const struct said *said)
{
	if (said->broken)
		return bad(check, entry->seq, "is where the keeper found at a start that its log "
			   "was not as long as it had left it: entries were removed or added");
	if (said->begun_anew)
		return bad(check, entry->seq, "is where the keeper found at a start that its "
			   "files were not those it had left: an old copy of the database was put "
			   "back, or its keys were");
	return 0;
}

/* The last key that was begun for this entry. */
static const struct log_first_key *key_begun(const struct log_check *check, uint64_t seq)
{
	for (size_t i = check->n_keys; i > 0; i--)
		if (check->keys[i - 1].first_seq == seq)
			return &check->keys[i - 1];
	return NULL;
}

static int tag_check(struct log_check *check, const struct logpage_entry *entry,
		     const struct said *said)
{
	const struct log_first_key *begun = key_begun(check, entry->seq);
	uint8_t tag[CHAIN_TAG_BYTES];

	if (strcmp(begun ? begun->print : "", said->print) != 0)
		return bad(check, entry->seq, "does not name the key that begins with it: the key "
			   "was exchanged");
	if (begun) {
		int r = check->key ? 0 : secret_new(CHAIN_KEY_BYTES, &check->key);

		if (r)
			return fault_trace(r);
		memcpy(check->key->bytes, begun->key->bytes, CHAIN_KEY_BYTES);
	}
	if (!check->key && !entry->tagged)
		return 0;
	if (check->key)
		chain_tag(check->key->bytes, entry->hash, tag);
	if (!check->key || !entry->tagged || !crypt_equal(tag, entry->tag, sizeof(tag)))
		return bad(check, entry->seq, "does not bear the keeper's mark of its time: it was "
			   "written later, or one before it was removed");
	chain_key_next(check->key->bytes);
	return 0;
}

int log_check_entry(struct log_check *check, const struct logpage_entry *entry)
{
	struct said said;
	int r = chain_check(check, entry);

	if (!r)
		r = marks_check(check, entry);
	if (r)
		return fault_trace(r);
	if (!check->links_only) {
		said_read(entry, &said);
		r = said_check(check, entry, &said);
	}
	if (!r && check->keyed)
		r = tag_check(check, entry, &said);
	if (r)
		return fault_trace(r);
	check->seq = entry->seq;
	check->newest_min = entry->time_min;
	memcpy(check->hash, entry->hash, CHAIN_HASH_BYTES);
	return 0;
}

int log_check_end(struct log_check *check)
{
	const uint64_t now_min = (uint64_t)check->now_min > check->newest_min ?
				 (uint64_t)check->now_min : check->newest_min;
	char what[256];

	for (size_t i = 0; i < check->n_marks; i++)
		if (check->marks[i].seq > check->seq) {
			snprintf(what, sizeof(what), _("is missing: the log ends before it, and "
				 "entry %llu was there %s; it was cut, or an old copy was put "
				 "back"), (unsigned long long)check->marks[i].seq,
				 _(check->marks[i].source));
			return bad(check, check->seq + 1, what);
		}
	if (check->emptied && check->newest_emptied_min + LOG_EMPTIED_MIN > now_min +
	    CLOCK_SLACK_MIN)
		return bad(check, check->newest_emptied, "was emptied before its 24 months were "
			   "over");
	for (size_t i = 0; i < check->n_keys; i++)
		if (check->keys[i].first_seq > check->seq)
			return bad(check, check->seq + 1, "is missing: a key was begun for it");
	return 0;
}
