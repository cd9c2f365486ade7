/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests to and from statements. Nobody's name and no word that was said is ever put in. */

#include "crypt/manifest.h"

#include <stdio.h>
#include <string.h>

#define MANIFEST_MEMBERS 17
#define EXCLUDED_MEMBERS 3
#define ITEM_MEMBERS 9
#define LINE_MAX_BYTES 4096

static const char *const hf_index[] = { "metadata.jsonl", NULL };
static const char *const nemo_index[] = { "manifest.json", NULL };
static const char *const kaldi_index[] = { "wav.scp", "text", "utt2spk", "spk2utt", NULL };
static const struct {
	const char *name;
	const char *const *index;
} formats[] = { { "hf", hf_index }, { "nemo", nemo_index }, { "kaldi", kaldi_index } };
static const char *const encodings[] = { "flac", "wav", NULL };
static const char *const reviews[] = { "named", "heard", "batch", NULL };

const char *const *manifest_index(const char *format)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcmp(formats[i].name, format) == 0)
			return formats[i].index;
	return NULL;
}

static bool one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

bool manifest_text_fits(const char *text)
{
	size_t n = 0;

	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at < 0x20 || *at == 0x7f)
			return false;
		n += (*at & 0xc0) != 0x80;
	}
	return n >= 1 && n <= MANIFEST_TEXT_CHARACTERS;
}

bool manifest_review_fits(const char *review)
{
	return one_of(review, reviews);
}

bool manifest_form_fits(const char *format, const char *encoding)
{
	return manifest_index(format) && one_of(encoding, encodings);
}

static bool manifest_fits(const struct manifest *manifest)
{
	return manifest_text_fits(manifest->purpose) && manifest_text_fits(manifest->recipient) &&
	       manifest_form_fits(manifest->format, manifest->encoding) &&
	       manifest->software[0] && manifest->made_s > 0 && manifest->expires_s > 0 &&
	       manifest->items >= 1 && manifest->recalls >= 0 && manifest->child >= 0 &&
	       manifest->unapproved >= 0 && manifest->elsewhere >= 0;
}

int manifest_sign(const struct manifest *manifest, const struct sign_keypair *device,
		  char **ret_text)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	char export[ID_TEXT], policy[65], salt[2 * MANIFEST_SALT_BYTES + 1], lines[65];

	if (!manifest_fits(manifest))
		return ANSWER_INVALID_ARGUMENT;
	id_text(&manifest->export, export);
	hex_text(manifest->policy, HASH_BYTES, policy);
	hex_text(manifest->salt, MANIFEST_SALT_BYTES, salt);
	hex_text(manifest->lines, HASH_BYTES, lines);
	body = json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:I,"
			 " s:{s:I, s:I, s:I}}",
			 "export", export, "made_s", (json_int_t)manifest->made_s, "expires_s",
			 (json_int_t)manifest->expires_s, "purpose", manifest->purpose, "recipient",
			 manifest->recipient, "policy", policy, "software", manifest->software,
			 "format", manifest->format, "encoding", manifest->encoding, "salt", salt,
			 "items", (json_int_t)manifest->items, "lines", lines, "recalls",
			 (json_int_t)manifest->recalls, "excluded", "child",
			 (json_int_t)manifest->child, "not approved",
			 (json_int_t)manifest->unapproved, "approved for something else",
			 (json_int_t)manifest->elsewhere);
	/* A purpose that is no UTF-8 is what else packing fails for. */
	if (!body)
		return ANSWER_INVALID_ARGUMENT;
	return fault_trace(statement_sign(body, MANIFEST_STATEMENT, device, ret_text));
}

/* A text that fits `room`, the end of it included. */
static int text_get(const json_t *body, const char *member, char *ret, size_t room, struct why *why)
{
	const char *text;
	int r = statement_get_string(body, member, &text, why);

	if (r)
		return r;
	if (strlen(text) >= room)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "\"%s\" is too long", member);
	strcpy(ret, text);
	return 0;
}

static int manifest_read_texts(const json_t *body, struct manifest *manifest, struct why *why)
{
	const struct {
		const char *member;
		char *text;
		size_t room;
	} texts[] = {
		{ "purpose", manifest->purpose, sizeof(manifest->purpose) },
		{ "recipient", manifest->recipient, sizeof(manifest->recipient) },
		{ "software", manifest->software, sizeof(manifest->software) },
		{ "format", manifest->format, sizeof(manifest->format) },
		{ "encoding", manifest->encoding, sizeof(manifest->encoding) },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
		r = text_get(body, texts[i].member, texts[i].text, texts[i].room, why);
	return r;
}

static int manifest_read_numbers(const json_t *body, struct manifest *manifest, struct why *why)
{
	const json_t *excluded = json_object_get(body, "excluded");
	const struct {
		const json_t *body;
		const char *member;
		int64_t *number;
	} numbers[] = {
		{ body, "made_s", &manifest->made_s },
		{ body, "expires_s", &manifest->expires_s },
		{ body, "items", &manifest->items },
		{ body, "recalls", &manifest->recalls },
		{ excluded, "child", &manifest->child },
		{ excluded, "not approved", &manifest->unapproved },
		{ excluded, "approved for something else", &manifest->elsewhere },
	};
	int r = statement_get_size(excluded, EXCLUDED_MEMBERS, why);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
		r = statement_get_integer(numbers[i].body, numbers[i].member, 0, INT64_MAX,
					  numbers[i].number, why);
	return r;
}

static int manifest_read_bytes(const json_t *body, struct manifest *manifest, struct why *why)
{
	int r = statement_get_bytes(body, "export", manifest->export.bytes, ID_BYTES, why);

	if (r == 0)
		r = statement_get_bytes(body, "policy", manifest->policy, HASH_BYTES, why);
	if (r == 0)
		r = statement_get_bytes(body, "salt", manifest->salt, MANIFEST_SALT_BYTES, why);
	if (r == 0)
		r = statement_get_bytes(body, "lines", manifest->lines, HASH_BYTES, why);
	return r;
}

int manifest_verify(const char *text, const uint8_t *device, uint8_t *ret_key, struct manifest *ret,
		    struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct manifest manifest = { .made_s = 0 };
	uint8_t key[SIGN_PUBLIC_BYTES];
	int r;

	r = statement_verify(text, MANIFEST_STATEMENT, device, key, &body, why);
	if (r)
		return fault_trace(r);
	r = statement_get_size(body, MANIFEST_MEMBERS, why);
	if (r == 0)
		r = manifest_read_texts(body, &manifest, why);
	if (r == 0)
		r = manifest_read_numbers(body, &manifest, why);
	if (r == 0)
		r = manifest_read_bytes(body, &manifest, why);
	if (r)
		return r;
	if (!manifest_fits(&manifest))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the manifest says something that none can say");
	if (ret_key)
		memcpy(ret_key, key, SIGN_PUBLIC_BYTES);
	*ret = manifest;
	return 0;
}

bool manifest_is_of(const struct manifest *manifest, const char *export,
		    const uint8_t lines[static HASH_BYTES])
{
	struct id id;

	return id_parse(export, &id) && id_equal(&id, &manifest->export) &&
	       memcmp(lines, manifest->lines, HASH_BYTES) == 0;
}

/* ---- Items ---- */

char *manifest_item_file(const struct id *token, const char *encoding,
			 char text[static MANIFEST_FILE_TEXT])
{
	char name[ID_TEXT];

	snprintf(text, MANIFEST_FILE_TEXT, "audio/%s.%.4s", id_text(token, name), encoding);
	return text;
}

int manifest_item_text(const struct manifest_item *item, const char *encoding, char **ret)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	char token[ID_TEXT], file[MANIFEST_FILE_TEXT], hash[65], start[65], sound[65], line[65];
	_cleanup_(cleanup_free) char *text = NULL;
	json_t *lines = json_array();
	size_t n;

	for (unsigned i = 0; lines && i < item->n_lines; i++)
		json_array_append_new(lines,
				      json_string(hex_text(item->lines[i], HASH_BYTES, line)));
	body = json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:o}", "token",
			 id_text(&item->token, token), "file",
			 manifest_item_file(&item->token, encoding, file), "bytes",
			 (json_int_t)item->bytes, "expires_s", (json_int_t)item->expires_s, "hash",
			 hex_text(item->hash, HASH_BYTES, hash), "start",
			 hex_text(item->start, HASH_BYTES, start), "sound",
			 hex_text(item->sound, HASH_BYTES, sound), "lines", lines);
	if (!body || json_array_size(lines) != item->n_lines ||
	    json_object_set_new(body, "review", json_string(item->review)) != 0)
		return fault_origin(-ENOMEM);
	n = json_dumpb(body, NULL, 0, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII);
	text = malloc(n + 2);
	if (!text || n == 0)
		return fault_origin(-ENOMEM);
	json_dumpb(body, text, n, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII);
	strcpy(text + n, "\n");
	*ret = take(text);
	return 0;
}

static int item_read_lines(const json_t *body, struct manifest_item *item, struct why *why)
{
	const json_t *lines = json_object_get(body, "lines");
	const size_t n = json_array_size(lines);

	if (n < 1 || n > MANIFEST_LINES_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "an item has not 1 to %d \"lines\"",
				  MANIFEST_LINES_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(lines, i));

		if (!text || !hex_parse(text, item->lines[i], HASH_BYTES))
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "\"lines\" of an item are no hashes");
	}
	item->n_lines = (unsigned)n;
	return 0;
}

static int item_read(const json_t *body, const char *encoding, struct manifest_item *item,
		     struct why *why)
{
	char file[MANIFEST_FILE_TEXT], known[MANIFEST_FILE_TEXT];
	int r = statement_get_size(body, ITEM_MEMBERS, why);

	if (r == 0)
		r = statement_get_bytes(body, "token", item->token.bytes, ID_BYTES, why);
	if (r == 0)
		r = statement_get_bytes(body, "hash", item->hash, HASH_BYTES, why);
	if (r == 0)
		r = statement_get_bytes(body, "start", item->start, HASH_BYTES, why);
	if (r == 0)
		r = statement_get_bytes(body, "sound", item->sound, HASH_BYTES, why);
	if (r == 0)
		r = statement_get_integer(body, "bytes", 1, INT64_MAX, &item->bytes, why);
	if (r == 0)
		r = statement_get_integer(body, "expires_s", 1, INT64_MAX, &item->expires_s, why);
	if (r == 0)
		r = text_get(body, "review", item->review, sizeof(item->review), why);
	if (r == 0)
		r = text_get(body, "file", file, sizeof(file), why);
	if (r == 0)
		r = item_read_lines(body, item, why);
	if (r)
		return r;
	if (!manifest_review_fits(item->review) ||
	    strcmp(file, manifest_item_file(&item->token, encoding, known)) != 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the item %.32s says something that none can say", file);
	return 0;
}

int manifest_item_parse(const char *line, size_t n, const char *encoding, struct manifest_item *ret,
			struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct manifest_item item = { .bytes = 0 };
	json_error_t error;
	int r;

	body = n <= LINE_MAX_BYTES ? json_loadb(line, n, JSON_REJECT_DUPLICATES, &error) : NULL;
	if (!json_is_object(body))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "a line of the manifest is no item");
	r = item_read(body, encoding, &item, why);
	if (r == 0)
		*ret = item;
	return r;
}
