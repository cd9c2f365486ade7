/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for training tools. Who spoke is never told: each item is a speaker of its own. */

#include "dataset_index.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "crypt/manifest.h"

/* Of an index file: 60 s of speech is not a thousand words. */
#define INDEX_MAX_BYTES (1ll << 30)

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

static char *json_line(json_t *json)
{
	_cleanup_(cleanup_free) char *text =
		json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
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

/* One line of words: what would end it becomes a space. */
static char *text_line(const char *token, const char *text)
{
	char *line = format_line("%s%s%s\n", token, *text ? " " : "", text);

	for (char *at = line; at && at[1]; at++)
		if ((unsigned char)*at < 0x20)
			*at = ' ';
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

bool dataset_tokens_have(const struct dataset_tokens *tokens, const struct id *id)
{
	return bsearch(id, tokens->ids, tokens->n, sizeof(*id), id_order) != NULL;
}

int dataset_tokens_read(const char *manifest, size_t n, const char *encoding,
			struct dataset_tokens *ret)
{
	_cleanup_(dataset_tokens_clear) struct dataset_tokens tokens = { .n = 0 };
	const char *end = manifest + n;
	const char *at = memchr(manifest, '\n', n);
	size_t lines = 0;

	if (!at)
		return -EBADMSG;
	for (const char *line = at + 1; line < end; line++)
		lines += *line == '\n';
	tokens.ids = calloc(lines + 1, sizeof(*tokens.ids));
	if (!tokens.ids)
		return -ENOMEM;
	for (at++; at < end && tokens.n < lines; at = strchr(at, '\n') + 1) {
		struct manifest_item item;

		if (manifest_item_parse(at, (size_t)(strchr(at, '\n') - at), encoding, &item,
					NULL) != 0)
			return -EBADMSG;
		tokens.ids[tokens.n++] = item.token;
	}
	qsort(tokens.ids, tokens.n, sizeof(*tokens.ids), id_order);
	*ret = tokens;
	tokens = (struct dataset_tokens){ .n = 0 };
	return 0;
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
	const char *text;
	size_t n;		/* with its end */
	struct id id;
};

static int line_order(const void *a, const void *b)
{
	const struct index_line *one = a, *other = b;

	return memcmp(&one->id, &other->id, sizeof(one->id));
}

/* Lines of the manifest's items, whole ones only, sorted; each once. */
static int lines_read(const char *text, size_t n, const struct dataset_tokens *tokens,
		      struct index_line **ret, size_t *ret_n)
{
	_cleanup_(cleanup_free) struct index_line *lines = NULL;
	size_t room = 0, found = 0, kept = 0;
	const char *end;

	for (size_t i = 0; i < n; i++)
		room += text[i] == '\n';
	lines = calloc(room + 1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	for (; (end = memchr(text, '\n', n)); n -= (size_t)(end + 1 - text), text = end + 1) {
		struct index_line *line = &lines[found];
		const char *token = dataset_index_token(text, (size_t)(end - text));
		char copy[ID_TEXT] = "";

		if (token)
			memcpy(copy, token, ID_TEXT - 1);
		if (!id_parse(copy, &line->id) || !dataset_tokens_have(tokens, &line->id))
			continue;
		line->text = text;
		line->n = (size_t)(end + 1 - text);
		found++;
	}
	qsort(lines, found, sizeof(*lines), line_order);
	for (size_t i = 0; i < found; i++) {
		/* Of several the longest: another may have been torn. */
		if (kept > 0 && id_equal(&lines[kept - 1].id, &lines[i].id)) {
			if (lines[i].n > lines[kept - 1].n)
				lines[kept - 1] = lines[i];
		} else {
			lines[kept++] = lines[i];
		}
	}
	*ret = take(lines);
	*ret_n = kept;
	return kept == tokens->n ? 0 : -EBADMSG;
}

static int index_write(struct dataset_index *index, unsigned i, const struct index_line *lines,
		       size_t n)
{
	_cleanup_(cleanup_free) char *out = NULL;
	_cleanup_(cleanup_close) int fd = openat(index->dir, index->names[i],
						 O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
						 O_CLOEXEC, 0644);
	size_t bytes = 0;

	if (fd < 0)
		return -errno;
	for (size_t k = 0; k < n; k++)
		bytes += lines[k].n;
	out = malloc(bytes + 1);
	if (!out)
		return -ENOMEM;
	bytes = 0;
	for (size_t k = 0; k < n; k++) {
		memcpy(out + bytes, lines[k].text, lines[k].n);
		bytes += lines[k].n;
	}
	return file_write(fd, out, bytes);
}

int dataset_index_finish(struct dataset_index *index, const struct dataset_tokens *tokens)
{
	for (unsigned i = 0; i < index->n; i++) {
		_cleanup_(cleanup_free) struct index_line *lines = NULL;
		_cleanup_(cleanup_free) char *text = NULL;
		struct stat st;
		size_t n = 0;
		int r;

		if (fstat(index->fds[i], &st) < 0 || st.st_size > INDEX_MAX_BYTES)
			return -EFBIG;
		text = malloc((size_t)st.st_size + 1);
		if (!text)
			return -ENOMEM;
		text[st.st_size] = '\0';
		r = file_pread(index->fds[i], text, (size_t)st.st_size, 0);
		if (r == 0)
			r = lines_read(text, (size_t)st.st_size, tokens, &lines, &n);
		if (r == 0)
			r = index_write(index, i, lines, n);
		if (r < 0)
			return r;
	}
	return 0;
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
