/* SPDX-License-Identifier: Apache-2.0 */

/* Checks names before they are stored. Nothing that a terminal or a log would act on, and nothing
 * that reads as an id, may pass. */

#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wctype.h>
#include "base/id.h"
#include "name.h"

/* One character of strict UTF-8 (RFC 3629: no overlong forms, no surrogates); 0 when it is not. */
static uint32_t character_next(const unsigned char **text)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const unsigned char *at = *text;
	unsigned more = at[0] < 0x80		 ? 0
			: (at[0] & 0xe0) == 0xc0 ? 1
			: (at[0] & 0xf0) == 0xe0 ? 2
						 : 3;
	uint32_t character;

	if (more == 3 && (at[0] & 0xf8) != 0xf0)
		return 0;
	character = more ? at[0] & (0x3f >> more) : at[0];
	for (unsigned i = 1; i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (at[i] & 0x3f);
	}
	if (character < least[more] || character > 0x10ffff ||
	    (character >= 0xd800 && character < 0xe000))
		return 0;
	*text = at + more + 1;
	return character;
}

static bool character_allowed(uint32_t character, locale_t locale)
{
	if (character < 0x80)
		return (character >= '0' && character <= '9') ||
		       (character >= 'a' && character <= 'z') ||
		       (character >= 'A' && character <= 'Z') || strchr("-_.", (int)character);
	return iswalnum_l((wint_t)character, locale);
}

/* Number of characters, or 0 when one of them is not allowed. */
static size_t name_characters(const char *name, bool blanks, locale_t locale)
{
	const unsigned char *at = (const unsigned char *)name;
	size_t n = 0;

	while (*at) {
		const unsigned char *start = at;
		uint32_t character = character_next(&at);

		if (!character)
			return 0;
		if (character == ' ') {
			if (!blanks || start == (const unsigned char *)name || !*at || *at == ' ')
				return 0;
		} else if (!character_allowed(character, locale)) {
			return 0;
		}
		n++;
	}
	return n;
}

static int name_check(const char *name, bool blanks, const char *form, struct why *why)
{
	struct id id;
	/* The locale of the names, not of whoever started the keeper. */
	locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	size_t n;

	if (!locale)
		return fault_origin(-errno);
	n = name_characters(name, blanks, locale);
	freelocale(locale);
	if (!n || n > NAME_CHARACTERS || id_parse(name, &id))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "this is not a name; %s", form);
	return 0;
}

int name_check_profile(const char *name, struct why *why)
{
	return name_check(name, false,
			  "use 1 to 32 letters, digits, \"-\", \"_\" or \".\", and not an id",
			  why);
}

int name_check_parent(const char *name, struct why *why)
{
	return name_check(name, true,
			  "use 1 to 32 letters, digits, \"-\", \"_\", \".\" or single blanks "
			  "between them",
			  why);
}
