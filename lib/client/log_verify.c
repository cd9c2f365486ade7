/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches the access log and has it checked. What the keeper says about its own log is not
 * believed: everything is computed here, against what was seen before. */

#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/id.h"
#include "base/words.h"
#include "client/log_check.h"
#include "client/log_seen.h"
#include "client/rekey.h"
#include "client/reply.h"
#include "crypt/receipt.h"

#define PAGE_MAX_BYTES (64u << 20)


struct verdict_owner {
	struct cubby_log_verdict public;
	struct why why;
};

struct cubby_log_verdict *cubby_log_verdict_free(struct cubby_log_verdict *verdict)
{
	free(verdict);
	return NULL;
}

/* ---- What the keeper hands out ---- */

struct page {
	uint8_t *bytes;
	size_t n;
	bool more;
};

static void page_clear(struct page *page)
{
	if (page->bytes)
		munmap(page->bytes, page->n);
}

/* Asks for the page after `after`; page_get() waits for it. */
static int page_ask(struct cubby *cubby, uint64_t after, struct bus_pending **ret)
{
	_cleanup_(message_freep) struct message *request = NULL;
	int r = session_request(cubby, NULL, "Log", "Read", &request);

	if (r == 0)
		r = message_append(request, "t", after);
	if (r == 0)
		r = message_open(request, 'a', "{sv}");
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = bus_send(cubby->bus, request, cubby->timeout_ms, ret, &cubby->why);
	return fault_trace(r);
}

static int page_get(struct cubby *cubby, struct bus_pending *pending, struct page *ret)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	struct page page = { 0 };
	int r = bus_receive(cubby->bus, pending, &reply, &cubby->why);

	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "hb", &fd, &page.more);
	/* Only a memfd that cannot change any more is read. */
	if (r == 0 && (!file_memfd_sealed(fd, &page.n) || page.n > PAGE_MAX_BYTES ||
		       (page.n == 0 && page.more)))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Log.Read"));
	if (page.n > 0) {
		page.bytes = mmap(NULL, page.n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
		if (page.bytes == MAP_FAILED)
			return fault_origin(-errno);
	}
	*ret = page;
	return 0;
}

/* The number of its last entry, as the keeper has it. */
static int page_last(struct cubby *cubby, const struct page *page, uint64_t *ret_seq)
{
	struct logpage_entry entry = { 0 };
	size_t at = 0;

	while (at < page->n)
		if (logpage_next(page->bytes, page->n, &at, &entry) != 0)
			return session_malformed(cubby, ANSWER_FAILED, "Log.Read");
	*ret_seq = entry.seq;
	return 0;
}

static int statement_get(struct cubby *cubby, char **ret)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *text;
	int r = reply_get(cubby, "Log", "Checkpoint", &reply, "");

	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "s", &text);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Log.Checkpoint"));
	*ret = strdup(text);
	return *ret ? 0 : fault_origin(-ENOMEM);
}

/* One that is not signed by the keeper we know is no checkpoint. */
static int checkpoint_take(struct cubby *cubby, const char *text, struct checkpoint *ret)
{
	struct why why = { "" };
	int r = checkpoint_verify(text, cubby->pins.device_sign, ret, &why);

	if (r <= 0)
		return fault_trace(r);
	return answer_why(&cubby->why, ANSWER_FAILED,
			  "the keeper hands out a checkpoint of its log that it did not sign "
			  "(%.200s); its files were changed", why.text);
}

static int marks_add(struct log_check *check, const struct checkpoint *seen, const char *source)
{
	struct log_mark mark = { .seq = seen->seq, .source = source };

	if (seen->seq == 0)
		return 0;
	memcpy(mark.hash, seen->hash, sizeof(mark.hash));
	return fault_trace(log_check_mark(check, &mark));
}

/* Up to a page of the daily ones after `after`; *ret_after moves on, or stays at the end. */
static int daily_page(struct cubby *cubby, struct log_check *check, uint64_t *after)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	struct checkpoint checkpoint;
	const char *text;
	int r = reply_get(cubby, "Log", "Checkpoints", &reply, "t", *after);

	if (r != 0)
		return fault_trace(r);
	r = message_enter(reply, 'a', "s");
	while (r == 0 && message_more(reply)) {
		r = message_read(reply, "s", &text);
		if (r != 0)
			break;
		r = checkpoint_take(cubby, text, &checkpoint);
		if (r == 0 && checkpoint.seq > *after)
			r = marks_add(check, &checkpoint, N_("when the keeper signed it"));
		if (r != 0)
			return fault_trace(r);
		if (checkpoint.seq > *after)
			*after = checkpoint.seq;
	}
	return fault_trace(session_malformed(cubby, r, "Log.Checkpoints"));
}

static int daily_get(struct cubby *cubby, struct log_check *check)
{
	uint64_t after = 0, before;
	int r;

	do {
		before = after;
		r = daily_page(cubby, check, &after);
	} while (r == 0 && after > before);
	return fault_trace(r);
}

static int key_read(struct cubby *cubby, struct message *reply, struct log_check *check)
{
	_cleanup_(secret_freep) struct secret *begun = NULL;
	char print[CHAIN_PRINT_TEXT];
	struct secret *key = NULL;
	uint64_t first_seq;
	const void *sealed;
	size_t n;
	int r;

	r = message_enter(reply, 'r', "tay");
	if (r == 0)
		r = message_read(reply, "tay", &first_seq, &sealed, &n);
	if (r == 0)
		r = message_leave(reply);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Log.Keys"));
	r = rekey_peel(cubby, sealed, n, CHAIN_KEY_BYTES + BOX_OVERHEAD_BYTES, &begun, &key);
	if (r == 0) {
		chain_key_print(begun->bytes, begun->n, print);
		return fault_trace(log_check_key(check, first_seq, print, key));
	}
	if (r < 0)
		return fault_trace(r);
	return answer_why(&cubby->why, ANSWER_FAILED,
			  "the first key of the access log, from entry %llu on, cannot be opened "
			  "with this household's key: it was exchanged",
			  (unsigned long long)first_seq);
}

static int keys_get(struct cubby *cubby, struct log_check *check)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	int r = reply_get(cubby, "Log", "Keys", &reply, "");

	if (r != 0)
		return fault_trace(r);
	r = message_enter(reply, 'a', "(tay)");
	while (r == 0 && message_more(reply)) {
		r = key_read(cubby, reply, check);
		if (r != 0)
			return fault_trace(r);
	}
	return fault_trace(session_malformed(cubby, r, "Log.Keys"));
}

/* ---- Checking ---- */

static int page_check(struct cubby *cubby, const struct page *page, size_t at,
		      struct log_check *check)
{
	struct logpage_entry entry;
	int r = 0;

	while (r == 0 && at < page->n) {
		if (logpage_next(page->bytes, page->n, &at, &entry) != 0)
			return session_malformed(cubby, ANSWER_FAILED, "Log.Read");
		r = log_check_entry(check, &entry);
	}
	return fault_trace(r);
}

/* All there are after check->seq. The keeper reads the next page while this one is checked. */
static int entries_check(struct cubby *cubby, struct log_check *check)
{
	_cleanup_(bus_pending_freep) struct bus_pending *next = NULL;
	uint64_t last = 0;
	bool more;
	int r = page_ask(cubby, check->seq, &next);

	do {
		_cleanup_(page_clear) struct page page = { 0 };

		if (r == 0)
			r = page_get(cubby, take(next), &page);
		more = page.more;
		if (r == 0 && more)
			r = page_last(cubby, &page, &last);
		if (r == 0 && more)
			r = page_ask(cubby, last, &next);
		if (r == 0)
			r = page_check(cubby, &page, 0, check);
	} while (r == 0 && more);
	return fault_trace(r);
}

static int receipt_mark(struct cubby *cubby, const char *text, struct log_check *check)
{
	struct checkpoint mark = { 0 };
	struct receipt receipt;
	int r = receipt_verify(text, cubby->pins.device_sign, NULL, &receipt, &cubby->why);

	if (r != 0)
		return fault_trace(r);
	mark.seq = receipt.log_seq;
	memcpy(mark.hash, receipt.log_head, sizeof(mark.hash));
	return fault_trace(marks_add(check, &mark, N_("when the receipt was made")));
}

/* Everything that is known beforehand. */
static int witnesses_get(struct cubby *cubby, const char *receipt, struct log_check *check,
			 char **ret_statement)
{
	struct checkpoint seen, fresh;
	int r = log_seen_read(cubby, &seen);

	if (r == 0)
		r = marks_add(check, &seen, N_("when this computer last looked"));
	else if (r == ANSWER_NOT_FOUND)
		r = 0;
	if (r == 0 && receipt)
		r = receipt_mark(cubby, receipt, check);
	if (r == 0)
		r = daily_get(cubby, check);
	if (r == 0)
		r = statement_get(cubby, ret_statement);
	if (r == 0)
		r = checkpoint_take(cubby, *ret_statement, &fresh);
	if (r == 0)
		r = marks_add(check, &fresh, N_("a moment ago"));
	check->keyed = cubby->home != NULL;
	if (r == 0 && check->keyed)
		r = keys_get(cubby, check);
	return fault_trace(r);
}

static int verify_run(struct cubby *cubby, const char *receipt, struct cubby_log_verdict **ret)
{
	_cleanup_(log_check_clear) struct log_check check = { .now_min = session_now_s() / 60 };
	_cleanup_(cleanup_free) char *statement = NULL;
	_cleanup_(cleanup_free) struct verdict_owner *owner = calloc(1, sizeof(*owner));
	int r;

	if (!owner)
		return fault_origin(-ENOMEM);
	r = session_device(cubby);
	if (r == 0)
		r = witnesses_get(cubby, receipt, &check, &statement);
	if (r == 0)
		r = entries_check(cubby, &check);
	if (r == 0)
		r = log_check_end(&check);
	if (r != 0 && !check.first_bad)
		return fault_trace(r);
	if (r == 0 && check.seq > 0)
		r = log_seen_write(cubby, statement);
	if (r < 0)
		return fault_trace(r);
	owner->why = check.why;
	owner->public = (struct cubby_log_verdict){
		.entries = check.seq, .first_bad = check.first_bad, .what = owner->why.text,
		.keys = check.keyed, .emptied = check.emptied,
	};
	*ret = &take(owner)->public;
	return 0;
}

int cubby_log_verify(struct cubby *cubby, const char *receipt, struct cubby_log_verdict **ret)
{
	session_begin(cubby);
	return session_end(cubby, verify_run(cubby, receipt, ret));
}

/* ---- A look in passing ---- */

static int shorter(struct log_check *check, const struct checkpoint *seen,
		   const struct checkpoint *fresh)
{
	if (fresh->entries != fresh->seq)
		return answer_why(&check->why, ANSWER_FAILED, "%llu entries are missing from it",
				  (unsigned long long)(fresh->seq - fresh->entries));
	if (fresh->seq < seen->seq)
		return answer_why(&check->why, ANSWER_FAILED,
				  "it ends at entry %llu, and entry %llu was there when this "
				  "computer last looked",
				  (unsigned long long)fresh->seq, (unsigned long long)seen->seq);
	return 0;
}

/* From the entry seen last on. */
static int new_check(struct cubby *cubby, struct log_check *check, const struct checkpoint *seen)
{
	_cleanup_(page_clear) struct page page = { 0 };
	struct bus_pending *pending;
	struct logpage_entry first;
	size_t at = 0;
	int r;

	if (seen->seq == 0)
		return fault_trace(entries_check(cubby, check));
	r = page_ask(cubby, seen->seq - 1, &pending);
	if (r == 0)
		r = page_get(cubby, pending, &page);
	if (r != 0)
		return fault_trace(r);
	r = logpage_next(page.bytes, page.n, &at, &first);
	if (r == 0 && (first.seq != seen->seq ||
		       !crypt_equal(first.hash, seen->hash, CHAIN_HASH_BYTES)))
		r = answer_why(&check->why, ANSWER_FAILED,
			       "entry %llu is not what it was when this computer last looked",
			       (unsigned long long)seen->seq);
	else if (r != 0)
		r = session_malformed(cubby, ANSWER_FAILED, "Log.Read");
	if (r != 0)
		return r;
	check->seq = seen->seq;
	memcpy(check->hash, seen->hash, CHAIN_HASH_BYTES);
	r = page_check(cubby, &page, at, check);
	return fault_trace(r ? r : entries_check(cubby, check));
}

static int look_run(struct cubby *cubby, struct log_check *check)
{
	_cleanup_(cleanup_free) char *statement = NULL;
	struct checkpoint seen = { 0 }, fresh;
	int r = session_device(cubby);

	if (r == 0)
		r = log_seen_read(cubby, &seen);
	if (r == ANSWER_NOT_FOUND)
		r = 0;
	if (r == 0)
		r = statement_get(cubby, &statement);
	if (r == 0)
		r = checkpoint_take(cubby, statement, &fresh);
	if (r == 0)
		r = marks_add(check, &fresh, N_("a moment ago"));
	if (r != 0)
		return fault_trace(r);
	r = shorter(check, &seen, &fresh);
	if (r == 0 && fresh.seq == seen.seq &&
	    crypt_equal(fresh.hash, seen.hash, CHAIN_HASH_BYTES))
		return 0;
	if (r == 0)
		r = new_check(cubby, check, &seen);
	if (r == 0 && fresh.seq > 0)
		r = log_seen_write(cubby, statement);
	return fault_trace(r);
}

int log_look(struct cubby *cubby, char ret_problem[static CUBBY_LOG_PROBLEM_TEXT])
{
	_cleanup_(log_check_clear) struct log_check check = { .links_only = true };
	int r;

	ret_problem[0] = '\0';
	/* It comes in a descriptor, and none passes from another machine. */
	if (cubby->host)
		return 0;
	r = look_run(cubby, &check);
	if (r != ANSWER_FAILED || !check.why.text[0])
		return fault_trace(r);
	snprintf(ret_problem, CUBBY_LOG_PROBLEM_TEXT,
		 _("the access log was changed: %.200s; 'cubby log --verify' says more"),
		 check.why.text);
	return 0;
}

int cubby_log_look(struct cubby *cubby, char ret_problem[static CUBBY_LOG_PROBLEM_TEXT])
{
	session_begin(cubby);
	return session_end(cubby, log_look(cubby, ret_problem));
}
