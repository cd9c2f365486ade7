/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter. It has the release key and no other: nothing that was not approved can be opened
 * here, whatever it was handed. */

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/id.h"
#include "client/open.h"
#include "client/reply.h"
#include "crypt/manifest.h"

#define PAGE_ITEMS_MAX 64
#define PAGE_MAX_BYTES (32u << 20)
#define EXCLUDED_MAX 8

struct page_item {
	struct id token, copy;
	struct sealed sealed;
};

struct cubby_export {
	struct cubby *cubby;
	struct cubby_export_info info;
	char purpose[MANIFEST_TEXT], recipient[MANIFEST_TEXT];
	char format[MANIFEST_WORD_TEXT], encoding[MANIFEST_WORD_TEXT];
	char reasons[EXCLUDED_MAX][40];
	struct cubby_excluded excluded[EXCLUDED_MAX];
	unsigned n_lines;
	uint8_t salt[MANIFEST_SALT_BYTES];
	uint32_t generation;
	/* The page. */
	struct page_item items[PAGE_ITEMS_MAX];
	size_t n_items;
	struct sealed_bodies bodies;
	struct manifest_item written[PAGE_ITEMS_MAX];
	size_t n_written;
};

struct cubby_export *cubby_export_free(struct cubby_export *export)
{
	if (!export)
		return NULL;
	sealed_bodies_clear(&export->bodies);
	free(export);
	return NULL;
}
CLEANUP_DEFINE(struct cubby_export *, cubby_export_free)

const struct cubby_export_info *cubby_export_info(const struct cubby_export *export)
{
	return &export->info;
}

/* ---- Beginning ---- */

static int excluded_read(struct message *message, void *context)
{
	struct cubby_export *export = context;
	struct cubby_excluded *excluded = &export->excluded[export->info.n_excluded];
	const char *reason;
	int r;

	if (export->info.n_excluded == EXCLUDED_MAX)
		return ANSWER_INVALID_ARGUMENT;
	r = message_read(message, "su", &reason, &excluded->items);
	if (r != 0)
		return fault_trace(r);
	excluded->reason = strncpy(export->reasons[export->info.n_excluded], reason,
				   sizeof(export->reasons[0]) - 1);
	export->info.n_excluded++;
	return 0;
}

static int begun_read(struct cubby_export *export, struct message *reply, bool resumed)
{
	const void *salt;
	const char *id;
	size_t n_salt;
	struct id bytes;
	int r;

	r = resumed ? 0 : message_read(reply, "s", &id);
	if (r == 0 && !resumed && !id_parse(id, &bytes))
		r = ANSWER_INVALID_ARGUMENT;
	if (r == 0 && !resumed)
		strcpy(export->info.id, id);
	if (r == 0)
		r = message_read(reply, "ayu", &salt, &n_salt, &export->info.items);
	if (r == 0 && n_salt != sizeof(export->salt))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	memcpy(export->salt, salt, n_salt);
	if (resumed)
		return fault_trace(message_read(reply, "uu", &export->info.written,
						&export->generation));
	return fault_trace(reply_each(reply, "(su)", excluded_read, export));
}

static int words_take(struct cubby_export *export, const char *purpose, const char *recipient,
		      const char *format, const char *encoding)
{
	const struct {
		const char *from;
		char *to;
		size_t room;
	} words[] = {
		{ purpose, export->purpose, sizeof(export->purpose) },
		{ recipient, export->recipient, sizeof(export->recipient) },
		{ format, export->format, sizeof(export->format) },
		{ encoding, export->encoding, sizeof(export->encoding) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!words[i].from || strlen(words[i].from) >= words[i].room)
			return ANSWER_INVALID_ARGUMENT;
		strcpy(words[i].to, words[i].from);
	}
	export->info.index = manifest_index(export->format);
	while (export->info.index && export->info.index[export->n_lines])
		export->n_lines++;
	export->info.purpose = export->purpose;
	export->info.recipient = export->recipient;
	export->info.format = export->format;
	export->info.encoding = export->encoding;
	export->info.excluded = export->excluded;
	return manifest_form_fits(export->format, export->encoding) ? 0 : ANSWER_INVALID_ARGUMENT;
}

static int export_resume(struct cubby_export *export, const char *id)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *purpose, *recipient, *format, *encoding;
	struct cubby *cubby = export->cubby;
	struct id bytes;
	int r;

	if (!id_parse(id, &bytes))
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "'%.40s' is not the id of an export (32 hex digits)", id);
	id_text(&bytes, export->info.id);
	r = reply_get(cubby, "Export", "Resume", &reply, "s", id);
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "ssss", &purpose, &recipient, &format, &encoding);
	if (r == 0)
		r = words_take(export, purpose, recipient, format, encoding);
	if (r == 0)
		r = begun_read(export, reply, true);
	return fault_trace(session_malformed(cubby, r, "Export.Resume"));
}

static int export_new(struct cubby_export *export, const struct cubby_export_options *options)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	struct cubby *cubby = export->cubby;
	int r;

	r = words_take(export, options->purpose, options->recipient, options->format,
		       options->encoding);
	if (r > 0)
		return answer_why(&cubby->why, r,
				  "an export takes a purpose and a recipient, the format hf, nemo "
				  "or kaldi, and the encoding flac or wav");
	if (r == 0)
		r = reply_get(cubby, "Export", "Begin", &reply, "ssss", export->purpose,
			      export->recipient, export->format, export->encoding);
	if (r != 0)
		return fault_trace(r);
	return fault_trace(session_malformed(cubby, begun_read(export, reply, false),
					     "Export.Begin"));
}

int cubby_export_begin(struct cubby *cubby, const struct cubby_export_options *options,
		       struct cubby_export **ret)
{
	_cleanup_(cubby_export_freep) struct cubby_export *export = NULL;
	int r;

	session_begin(cubby);
	r = session_size(cubby, options->size, sizeof(*options), "CUBBY_EXPORT_OPTIONS_INIT");
	if (r != 0)
		return session_end(cubby, r);
	if (!cubby->release)
		return session_end(cubby, answer_why(&cubby->why, ANSWER_NOT_AUTHORIZED,
						     "an export takes a parent's passphrase: prove "
						     "first"));
	export = calloc(1, sizeof(*export));
	if (!export)
		return session_end(cubby, fault_origin(-ENOMEM));
	export->cubby = cubby;
	r = options->resume ? export_resume(export, options->resume) : export_new(export, options);
	if (r == 0)
		*ret = take(export);
	return session_end(cubby, r);
}

/* ---- A page ---- */

static int item_read(struct message *message, void *context)
{
	struct cubby_export *export = context;
	struct page_item *item = &export->items[export->n_items];
	const char *token, *copy;
	int r;

	if (export->n_items == PAGE_ITEMS_MAX)
		return ANSWER_INVALID_ARGUMENT;
	*item = (struct page_item){ .sealed.n_parts = 0 };
	if (export->n_items > 0)
		item->sealed.first_key = item[-1].sealed.first_key + item[-1].sealed.n_parts;
	r = message_read(message, "ss", &token, &copy);
	if (r == 0 && (!id_parse(token, &item->token) || !id_parse(copy, &item->copy)))
		r = ANSWER_INVALID_ARGUMENT;
	if (r == 0)
		r = sealed_header(message, &item->sealed);
	if (r == 0)
		r = sealed_parts(message, &item->sealed);
	if (r == 0)
		export->n_items++;
	return fault_trace(r);
}

static int page_run(struct cubby_export *export)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	struct cubby *cubby = export->cubby;
	int r;

	sealed_bodies_clear(&export->bodies);
	export->n_items = export->n_written = 0;
	r = box_keypair_new(&pair);
	if (r == 0)
		r = reply_get(cubby, "Export", "Fetch", &reply, "say", export->info.id,
			      (const void *)pair->public, sizeof(pair->public));
	if (r != 0)
		return fault_trace(r);
	r = reply_each(reply, "(ssaya(stt))", item_read, export);
	if (r == 0)
		r = bodies_read(reply, pair, PAGE_MAX_BYTES, &export->bodies);
	for (size_t i = 0; r == 0 && i < export->n_items; i++)
		r = sealed_check(&export->items[i].sealed, &export->bodies);
	/* More than it said there are would never end. */
	if (r == 0 && (uint64_t)export->info.written + export->n_items > export->info.items)
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		export->n_items = 0;
	return fault_trace(session_malformed(cubby, r, "Export.Fetch"));
}

int cubby_export_page(struct cubby_export *export, size_t *ret_n)
{
	int r;

	session_begin(export->cubby);
	r = page_run(export);
	if (r == 0)
		*ret_n = export->n_items;
	return session_end(export->cubby, r);
}

int cubby_export_open(struct cubby_export *export, size_t i, char ret_token[CUBBY_ID_TEXT],
		      struct cubby_opened **ret)
{
	struct cubby *cubby = export->cubby;
	int r;

	session_begin(cubby);
	if (i >= export->n_items)
		return session_end(cubby, answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
						     "this page has %zu items", export->n_items));
	r = opened_make(cubby, &export->items[i].sealed, &export->bodies, &export->items[i].copy,
			true, ret);
	if (r == 0)
		id_text(&export->items[i].token, ret_token);
	return session_end(cubby, r);
}

int cubby_export_wrote(struct cubby_export *export, const struct cubby_written *written)
{
	struct manifest_item *item = &export->written[export->n_written];
	struct cubby *cubby = export->cubby;
	const size_t start = written->file_bytes < MANIFEST_START_BYTES ? written->file_bytes
									: MANIFEST_START_BYTES;
	int r;

	session_begin(cubby);
	r = session_size(cubby, written->size, sizeof(*written), "CUBBY_WRITTEN_INIT");
	if (r == 0 && (export->n_written == PAGE_ITEMS_MAX ||
		       !id_parse(written->token, &item->token) || written->file_bytes == 0))
		r = answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
			       "this is no item of the page that was fetched last");
	if (r != 0)
		return session_end(cubby, r);
	item->bytes = (int64_t)written->file_bytes;
	item->n_lines = export->n_lines;
	crypt_hash_keyed(export->salt, sizeof(export->salt), written->file, written->file_bytes,
			 item->hash);
	crypt_hash_keyed(export->salt, sizeof(export->salt), written->file, start, item->start);
	crypt_hash_keyed(export->salt, sizeof(export->salt), written->samples,
			 written->frames * sizeof(*written->samples), item->sound);
	for (unsigned i = 0; i < item->n_lines; i++)
		crypt_hash_keyed(export->salt, sizeof(export->salt), written->lines[i],
				 strlen(written->lines[i]), item->lines[i]);
	export->n_written++;
	return session_end(cubby, 0);
}

static int wrote_append(struct message *request, const struct manifest_item *item)
{
	char token[ID_TEXT];

	return fault_trace(message_append_row(
		request, "stayayayay", id_text(&item->token, token), (uint64_t)item->bytes,
		(const void *)item->hash, sizeof(item->hash), (const void *)item->start,
		sizeof(item->start), (const void *)item->sound, sizeof(item->sound),
		(const void *)item->lines, (size_t)item->n_lines * HASH_BYTES));
}

int cubby_export_synced(struct cubby_export *export)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	struct cubby *cubby = export->cubby;
	int r;

	session_begin(cubby);
	r = session_request(cubby, NULL, "Export", "Wrote", &request);
	if (r == 0)
		r = message_append(request, "s", export->info.id);
	if (r == 0)
		r = message_open(request, 'a', "(stayayayay)");
	for (size_t i = 0; r == 0 && i < export->n_written; i++)
		r = wrote_append(request, &export->written[i]);
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r == 0)
		export->info.written += (uint32_t)export->n_written;
	return session_end(cubby, r);
}

/* ---- Ending ---- */

/* The tokens of what was recalled, one a line. */
static int recalled_drop(struct cubby_export *export, int fd, size_t n,
			 int (*drop)(void *context, const char *token), void *context)
{
	char token[ID_TEXT];
	struct id id;
	int r = n % ID_TEXT == 0 ? 0 : ANSWER_INVALID_ARGUMENT;

	for (size_t at = 0; r == 0 && at < n; at += ID_TEXT) {
		r = file_pread(fd, token, ID_TEXT, (off_t)at);
		if (r == 0 && token[ID_TEXT - 1] != '\n')
			r = ANSWER_INVALID_ARGUMENT;
		token[ID_TEXT - 1] = '\0';
		if (r == 0 && !id_parse(token, &id))
			r = ANSWER_INVALID_ARGUMENT;
		if (r == 0 && drop(context, token) != 0)
			return answer_why(&export->cubby->why, ANSWER_FAILED,
					  "an item that was recalled could not be removed");
	}
	return fault_trace(session_malformed(export->cubby, r, "Export.Finish"));
}

static int lines_hash(int fd, size_t n, uint8_t ret[static HASH_BYTES])
{
	struct hash_stream stream;
	uint8_t piece[4096];
	int r = 0;

	hash_stream_begin(&stream, NULL, 0);
	for (size_t at = 0; r == 0 && at < n; at += sizeof(piece)) {
		const size_t more = n - at < sizeof(piece) ? n - at : sizeof(piece);

		r = file_pread(fd, piece, more, (off_t)at);
		hash_stream_add(&stream, piece, more);
	}
	hash_stream_end(&stream, ret);
	return fault_trace(r);
}

static int manifest_check(struct cubby_export *export, const char *head, int fd, size_t n)
{
	struct cubby *cubby = export->cubby;
	struct manifest manifest;
	uint8_t lines[HASH_BYTES];
	int r = session_device(cubby);

	if (r == 0)
		r = manifest_verify(head, cubby->pins.device_sign, NULL, &manifest, &cubby->why);
	if (r == 0)
		r = lines_hash(fd, n, lines);
	if (r != 0)
		return fault_trace(r);
	if (!manifest_is_of(&manifest, export->info.id, lines))
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the keeper signed something else than this export");
	return 0;
}

static int finish_run(struct cubby_export *export, int (*drop)(void *context, const char *token),
		      void *context, char **ret_head, int *ret_lines)
{
	struct cubby *cubby = export->cubby;

	for (;;) {
		_cleanup_(message_freep) struct message *reply = NULL;
		_cleanup_(cleanup_close) int fd = -1;
		const char *head;
		uint32_t now;
		size_t n;
		int r;

		r = reply_get(cubby, "Export", "Finish", &reply, "su", export->info.id,
			      export->generation);
		if (r != 0)
			return fault_trace(r);
		r = reply_lines(reply, &head, &fd, &n);
		if (r == 0)
			r = message_read(reply, "u", &now);
		/* Recalls only grow: anything else would have us ask for ever. */
		if (r == 0 && !head[0] && now <= export->generation)
			r = ANSWER_INVALID_ARGUMENT;
		if (r != 0)
			return fault_trace(session_malformed(cubby, r, "Export.Finish"));
		r = head[0] ? manifest_check(export, head, fd, n)
			    : recalled_drop(export, fd, n, drop, context);
		if (r != 0)
			return fault_trace(r);
		export->generation = now;
		if (!head[0])
			continue;
		*ret_head = strdup(head);
		if (!*ret_head)
			return fault_origin(-ENOMEM);
		*ret_lines = fd;
		fd = -1;
		return 0;
	}
}

int cubby_export_finish(struct cubby_export *export, int (*drop)(void *context, const char *token),
			void *context, char **ret_head, int *ret_lines)
{
	session_begin(export->cubby);
	return session_end(export->cubby, finish_run(export, drop, context, ret_head, ret_lines));
}

int cubby_export_cancel(struct cubby *cubby, const char *id)
{
	_cleanup_(message_freep) struct message *reply = NULL;

	session_begin(cubby);
	return session_end(cubby, reply_get(cubby, "Export", "Cancel", &reply, "s", id));
}
