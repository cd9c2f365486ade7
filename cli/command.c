/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the command line against the tables. An option that is not in its verb's row is refused,
 * never ignored: somebody who wrote --kind meant less than everything. */

#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "base/words.h"

const struct option_row option_table[OPTION_COUNT] = {
	[OPTION_HELP] = { "help", 'h', NULL, N_("this text") },
	[OPTION_JSON] = { "json", 0, NULL, N_("JSON instead of text for people") },
	[OPTION_QUIET] = { "quiet", 'q', NULL, N_("only errors, and what was asked for") },
	[OPTION_COLOR] = { "color", 0, "auto|always|never", N_("colours; NO_COLOR is honoured") },
	[OPTION_PASSPHRASE_FD] = { "passphrase-fd", 0, "N",
		N_("read the passphrase from descriptor N") },
	[OPTION_PASSPHRASE_FILE] = { "passphrase-file", 0, "F",
		N_("read the passphrase from file F (also CUBBY_PASSPHRASE_FILE)") },
	[OPTION_TIMEOUT] = { "timeout", 0, "S", N_("wait at most S seconds") },
	[OPTION_NO_PAGER] = { "no-pager", 0, NULL, N_("show all at once, without a pager") },
	[OPTION_HOST] = { "host", 'H', "USER@HOST", N_("the keeper there, through ssh") },
	[OPTION_VERSION] = { "version", 0, NULL, N_("print the version") },
	[OPTION_PARENT] = { "parent", 0, "NAME", N_("which parent you are") },
	[OPTION_RECOVERY_FILE] = { "recovery-file", 0, "F",
		N_("setup: write the recovery code to F; elsewhere: prove with it") },
	[OPTION_CHILD] = { "child", 0, NULL, N_("a child's profile") },
	[OPTION_ADULT] = { "adult", 0, NULL, N_("an adult's profile") },
	[OPTION_KEEP] = { "keep", 0, "DURATION", N_("how long, for instance 7d") },
	[OPTION_PROFILE] = { "profile", 0, "NAME", N_("only this profile") },
	[OPTION_SINCE] = { "since", 0, "T", N_("not before T") },
	[OPTION_UNTIL] = { "until", 0, "T", N_("before T") },
	[OPTION_KIND] = { "kind", 0, "KIND", N_("only audio, transcript or location") },
	[OPTION_TRANSCRIPTS] = { "transcripts", 0, NULL, N_("open and show the transcripts") },
	[OPTION_OUTPUT] = { "output", 'o', "FILE", N_("write to FILE, - for standard output") },
	[OPTION_ALL] = { "all", 0, NULL, N_("everything that is kept") },
	[OPTION_YES] = { "yes", 'y', NULL, N_("do not ask") },
	[OPTION_DRY_RUN] = { "dry-run", 'n', NULL, N_("only say what would be erased") },
	[OPTION_RECEIPT] = { "receipt", 0, "FILE",
		N_("file of the receipt (log: compare with it)") },
	[OPTION_KEY] = { "key", 0, "HEX", N_("the device key printed at setup") },
	[OPTION_TRANSCRIPT] = { "transcript", 0, "TEXT", N_("what was said") },
	[OPTION_PURPOSE] = { "purpose", 0, "P", N_("what the export is for") },
	[OPTION_RECIPIENT] = { "recipient", 0, "R", N_("who gets it") },
	[OPTION_FORMAT] = { "format", 0, "hf|nemo|kaldi",
		N_("Hugging Face audiofolder, NeMo manifest, Kaldi directory") },
	[OPTION_ENCODING] = { "encoding", 0, "flac|wav",
		N_("of the sound files (kaldi: wav, else flac)") },
	[OPTION_SAMPLE] = { "sample", 0, "N", N_("hear N, chosen at random, then answer for all") },
	[OPTION_MISMATCH] = { "mismatch", 0, "approve",
		N_("answer for items that are not the enrolled voice") },
	[OPTION_RECALLS] = { "recalls", 0, "FILE", N_("the newest list of recalls") },
	[OPTION_MAX_AGE] = { "max-age", 0, "DURATION", N_("refuse an older list of recalls (7d)") },
	[OPTION_METHOD] = { "method", 0, "NAME", N_("verify by /etc/cubby/consent.d/NAME first") },
	[OPTION_GREP] = { "grep", 0, "TEXT",
		N_("only what was said with TEXT in it; opens the transcripts") },
	[OPTION_NEW_PASSPHRASE_FD] = { "new-passphrase-fd", 0, "N",
		N_("read the new passphrase from descriptor N") },
	[OPTION_NEW_PASSPHRASE_FILE] = { "new-passphrase-file", 0, "F",
		N_("read the new passphrase from file F") },
	[OPTION_NEW_RECOVERY_FILE] = { "new-recovery-file", 0, "F",
		N_("write the new recovery code to F") },
	[OPTION_QR] = { "qr", 0, "FILE", N_("write the recovery code to FILE as a QR code (PNG)") },
	[OPTION_SEEN] = { "seen", 0, NULL, N_("drop the alerts that only tell what happened") },
	[OPTION_VERIFY] = { "verify", 0, NULL, N_("check that the log was not changed") },
};

enum exit_code exit_code_of(int r)
{
	switch (r) {
	case 0:
		return EXIT_DONE;
	case ANSWER_NOT_AUTHORIZED:
	case ANSWER_LOCKED:
		return EXIT_NOT_AUTHORIZED;
	case ANSWER_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case ANSWER_NO_DAEMON:
		return EXIT_NO_DAEMON;
	case ANSWER_TIMEOUT:
		return EXIT_TIMEOUT;
	default:
		return EXIT_GENERAL;
	}
}

const struct verb *verb_find(const char *const *words, size_t n, size_t *ret_used)
{
	for (size_t i = 0; n > 0 && i < n_verbs; i++) {
		const struct verb *verb = &verb_table[i];

		if (strcmp(verb->noun, words[0]) != 0)
			continue;
		if (verb->name && (n < 2 || strcmp(verb->name, words[1]) != 0))
			continue;
		*ret_used = verb->name ? 2 : 1;
		return verb;
	}
	return NULL;
}

bool noun_exists(const char *noun)
{
	for (size_t i = 0; i < n_verbs; i++)
		if (strcmp(verb_table[i].noun, noun) == 0)
			return true;
	return false;
}

void command_clear(struct command *command)
{
	free(command->words);
	memset(command, 0, sizeof(*command));
}

static int option_set(struct command *command, int option, const char *shown, const char *value,
		      struct why *why)
{
	if (option < 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "unknown option '%s'; 'cubby help' lists what there is", shown);
	if (command->value[option] && option_table[option].value)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "option --%s is given twice; give it once",
				  option_table[option].name);
	command->value[option] = value;
	return 0;
}

/* "--name", "--name=value", "--name value". */
static int option_long(struct command *command, int argc, const char *const *argv, int *i,
		       struct why *why)
{
	const char *text = argv[*i] + 2;
	const char *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : strlen(text);
	int option = -1;

	for (int o = 0; o < OPTION_COUNT; o++)
		if (strlen(option_table[o].name) == n && strncmp(option_table[o].name, text,
								 n) == 0)
			option = o;
	if (option < 0)
		return option_set(command, option, argv[*i], NULL, why);
	if (!option_table[option].value) {
		if (equals)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "option --%s takes no value", option_table[option].name);
		return option_set(command, option, argv[*i], "", why);
	}
	if (equals)
		return option_set(command, option, argv[*i], equals + 1, why);
	if (*i + 1 >= argc)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "option --%s needs a value: %s",
				  option_table[option].name, option_table[option].value);
	(*i)++;
	return option_set(command, option, text, argv[*i], why);
}

/* "-q", "-qn", "-o value", "-ovalue". */
static int option_short(struct command *command, int argc, const char *const *argv, int *i,
			struct why *why)
{
	const char *word = argv[*i];

	for (const char *p = word + 1; *p; p++) {
		const char *value = "";
		int option = -1, r;

		for (int o = 0; o < OPTION_COUNT; o++)
			if (option_table[o].letter == *p)
				option = o;
		if (option >= 0 && option_table[option].value) {
			if (!p[1] && *i + 1 >= argc)
				return answer_why(why, ANSWER_INVALID_ARGUMENT,
						  "option -%c needs a value: %s", *p,
						  option_table[option].value);
			value = p[1] ? p + 1 : argv[++*i];
			return option_set(command, option, word, value, why);
		}
		r = option_set(command, option, word, value, why);
		if (r != 0)
			return r;
	}
	return 0;
}

static int command_check(struct command *command, struct why *why)
{
	const struct verb *verb = command->verb;
	size_t n = command->n;

	for (int o = OPTION_COMMON_LAST + 1; o < OPTION_COUNT; o++)
		if (command->value[o] && !(verb->options & WITH(o)))
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "option --%s does not go with 'cubby %s%s%s'; see its "
					  "--help",
					  option_table[o].name, verb->noun, verb->name ? " " : "",
					  verb->name ? verb->name : "");
	if (n < verb->n_min || n > verb->n_max)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "%s; usage: cubby %s%s%s %s",
				  n < verb->n_min ? _("something is missing")
						  : _("too many arguments"), verb->noun,
				  verb->name ? " " : "", verb->name ? verb->name : "", verb->usage);
	return 0;
}

static int verb_choose(struct command *command, struct why *why)
{
	size_t used = 0;

	command->verb = verb_find(command->words, command->n_words, &used);
	if (!command->verb && noun_exists(command->words[0]))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "'cubby %s%s%s' is not a command; 'cubby %s --help' shows what "
				  "there is",
				  command->words[0], command->n_words > 1 ? " " : "",
				  command->n_words > 1 ? command->words[1] : "", command->words[0]);
	if (!command->verb)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "'%s' is not a command; 'cubby help' lists them",
				  command->words[0]);
	command->arguments = command->words + used;
	command->n = command->n_words - used;
	return command_check(command, why);
}

static int command_read(int argc, const char *const *argv, struct command *command, struct why *why)
{
	bool options_end = false;
	int r;

	command->words = calloc((size_t)argc + 1, sizeof(*command->words));
	if (!command->words)
		return fault_origin(-ENOMEM);
	for (int i = 1; i < argc; i++) {
		if (options_end || argv[i][0] != '-' || !argv[i][1]) {
			command->words[command->n_words++] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			options_end = true;
			continue;
		}
		r = argv[i][1] == '-' ? option_long(command, argc, argv, &i, why)
				      : option_short(command, argc, argv, &i, why);
		if (r != 0)
			return r;
	}
	if (command->n_words == 0 || command_has(command, OPTION_HELP) ||
	    command_has(command, OPTION_VERSION) || strcmp(command->words[0], "help") == 0)
		return 0;
	return verb_choose(command, why);
}

int command_parse(int argc, const char *const *argv, struct command *ret, struct why *why)
{
	struct command command = { 0 };
	int r = command_read(argc, argv, &command, why);

	if (r != 0) {
		command_clear(&command);
		return fault_trace(r);
	}
	*ret = command;
	return 0;
}
