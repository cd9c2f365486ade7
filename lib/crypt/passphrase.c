/* SPDX-License-Identifier: Apache-2.0 */
/* Is this passphrase hard enough to guess? Counted low on purpose: whoever guesses has the stored
 * hash and a graphics card. Nothing of the passphrase may reach a message. */

#include "crypt/door.h"

#include <ctype.h>
#include <string.h>

#define PASSPHRASE_MAX_BYTES 1024
#define WORDS_NEEDED 4
#define WORD_LETTERS 3
#define BITS_NEEDED 60

/* Outside ASCII everything counts as a letter. */
static bool is_letter(unsigned char c)
{
	return c >= 0x80 || isalpha(c);
}

/* Behind the first byte of a UTF-8 character: no character of its own. */
static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* The length in bytes of the word at `at`, and whether it is one: three letters, not all alike. */
static size_t word_length(const char *at, bool *ret_word)
{
	size_t n = 0, letters = 0;
	bool varied = false;

	for (; is_letter((unsigned char)at[n]); n++) {
		letters += !is_tail((unsigned char)at[n]);
		varied = varied || tolower((unsigned char)at[n]) != tolower((unsigned char)at[0]);
	}
	*ret_word = letters >= WORD_LETTERS && varied;
	return n;
}

static unsigned words_different(const char *passphrase)
{
	const char *words[WORDS_NEEDED];
	size_t lengths[WORDS_NEEDED];
	unsigned n = 0;

	for (const char *at = passphrase; *at && n < WORDS_NEEDED;) {
		bool word, known = false;
		size_t length = word_length(at, &word);

		for (unsigned i = 0; i < n; i++)
			known = known || (lengths[i] == length &&
					  strncasecmp(words[i], at, length) == 0);
		if (word && !known) {
			words[n] = at;
			lengths[n++] = length;
		}
		at += length ? length : 1;
	}
	return n;
}

/* Tenths of a bit that one character adds behind `before`. Repeats and runs (aa, 12, cb) add
 * nothing; a letter behind a letter of its case and a digit behind a digit are half guessed, as
 * in words and years. */
static unsigned character_bits10(unsigned char c, unsigned char before)
{
	int step = (int)tolower(c) - (int)tolower(before);

	if (before && step >= -1 && step <= 1)
		return 0;
	if (isspace(c) || is_tail(c))
		return 0;
	if (is_letter(c))
		return is_letter(before) && !islower(c) == !islower(before) ? 25 : 47;
	if (isdigit(c))
		return isdigit(before) ? 25 : 33;
	return 50;
}

static unsigned passphrase_bits(const char *passphrase)
{
	unsigned bits10 = 0;
	unsigned char before = 0;

	for (const char *at = passphrase; *at; at++) {
		bits10 += character_bits10((unsigned char)*at, before);
		before = (unsigned char)*at;
	}
	return bits10 / 10;
}

static bool has_letter(const char *passphrase)
{
	for (; *passphrase; passphrase++)
		if (is_letter((unsigned char)*passphrase))
			return true;
	return false;
}

int door_passphrase_check(const char *passphrase, struct why *why)
{
	unsigned bits;

	if (!*passphrase)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the passphrase is empty: choose four or more words, best drawn "
				  "by dice");
	if (strnlen(passphrase, PASSPHRASE_MAX_BYTES + 1) > PASSPHRASE_MAX_BYTES)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the passphrase is longer than %d "
				  "bytes", PASSPHRASE_MAX_BYTES);
	for (const char *at = passphrase; *at; at++)
		if (iscntrl((unsigned char)*at))
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "the passphrase has a control character in it (a tab or "
					  "a line break?): leave it out");
	if (!has_letter(passphrase))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "digits and signs alone are guessed in hours: choose four or "
				  "more words, best drawn by dice");
	if (words_different(passphrase) >= WORDS_NEEDED)
		return 0;
	bits = passphrase_bits(passphrase);
	if (bits >= BITS_NEEDED)
		return 0;
	return answer_why(why, ANSWER_INVALID_ARGUMENT,
			  "too easy to guess (worth about %u of %d bits): choose four or more "
			  "different words, best drawn by dice, or add to it",
			  bits, BITS_NEEDED);
}

/* One of the first n characters of `from`, each as likely. */
static char letter_draw(const char *from, uint32_t n)
{
	uint8_t byte;

	do
		crypt_random(&byte, 1);
	while (byte >= 256 / n * n);
	return from[byte % n];
}

void door_passphrase_suggest(char ret[static DOOR_SUGGESTION_TEXT])
{
	static const char consonants[] = "bdfghklmnprstvwz", vowels[] = "aeiou";
	char *at = ret;

	for (int word = 0; word < WORDS_NEEDED; word++) {
		if (word > 0)
			*at++ = ' ';
		for (int i = 0; i < 5; i++)
			*at++ = i % 2 ? letter_draw(vowels, sizeof(vowels) - 1)
				      : letter_draw(consonants, sizeof(consonants) - 1);
	}
	*at = '\0';
}
