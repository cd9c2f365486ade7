/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an export is: a statement signed by the device, and under it one line of JSON for each item.
 * The statement has the number of lines and the hash of all of them, so that one signature holds
 * for a list of any length. Nothing in it says whose the items are, nor what was said (R19).
 *
 * Hashes of content are BLAKE2b-256 keyed with the export's salt: equal sounds in two exports do
 * not look equal, and who has only a hash cannot try guesses without the manifest.
 */

#include "base/id.h"
#include "crypt/statement.h"

#define MANIFEST_STATEMENT "cubby-manifest-1"
#define MANIFEST_FILE "cubby-manifest.jsonl"
#define MANIFEST_SALT_BYTES 16
#define MANIFEST_TEXT 801		/* 200 characters of UTF-8 and a NUL */
#define MANIFEST_TEXT_CHARACTERS 200
#define MANIFEST_SOFTWARE_TEXT 33
#define MANIFEST_WORD_TEXT 8
#define MANIFEST_FILE_TEXT 48
#define MANIFEST_LINES_MAX 8
/* What `start` is the hash of: enough of a FLAC file to hold the fingerprint of its sound. */
#define MANIFEST_START_BYTES 1024

struct manifest {
	struct id export;
	int64_t made_s;
	int64_t expires_s;			/* when the first approval ends */
	char purpose[MANIFEST_TEXT];
	char recipient[MANIFEST_TEXT];
	uint8_t policy[HASH_BYTES];
	char software[MANIFEST_SOFTWARE_TEXT];	/* "cubby 0.1.0" */
	char format[MANIFEST_WORD_TEXT];	/* "hf", "nemo", "kaldi" */
	char encoding[MANIFEST_WORD_TEXT];	/* "flac", "wav" */
	uint8_t salt[MANIFEST_SALT_BYTES];
	int64_t items;
	uint8_t lines[HASH_BYTES];		/* of all below the first line, as they stand */
	int64_t recalls;			/* a list of recalls below this is too old */
	int64_t child, unapproved, elsewhere;	/* items left out */
};

/* Of a purpose or recipient: 1 to 200 characters, none of them a control character. */
bool manifest_text_fits(const char *text);
bool manifest_form_fits(const char *format, const char *encoding);
bool manifest_review_fits(const char *review);

/* ANSWER_INVALID_ARGUMENT: a word or number out of range. */
int manifest_sign(const struct manifest *manifest, const struct sign_keypair *device,
		  char **ret_text);
/* device: the key one knows; NULL to take the one it names (ret_key). ANSWER_INVALID_ARGUMENT. */
int manifest_verify(const char *text, const uint8_t *device, uint8_t *ret_key, struct manifest *ret,
		    struct why *why);

/* Whether it is of this export and these lines: an older one of the keeper's verifies as well. */
bool manifest_is_of(const struct manifest *manifest, const char *export,
		    const uint8_t lines[static HASH_BYTES]);

struct manifest_item {
	struct id token;
	int64_t bytes;
	int64_t expires_s;			/* of the approval, or of what it was made of */
	char review[MANIFEST_WORD_TEXT];	/* "named", "heard", "batch" */
	uint8_t hash[HASH_BYTES];		/* of the file */
	uint8_t start[HASH_BYTES];		/* of its first MANIFEST_START_BYTES */
	uint8_t sound[HASH_BYTES];		/* of its samples: 16 bits, little endian */
	uint8_t lines[MANIFEST_LINES_MAX][HASH_BYTES];	/* of its lines in the index files */
	unsigned n_lines;
};

/* "audio/TOKEN.flac": returns `text`. */
char *manifest_item_file(const struct id *token, const char *encoding,
			 char text[static MANIFEST_FILE_TEXT]);
/* One line, with its end; free(). */
int manifest_item_text(const struct manifest_item *item, const char *encoding, char **ret);
/* ANSWER_INVALID_ARGUMENT. n: without the line's end. */
int manifest_item_parse(const char *line, size_t n, const char *encoding, struct manifest_item *ret,
			struct why *why);

/* The index files of a format, in the order of `lines`; NULL-ended. NULL: no such format. */
const char *const *manifest_index(const char *format);
