/* SPDX-License-Identifier: Apache-2.0 */
/* Random names and their hex. Parsing takes one spelling only, so that a name compares by its
 * text as well as by its bytes. */

#include "base/id.h"

#include <stddef.h>
#include <string.h>

char *hex_text(const void *bytes, unsigned n, char *text)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *from = bytes;

	for (unsigned i = 0; i < n; i++) {
		text[2 * i] = digits[from[i] >> 4];
		text[2 * i + 1] = digits[from[i] & 15];
	}
	text[2 * (size_t)n] = '\0';
	return text;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_parse(const char *text, void *ret_bytes, unsigned n)
{
	uint8_t *bytes = ret_bytes;

	/* Checked whole before the first byte is written. strnlen: an unended text is no more
	 * than this long either. */
	if (!text || strnlen(text, 2 * (size_t)n + 1) != 2 * (size_t)n)
		return false;
	for (size_t i = 0; i < 2 * (size_t)n; i++)
		if (hex_digit(text[i]) < 0)
			return false;
	for (unsigned i = 0; i < n; i++)
		bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	return true;
}

char *id_text(const struct id *id, char text[static ID_TEXT])
{
	return hex_text(id->bytes, ID_BYTES, text);
}

bool id_parse(const char *text, struct id *ret_id)
{
	return hex_parse(text, ret_id->bytes, ID_BYTES);
}

bool id_equal(const struct id *a, const struct id *b)
{
	return memcmp(a->bytes, b->bytes, ID_BYTES) == 0;
}
