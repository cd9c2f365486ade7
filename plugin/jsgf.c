/* SPDX-License-Identifier: Apache-2.0 */

/* As far as sphinxbase's scanner goes: where declarations begin and end. Nothing but them and
 * blanks may be left, or it would be written out. */

#include "jsgf.h"

#include <stdbool.h>
#include <string.h>
#include "base/cleanup.h"

#define BLANKS " \t\r\n"

/* How much of it is a comment. */
static size_t comment_length(const char *text)
{
	const char *end;

	if (text[0] == '/' && text[1] == '/')
		return strcspn(text, "\n");
	if (text[0] != '/' || text[1] != '*')
		return 0;
	end = strstr(text + 2, "*/");
	return end ? (size_t)(end + 2 - text) : strlen(text);
}

static void blank(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] != '\n')
			text[i] = ' ';
}

/* What begins a declaration; 0: nothing does. */
static size_t begin_length(const char *text)
{
	static const char *const words[] = {
		"#JSGF", "\xEF\xBB\xBF#JSGF", "grammar", "import", "public",
	};
	size_t name;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	name = *text == '<' ? strcspn(text + 1, "<>") : 0;
	return name && text[1 + name] == '>' ? name + 2 : 0;
}

/* A tag or a quoted word, in which nothing counts; 0: neither. */
static size_t quote_length(const char *text)
{
	char close = *text == '{' ? '}' : '"';
	size_t n = 1;

	if (*text != '{' && *text != '"')
		return 0;
	while (text[n] && text[n] != close)
		n += text[n] == '\\' && text[n + 1] ? 2 : 1;
	return text[n] ? n + 1 : 0;
}

int jsgf_clean(char *text, struct why *why)
{
	bool declaring = false;
	unsigned line = 1;

	while (*text) {
		size_t n = comment_length(text);

		if (n)
			blank(text, n);
		else if (declaring)
			n = quote_length(text);
		else if (!strchr(BLANKS, *text) && !(n = begin_length(text)))
			return answer_why(why, ANSWER_INVALID_ARGUMENT, "line %u begins no rule: "
					  "\"%.*s\"", line, (int)strcspn(text, BLANKS), text);
		else if (n)
			declaring = true;
		if (declaring && *text == ';')
			declaring = false;
		for (n += n == 0; n > 0; n--)
			line += *text++ == '\n';
	}
	return 0;
}
