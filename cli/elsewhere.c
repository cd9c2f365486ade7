/* SPDX-License-Identifier: Apache-2.0 */
/* Works on another machine's keeper through ssh. Whatever needs the passphrase happens here: over
 * there only what needs none may be run. */

#include "elsewhere.h"

#include <stdio.h>
#include <string.h>

/* What hands descriptors to the keeper or gets some. */
static const struct {
	const char *noun, *name;
} only_here[] = {
	{ "import", NULL }, { "enroll", NULL }, { "export", "approve" }, { "export", "review" },
	{ "export", "create" }, { "export", "recalls" },
};

static bool possible(const struct hand *hand)
{
	const struct verb *verb = hand->command.verb;

	if (strcmp(verb->noun, "log") == 0)
		return !command_has(&hand->command, OPTION_VERIFY);
	for (size_t i = 0; i < ARRAY_SIZE(only_here); i++)
		if (strcmp(verb->noun, only_here[i].noun) == 0 &&
		    (!only_here[i].name || strcmp(verb->name, only_here[i].name) == 0))
			return false;
	return true;
}

/* For the shell at the other end. */
static void quoted_add(FILE *line, const char *prefix, const char *text)
{
	fprintf(line, " '%s", prefix);
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", line);
		else
			fputc(*text, line);
	fputc('\'', line);
}

static int run_there(struct hand *hand, const char *host)
{
	const struct command *command = &hand->command;
	char *text = NULL, prefix[64];
	size_t n = 0;
	FILE *line = open_memstream(&text, &n);

	if (!line)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	fprintf(line, "cubby %s", command->verb->noun);
	for (int o = 0; o < OPTION_COUNT; o++) {
		if (!command->value[o] || o == OPTION_HOST || o == OPTION_PASSPHRASE_FD ||
		    o == OPTION_PASSPHRASE_FILE)
			continue;
		snprintf(prefix, sizeof(prefix), "--%s%s", option_table[o].name,
			 option_table[o].value ? "=" : "");
		quoted_add(line, prefix, command->value[o]);
	}
	fputs(" --", line);
	for (size_t i = 0; i < command->n; i++)
		quoted_add(line, "", command->arguments[i]);
	if (fclose(line) != 0)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	execlp("ssh", "ssh", "-xT", "--", host, text, NULL);
	free(text);
	return hand_fail(hand, EXIT_NO_DAEMON, "there is no ssh here");
}

/* Lists or deletes, and opens nothing. A receipt would be written over there. */
static bool runs_there(const struct hand *hand)
{
	const char *noun = hand->command.verb->noun;

	if (command_has(&hand->command, OPTION_RECEIPT))
		return false;
	return strcmp(noun, "delete") == 0 ||
	       (strcmp(noun, "list") == 0 && !command_has(&hand->command, OPTION_TRANSCRIPTS) &&
		!command_has(&hand->command, OPTION_GREP));
}

int elsewhere_begin(struct hand *hand)
{
	const char *host = hand->command.value[OPTION_HOST];
	int r;

	if (!host || !hand->command.verb)
		return 0;
	if (!possible(hand))
		return hand_fail(hand, EXIT_USAGE, "this cannot be done from another machine; log "
						   "in on %s for it", host);
	r = cubby_connect(hand->cubby);
	if (r == CUBBY_NO_DAEMON && runs_there(hand)) {
		hand_say(hand, "%s has no bridge for the bus; this runs there.", host);
		fflush(stdout);
		return run_there(hand, host);
	}
	return r == 0 ? 0 : hand_refused(hand, r);
}
