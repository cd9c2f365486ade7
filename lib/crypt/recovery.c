/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery codes as people write them down and type them in. A code is a secret: it lives in a
 * struct secret or in wiped locals, and no message repeats a part of it. */

#include "crypt/recovery.h"

#include <string.h>

#include "crypt/door.h"

#define CHECK_BYTES 4
#define WHOLE_BYTES (RECOVERY_BYTES + CHECK_BYTES)
#define CHARACTERS 32			/* 5 bits each: exactly WHOLE_BYTES */
#define GROUP 4
#define TEXT_BYTES (CHARACTERS + CHARACTERS / GROUP - 1 + 1)

/* Crockford's base32: no I, L, O, U. https://www.crockford.com/base32.html */
static const char recovery_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void recovery_check(const uint8_t code[static RECOVERY_BYTES],
			   uint8_t ret_check[static CHECK_BYTES])
{
	uint8_t message[14 + RECOVERY_BYTES];
	uint8_t hash[HASH_BYTES];

	memcpy(message, "cubby recovery", 14);
	memcpy(message + 14, code, RECOVERY_BYTES);
	crypt_hash(message, sizeof(message), hash);
	memcpy(ret_check, hash, CHECK_BYTES);
	secret_wipe(message, sizeof(message));
	secret_wipe(hash, sizeof(hash));
}

static unsigned bits_get(const uint8_t *bytes, unsigned at)
{
	unsigned value = 0;

	for (unsigned i = at; i < at + 5; i++)
		value = value << 1 | (bytes[i / 8] >> (7 - i % 8) & 1);
	return value;
}

static void bits_put(uint8_t *bytes, unsigned at, unsigned value)
{
	for (unsigned i = 0; i < 5; i++)
		if (value >> (4 - i) & 1)
			bytes[(at + i) / 8] |= (uint8_t)(0x80 >> (at + i) % 8);
}

int door_recovery_new(struct secret **ret_code)
{
	_cleanup_(secret_freep) struct secret *text = NULL, *whole = NULL;
	uint8_t *to;
	int r;

	r = secret_random(WHOLE_BYTES, &whole);
	if (r)
		return fault_trace(r);
	r = secret_new(TEXT_BYTES, &text);
	if (r)
		return fault_trace(r);
	recovery_check(whole->bytes, whole->bytes + RECOVERY_BYTES);
	to = text->bytes;
	for (unsigned i = 0; i < CHARACTERS; i++) {
		if (i > 0 && i % GROUP == 0)
			*to++ = '-';
		*to++ = (uint8_t)recovery_digits[bits_get(whole->bytes, 5 * i)];
	}
	*ret_code = take(text);
	return 0;
}

/* 0 to 31, or -1. */
static int recovery_digit(char c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	at = c ? strchr(recovery_digits, c) : NULL;
	return at ? (int)(at - recovery_digits) : -1;
}

static bool recovery_blank(char c)
{
	return c == '-' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int recovery_read(const char *text, uint8_t whole[static WHOLE_BYTES], struct why *why)
{
	unsigned n = 0;

	for (; *text; text++) {
		int digit = recovery_digit(*text);

		if (recovery_blank(*text))
			continue;
		if (digit < 0)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "the recovery code has a wrong character in group %u: "
					  "letters and digits are used, but no U",
					  n / GROUP + 1);
		if (n < CHARACTERS)
			bits_put(whole, 5 * n, (unsigned)digit);
		n++;
	}
	if (n != CHARACTERS)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the recovery code has %d characters in 8 groups of 4; this has "
				  "%u",
				  CHARACTERS, n);
	return 0;
}

int recovery_parse(const char *text, uint8_t ret_code[static RECOVERY_BYTES], struct why *why)
{
	uint8_t whole[WHOLE_BYTES] = { 0 };
	uint8_t check[CHECK_BYTES];
	int r;

	r = recovery_read(text, whole, why);
	if (r == 0) {
		recovery_check(whole, check);
		if (crypt_equal(check, whole + RECOVERY_BYTES, CHECK_BYTES))
			memcpy(ret_code, whole, RECOVERY_BYTES);
		else
			r = answer_why(why, ANSWER_INVALID_ARGUMENT,
				       "there is a typing error in the recovery code: compare it "
				       "with what you wrote down");
	}
	secret_wipe(whole, sizeof(whole));
	secret_wipe(check, sizeof(check));
	return r;
}
