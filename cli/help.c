/* SPDX-License-Identifier: Apache-2.0 */
/* Prints usage from the tables, so that it cannot promise what is not there. */

#include "help.h"

#include <string.h>

#include "base/words.h"
#include "command.h"

#define HELP_COLUMN 30
#define HELP_WIDTH 80

/* As much of the text as one line has room for, up to a blank; all of it where it fits. */
static size_t line_end(const char *text)
{
	size_t characters = 0, blank = 0;

	for (size_t i = 0; text[i]; i++) {
		characters += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (text[i] == ' ')
			blank = i;
		if (characters > HELP_WIDTH - HELP_COLUMN && blank > 0)
			return blank;
	}
	return strlen(text);
}

static void help_line(FILE *file, const char *left, const char *right)
{
	size_t n = line_end(right);

	if (strlen(left) < HELP_COLUMN - 2)
		fprintf(file, "  %-*s%.*s\n", HELP_COLUMN - 2, left, (int)n, right);
	else
		fprintf(file, "  %s\n%*s%.*s\n", left, HELP_COLUMN, "", (int)n, right);
	for (right += n; *right; right += n) {
		right++;
		n = line_end(right);
		fprintf(file, "%*s%.*s\n", HELP_COLUMN, "", (int)n, right);
	}
}

static void help_option(FILE *file, int option)
{
	const struct option_row *row = &option_table[option];
	char left[80];

	snprintf(left, sizeof(left), "%c%c%s--%s%s%s", row->letter ? '-' : ' ',
		 row->letter ? row->letter : ' ', row->letter ? ", " : "  ", row->name,
		 row->value ? " " : "", row->value ? row->value : "");
	help_line(file, left, _(row->help));
}

static void help_verb_line(FILE *file, const struct verb *verb)
{
	char left[160];

	snprintf(left, sizeof(left), "cubby %s%s%s %s", verb->noun, verb->name ? " " : "",
		 verb->name ? verb->name : "", verb->usage);
	help_line(file, left, _(verb->summary));
}

static void help_common(FILE *file)
{
	fputs(_("\nWith every command:\n"), file);
	for (int option = 0; option <= OPTION_COMMON_LAST; option++)
		help_option(file, option);
}

static void help_all(FILE *file)
{
	fputs(_("Cubby keeps a child's voice at home. This is the parents' hand on it.\n\n"), file);
	for (size_t i = 0; i < n_verbs; i++)
		help_verb_line(file, &verb_table[i]);
	help_common(file);
	fputs(_("\nTimes: 2026-05-31, 2026-05-31T07:30, today, yesterday, '2h ago'. Durations: "
		"12h, 7d.\n"
		"Exit status: 0 done, 1 failed, 2 usage, 3 timeout, 4 not authorised, 8 no "
		"keeper,\n"
		"10 not found, 11 partly done. 'cubby COMMAND --help' tells more; see also "
		"cubby(1).\n"), file);
}

bool help_print(FILE *file, const char *const *words, size_t n)
{
	uint64_t options = 0;
	bool found = false;

	if (n == 0) {
		help_all(file);
		return true;
	}
	for (size_t i = 0; i < n_verbs; i++) {
		const struct verb *verb = &verb_table[i];

		if (strcmp(verb->noun, words[0]) != 0)
			continue;
		if (n > 1 && verb->name && verb_find(words, n, &(size_t){ 0 }) &&
		    strcmp(verb->name, words[1]) != 0)
			continue;
		help_verb_line(file, verb);
		options |= verb->options;
		found = true;
	}
	if (!found)
		return false;
	fprintf(file, "\n");
	for (int option = OPTION_COMMON_LAST + 1; option < OPTION_COUNT; option++)
		if (options & WITH(option))
			help_option(file, option);
	help_common(file);
	return true;
}
