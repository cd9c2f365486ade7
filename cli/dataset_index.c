/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for training tools. Who spoke is never told: each item is a speaker of its own. */

#include "dataset_index.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "crypt/manifest.h"

void dataset_index_init(struct dataset_index *index)
{
	*index = (struct dataset_index){ .n = 0 };
	for (unsigned i = 0; i < INDEX_FILES_MAX; i++)
		index->fds[i] = -1;
}

void dataset_index_clear(struct dataset_index *index)
{
	for (unsigned i = 0; i < INDEX_FILES_MAX; i++) {
		cleanup_close(&index->fds[i]);
		free(index->lines[i]);
	}
	dataset_index_init(index);
}

static void part_name(const char *name, char part[static 64])
{
	snprintf(part, 64, "%.48s.part", name);
}

int dataset_index_open(struct dataset_index *index, int dir, const struct cubby_export_info *info)
{
	char part[64];

	index->format = info->format;
	index->encoding = info->encoding;
	index->names = info->index;
	index->dir = dir;
	for (index->n = 0; index->names[index->n]; index->n++) {
		part_name(index->names[index->n], part);
		index->fds[index->n] = openat(dir, part, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW |
					      O_CLOEXEC, 0644);
		if (index->fds[index->n] < 0)
			return -errno;
		/* What was torn where it was stopped ends here. */
		if (file_write(index->fds[index->n], "\n", 1) < 0)
			return -EIO;
	}
	return 0;
}

/* ---- Lines ---- */

/* In ASCII: a reader may open the file in another encoding, or end a line at U+2028. */
static char *json_line(json_t *json)
{
	_cleanup_(cleanup_free) char *text =
		json ? json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9))
		     : NULL;
	char *line = NULL;

	json_decref(json);
	if (!text || asprintf(&line, "%s\n", text) < 0)
		return NULL;
	return line;
}

static char *format_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *format_line(const char *format, ...)
{
	va_list list;
	char *line;
	int n;

	va_start(list, format);
	n = vasprintf(&line, format, list);
	va_end(list);
	return n < 0 ? NULL : line;
}

/* Bytes of a character (UTF-8) that Kaldi's validate_data_dir.sh refuses in "text": white space of
 * other kinds, what cannot be printed, and what its own symbols (<s>, #0) are made of. 0: it takes
 * the character. */
static size_t refused_bytes(const char *at)
{
	static const char *const others[] = { "\u1680", "\u205f", "\u2060", "\u3000", "\ufeff" };
	const unsigned char *c = (const unsigned char *)at;

	if (c[0] < 0x20 || c[0] == 0x7f || strchr("<>#", c[0]))
		return 1;
	if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0xa0)
		return 2;
	/* U+2000 to U+200F, U+2028 to U+202F. */
	if (c[0] == 0xe2 && c[1] == 0x80 && (c[2] <= 0x8f || (c[2] >= 0xa8 && c[2] <= 0xaf)))
		return 3;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strncmp(at, others[i], 3) == 0)
			return 3;
	return 0;
}

/* One line of words: what cannot be in it becomes space. */
static char *text_line(const char *token, const char *text)
{
	char *line = format_line("%s%s%s\n", token, *text ? " " : "", text);

	for (char *at = line; at && at[1];) {
		const size_t n = refused_bytes(at);

		memset(at, ' ', n);
		at += n ? n : 1;
	}
	return line;
}

static char *kaldi_line(const struct dataset_index *index, unsigned i,
			const struct dataset_item *item, const char *file)
{
	switch (i) {
	case 0:
		return strcmp(index->encoding, "wav") == 0
			? format_line("%s %s\n", item->token, file)
			: format_line("%s flac -c -d -s %s |\n", item->token, file);
	case 1:
		return text_line(item->token, item->text);
	default:
		return format_line("%s %s\n", item->token, item->token);
	}
}

static char *item_line(const struct dataset_index *index, unsigned i,
		       const struct dataset_item *item)
{
	char file[MANIFEST_FILE_TEXT];

	snprintf(file, sizeof(file), "audio/%.32s.%.4s", item->token, index->encoding);
	if (strcmp(index->format, "hf") == 0)
		return json_line(json_pack("{s:s, s:s}", "file_name", file, "transcription",
					   item->text));
	if (strcmp(index->format, "nemo") == 0)
		return json_line(json_pack("{s:s, s:f, s:s}", "audio_filepath", file, "duration",
					   item->duration_s, "text", item->text));
	return kaldi_line(index, i, item, file);
}

int dataset_index_add(struct dataset_index *index, const struct dataset_item *item,
		      const char *const **ret_lines)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < index->n; i++) {
		free(index->lines[i]);
		index->lines[i] = item_line(index, i, item);
		r = index->lines[i] ? file_write(index->fds[i], index->lines[i],
						 strlen(index->lines[i]))
				    : -ENOMEM;
	}
	*ret_lines = (const char *const *)index->lines;
	return r;
}

/* ---- Finishing ---- */

static int id_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct id));
}

void dataset_tokens_clear(struct dataset_tokens *tokens)
{
	free(tokens->ids);
	*tokens = (struct dataset_tokens){ .n = 0 };
}

bool dataset_tokens_reach(const struct dataset_tokens *tokens, const struct id *id)
{
	return (id->bytes[0] << 8 | id->bytes[1]) * tokens->rounds >> 16 == tokens->round;
}

const struct id *dataset_tokens_find(const struct dataset_tokens *tokens, const struct id *id)
{
	return bsearch(id, tokens->ids, tokens->n, sizeof(*id), id_order);
}

static int token_add(struct dataset_tokens *tokens, const struct id *id)
{
	if (tokens->n == tokens->room) {
		const size_t room = 2 * tokens->room + 64;
		struct id *ids = reallocarray(tokens->ids, room, sizeof(*ids));

		if (!ids)
			return -ENOMEM;
		tokens->ids = ids;
		tokens->room = room;
	}
	tokens->ids[tokens->n++] = *id;
	return 0;
}

/* Calls `each` for every line of the file, with its end, until it does not return 0. -EBADMSG: the
 * last has none. */
static int lines_each(int fd, int (*each)(void *context, const char *line, size_t n, off_t at),
		      void *context)
{
	_cleanup_(cleanup_free) char *line = NULL;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *file = copy >= 0 ? fdopen(copy, "r") : NULL;
	size_t room = 0;
	off_t at = 0;
	ssize_t n;
	int r;

	if (!file) {
		r = -errno;
		cleanup_close(&copy);
		return r;
	}
	r = fseeko(file, 0, SEEK_SET) < 0 ? -errno : 0;
	for (; r == 0 && (n = getline(&line, &room, file)) > 0; at += n)
		r = line[n - 1] == '\n' ? each(context, line, (size_t)n, at) : -EBADMSG;
	/* Without memory, too, it ends where it is not at its end. */
	if (r == 0 && !feof(file))
		r = -errno;
	fclose(file);
	return r;
}

struct reading_tokens {
	struct dataset_tokens *tokens;
	const char *encoding;
};

static int token_read(void *context, const char *line, size_t n, off_t at)
{
	struct reading_tokens *reading = context;
	struct manifest_item item;
	int r = manifest_item_parse(line, n - 1, reading->encoding, &item, NULL);

	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	return dataset_tokens_reach(reading->tokens, &item.token)
		? token_add(reading->tokens, &item.token) : 0;
}

int dataset_tokens_read(struct dataset_tokens *tokens, int lines, const char *encoding)
{
	struct reading_tokens reading = { tokens, encoding };
	int r = lines_each(lines, token_read, &reading);

	if (r == 0 && tokens->n > 0)
		qsort(tokens->ids, tokens->n, sizeof(*tokens->ids), id_order);
	return r;
}

const char *dataset_index_token(const char *line, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t at = 0; at + ID_TEXT - 1 <= n; at++) {
		size_t length = strspn(line + at, digits);

		if (at + length > n)
			length = n - at;
		if (length == ID_TEXT - 1)
			return line + at;
		at += length;
	}
	return NULL;
}

struct index_line {
	off_t at;
	size_t n;		/* with its end; 0: there is none */
};

struct finding_lines {
	const struct dataset_tokens *tokens;
	struct index_line *lines;	/* one for each token */
};

static int line_find(void *context, const char *text, size_t n, off_t at)
{
	struct finding_lines *finding = context;
	const char *token = dataset_index_token(text, n - 1);
	const struct id *found;
	char copy[ID_TEXT] = "";
	struct id id;

	if (token)
		memcpy(copy, token, ID_TEXT - 1);
	found = id_parse(copy, &id) ? dataset_tokens_find(finding->tokens, &id) : NULL;
	if (!found)
		return 0;
	/* Of several the last: what was torn was written anew. */
	finding->lines[found - finding->tokens->ids] = (struct index_line){ at, n };
	return 0;
}

static int lines_write(int from, int to, const struct index_line *lines, size_t n)
{
	_cleanup_(cleanup_free) char *text = NULL;
	size_t room = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (lines[i].n == 0)
			return -EBADMSG;
		if (lines[i].n > room) {
			free(text);
			room = lines[i].n;
			text = malloc(room);
			if (!text)
				return -ENOMEM;
		}
		r = file_pread(from, text, lines[i].n, lines[i].at);
		if (r == 0)
			r = file_write(to, text, lines[i].n);
	}
	return r;
}

int dataset_index_finish(struct dataset_index *index, const struct dataset_tokens *tokens)
{
	const int mode = tokens->round == 0 ? O_TRUNC : O_APPEND;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < index->n; i++) {
		_cleanup_(cleanup_free) struct index_line *lines =
			calloc(tokens->n + 1, sizeof(*lines));
		struct finding_lines finding = { tokens, lines };
		_cleanup_(cleanup_close) int fd = openat(index->dir, index->names[i],
							 O_WRONLY | O_CREAT | O_NOFOLLOW |
							 O_CLOEXEC | mode, 0644);

		if (fd < 0 || !lines)
			return fd < 0 ? -errno : -ENOMEM;
		r = lines_each(index->fds[i], line_find, &finding);
		if (r == 0)
			r = lines_write(index->fds[i], fd, lines, tokens->n);
	}
	return r;
}

int dataset_index_end(struct dataset_index *index)
{
	char part[64];

	for (unsigned i = 0; i < index->n; i++) {
		part_name(index->names[i], part);
		if (unlinkat(index->dir, part, 0) < 0)
			return -errno;
	}
	return 0;
}
