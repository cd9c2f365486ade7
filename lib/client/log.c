/* SPDX-License-Identifier: Apache-2.0 */
/* Walking and checking the access log. What the keeper says about its own log is not believed: the
 * chain is computed here, against the checkpoint of last time. */

#include <jansson.h>
#include <string.h>

#include "base/file.h"
#include "base/id.h"
#include "client/reply.h"
#include "crypt/chain.h"
#include "crypt/statement.h"

#define CHECKPOINT_FILE "log.json"
#define CHECKPOINT_MAX_BYTES 4096

struct cubby_log {
	struct cubby *cubby;
	struct message *reply;		/* the page being walked */
	uint64_t after;
	bool more;
	unsigned empty_pages;
	struct cubby_log_entry entry;
	uint8_t salt[CHAIN_SALT_BYTES];
	uint8_t hash[CHAIN_HASH_BYTES];
};

struct cubby_log *cubby_log_free(struct cubby_log *log)
{
	if (!log)
		return NULL;
	message_free(log->reply);
	free(log);
	return NULL;
}
CLEANUP_DEFINE(struct cubby_log *, cubby_log_free)

int cubby_log_new(struct cubby *cubby, struct cubby_log **ret)
{
	struct cubby_log *log = calloc(1, sizeof(*log));

	session_begin(cubby);
	if (!log)
		return session_end(cubby, fault_origin(-ENOMEM));
	log->cubby = cubby;
	log->more = true;
	*ret = log;
	return 0;
}

static int log_page(struct cubby_log *log)
{
	int r = reply_get(log->cubby, "Log", "List", &log->reply, "t", log->after);

	if (r != 0)
		return fault_trace(r);
	return fault_trace(session_malformed(log->cubby, message_enter(log->reply, 'a',
								       "(ttsayay)"),
					     "Log.List"));
}

static int log_page_end(struct cubby_log *log)
{
	bool more;
	int r;

	r = message_leave(log->reply);
	if (r == 0)
		r = message_read(log->reply, "b", &more);
	if (r != 0)
		return fault_trace(session_malformed(log->cubby, r, "Log.List"));
	log->more = more;
	log->reply = message_free(log->reply);
	return 0;
}

static int entry_read(struct cubby_log *log)
{
	uint64_t seq, time_min;
	const char *body;
	const void *salt, *hash;
	size_t n_salt, n_hash;
	int r;

	r = message_enter(log->reply, 'r', "ttsayay");
	if (r == 0)
		r = message_read(log->reply, "ttsayay", &seq, &time_min, &body, &salt, &n_salt,
				 &hash,
				 &n_hash);
	/* A seq that does not grow would have us ask for ever. */
	if (r == 0 && (n_salt != CHAIN_SALT_BYTES || n_hash != CHAIN_HASH_BYTES ||
		       seq <= log->after))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	log->after = seq;
	log->entry.seq = seq;
	log->entry.time_s = (int64_t)time_min * 60;
	log->entry.body = body;		/* lives as long as the page */
	memcpy(log->salt, salt, n_salt);
	memcpy(log->hash, hash, n_hash);
	return message_leave(log->reply);
}

static int log_next(struct cubby_log *log, const struct cubby_log_entry **ret_entry)
{
	int r;

	while (!log->reply || !message_more(log->reply)) {
		if (log->reply) {
			r = log_page_end(log);
			if (r != 0)
				return fault_trace(r);
		}
		if (!log->more) {
			*ret_entry = NULL;
			return 0;
		}
		r = log_page(log);
		if (r != 0)
			return fault_trace(r);
		/* "More" behind an empty page would never end. */
		if (!message_more(log->reply))
			log->empty_pages++;
		if (log->empty_pages > 1)
			return session_malformed(log->cubby, ANSWER_FAILED, "Log.List");
	}
	r = entry_read(log);
	if (r != 0)
		return fault_trace(session_malformed(log->cubby, r, "Log.List"));
	*ret_entry = &log->entry;
	return 0;
}

int cubby_log_next(struct cubby_log *log, const struct cubby_log_entry **ret_entry)
{
	session_begin(log->cubby);
	return session_end(log->cubby, log_next(log, ret_entry));
}

/* The entry seen at the end of the last verification; seq 0: none yet. It counts only for the
 * device it was seen on. */
struct checkpoint {
	uint64_t seq;
	uint8_t hash[CHAIN_HASH_BYTES];
};

static int checkpoint_read(struct cubby *cubby, struct checkpoint *ret)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	_cleanup_(cleanup_free) char *path = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	uint8_t device[SIGN_PUBLIC_BYTES];
	struct checkpoint checkpoint;
	int64_t seq;
	size_t n;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = pin_path(cubby->state_dir, CHECKPOINT_FILE, &path);
	if (r == 0)
		r = file_read_path(path, CHECKPOINT_MAX_BYTES, &text, &n);
	if (r == ANSWER_NOT_FOUND)
		return 0;
	if (r == 0) {
		body = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
		if (!body || statement_get_integer(body, "seq", 1, INT64_MAX, &seq, NULL) != 0 ||
		    statement_get_bytes(body, "hash", checkpoint.hash, CHAIN_HASH_BYTES,
					NULL) != 0 ||
		    statement_get_bytes(body, "device", device, sizeof(device), NULL) != 0)
			r = ANSWER_FAILED;
	}
	if (r != 0)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the log checkpoint in %s cannot be read; if you know why, "
				  "move the file "
				  "away", path ? path : "the state directory");
	if (memcmp(device, cubby->pins.device_sign, sizeof(device)) != 0)
		return 0;
	checkpoint.seq = (uint64_t)seq;
	*ret = checkpoint;
	return 0;
}

static int checkpoint_write(struct cubby *cubby, const struct checkpoint *checkpoint)
{
	_cleanup_(cleanup_free) char *path = NULL;
	char text[512], hash[2 * CHAIN_HASH_BYTES + 1], device[CUBBY_KEY_TEXT];
	int n, r;

	hex_text(checkpoint->hash, CHAIN_HASH_BYTES, hash);
	hex_text(cubby->pins.device_sign, SIGN_PUBLIC_BYTES, device);
	n = snprintf(text, sizeof(text), "{\n  \"device\": \"%s\",\n  \"seq\": %llu,\n  "
					 "\"hash\": \"%s\"\n}\n",
		     device, (unsigned long long)checkpoint->seq, hash);
	r = pin_path(cubby->state_dir, CHECKPOINT_FILE, &path);
	if (r == 0)
		r = pin_dir_make(cubby->state_dir, &cubby->why);
	if (r == 0)
		r = file_replace(path, text, (size_t)n, 0600);
	return fault_trace(r);
}

static int verify_run(struct cubby *cubby, uint64_t *ret_seq)
{
	_cleanup_(cubby_log_freep) struct cubby_log *log = NULL;
	struct checkpoint seen, head = { 0 };
	const struct cubby_log_entry *entry;
	uint8_t body_hash[CHAIN_HASH_BYTES], hash[CHAIN_HASH_BYTES];
	int r;

	r = session_device(cubby);
	if (r == 0)
		r = checkpoint_read(cubby, &seen);
	if (r == 0)
		r = cubby_log_new(cubby, &log);
	while (r == 0) {
		r = log_next(log, &entry);
		if (r != 0 || !entry)
			break;
		chain_body_hash(log->salt, entry->body, strlen(entry->body), body_hash);
		chain_entry_hash(head.hash, entry->seq, (uint64_t)entry->time_s / 60, body_hash,
				 hash);
		*ret_seq = head.seq + 1;
		if (entry->seq != head.seq + 1)
			return answer_why(&cubby->why, ANSWER_FAILED,
					  "the access log was changed: entry %llu is missing",
					  (unsigned long long)head.seq + 1);
		if (!crypt_equal(hash, log->hash, sizeof(hash)))
			return answer_why(&cubby->why, ANSWER_FAILED,
					  "the access log was changed: entry %llu does not "
					  "follow from "
					  "those before it", (unsigned long long)entry->seq);
		head.seq = entry->seq;
		memcpy(head.hash, hash, sizeof(hash));
		if (head.seq == seen.seq && !crypt_equal(head.hash, seen.hash, sizeof(head.hash)))
			return answer_why(&cubby->why, ANSWER_FAILED,
					  "the access log was changed: entry %llu or one before "
					  "it is not "
					  "what it was at the last check",
					  (unsigned long long)head.seq);
	}
	if (r != 0)
		return fault_trace(r);
	*ret_seq = head.seq;
	if (head.seq < seen.seq) {
		*ret_seq = head.seq + 1;
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the access log was cut or set back: it ends at entry %llu, "
				  "and entry "
				  "%llu was there at the last check", (unsigned long long)head.seq,
				  (unsigned long long)seen.seq);
	}
	return head.seq > 0 ? fault_trace(checkpoint_write(cubby, &head)) : 0;
}

int cubby_log_verify(struct cubby *cubby, uint64_t *ret_seq)
{
	session_begin(cubby);
	return session_end(cubby, verify_run(cubby, ret_seq));
}
