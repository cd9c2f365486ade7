/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the access log, to read it. Nothing is checked here: see log_verify.c. */

#include "client/reply.h"
#include "crypt/chain.h"

struct cubby_log {
	struct cubby *cubby;
	struct message *reply;		/* the page being walked */
	uint64_t after;
	bool more;
	unsigned empty_pages;
	struct cubby_log_entry entry;
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
