/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for words in a transcript where it lies, in locked memory: a regular expression's engine
 * would copy it to where nothing is wiped. */

#include "search.h"

#include <limits.h>
#include <wchar.h>
#include <wctype.h>

/* The next character, in lower case; bytes that are none stand for themselves. */
static const char *next(const char *text, wint_t *ret)
{
	mbstate_t state = { 0 };
	wchar_t character = 0;
	const size_t n = mbrtowc(&character, text, MB_LEN_MAX, &state);

	if (n == 0 || n > MB_LEN_MAX) {
		*ret = (wint_t)(unsigned char)*text;
		return text + 1;
	}
	*ret = towlower((wint_t)character);
	return text + n;
}

static bool begins(const char *text, const char *needle)
{
	wint_t one, other;

	while (*needle) {
		if (!*text)
			return false;
		text = next(text, &one);
		needle = next(needle, &other);
		if (one != other)
			return false;
	}
	return true;
}

bool text_contains(const char *text, const char *needle)
{
	wint_t passed;

	for (; *text; text = next(text, &passed))
		if (begins(text, needle))
			return true;
	return !*needle;
}
