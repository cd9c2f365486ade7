/* SPDX-License-Identifier: Apache-2.0 */

/* JSON strings without a heap. What comes out must be valid JSON whatever goes in. */

#include "base/quote.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t quote_sequence(const char *bytes)
{
	const unsigned char *text = (const unsigned char *)bytes;
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3 :
		   text[0] >> 3 == 30 ? 4 : 0;
	uint32_t code;

	if (n < 2)
		return n;
	code = text[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < lowest[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return n;
}

size_t quote_json(const char *text, char *ret_quoted)
{
	const unsigned char *from = (const unsigned char *)text;
	char *to = ret_quoted;

	*to++ = '"';
	while (*from) {
		size_t n = quote_sequence((const char *)from);

		if (n == 0 || *from < 0x20 || *from == 0x7f) {
			to += sprintf(to, "\\u%04x", (unsigned)*from++);
			continue;
		}
		if (*from == '"' || *from == '\\')
			*to++ = '\\';
		memcpy(to, from, n);
		to += n;
		from += n;
	}
	*to++ = '"';
	*to = '\0';
	return (size_t)(to - ret_quoted);
}
