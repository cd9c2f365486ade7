/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The command line: one table of verbs, one table of options. Options may stand anywhere; each name
 * means the same, and takes a value or not, with every verb. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"

struct hand;

enum exit_code {
	EXIT_DONE = 0,
	EXIT_GENERAL = 1,
	EXIT_USAGE = 2,
	EXIT_TIMEOUT = 3,
	EXIT_NOT_AUTHORIZED = 4,
	EXIT_NO_DAEMON = 8,
	EXIT_NOT_FOUND = 10,
	EXIT_PARTLY = 11,
};
/* What a script sees of a function's answer or fault. */
enum exit_code exit_code_of(int r);

enum option {
	OPTION_HELP,
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_COLOR,
	OPTION_PASSPHRASE_FD,
	OPTION_PASSPHRASE_FILE,
	OPTION_TIMEOUT,
	OPTION_NO_PAGER,
	OPTION_HOST,
	OPTION_COMMON_LAST = OPTION_HOST,
	OPTION_VERSION,
	OPTION_PARENT,
	OPTION_RECOVERY_FILE,
	OPTION_CHILD,
	OPTION_ADULT,
	OPTION_KEEP,
	OPTION_PROFILE,
	OPTION_SINCE,
	OPTION_UNTIL,
	OPTION_KIND,
	OPTION_TRANSCRIPTS,
	OPTION_OUTPUT,
	OPTION_ALL,
	OPTION_YES,
	OPTION_DRY_RUN,
	OPTION_RECEIPT,
	OPTION_KEY,
	OPTION_TRANSCRIPT,
	OPTION_PURPOSE,
	OPTION_RECIPIENT,
	OPTION_FORMAT,
	OPTION_ENCODING,
	OPTION_SAMPLE,
	OPTION_MISMATCH,
	OPTION_RECALLS,
	OPTION_MAX_AGE,
	OPTION_VERIFY,
	OPTION_SEEN,
	OPTION_METHOD,
	OPTION_GREP,
	OPTION_NEW_PASSPHRASE_FD,
	OPTION_NEW_PASSPHRASE_FILE,
	OPTION_NEW_RECOVERY_FILE,
	OPTION_QR,
	OPTION_COUNT,
};
#define WITH(option) (1ull << (option))

struct option_row {
	const char *name;	/* without the hyphens */
	char letter;		/* 0: none */
	const char *value;	/* what it takes, for help; NULL: a flag */
	const char *help;
};
extern const struct option_row option_table[OPTION_COUNT];

struct verb {
	const char *noun;		/* "list", or "profile" */
	const char *name;		/* "add"; NULL: the noun is the verb */
	const char *usage;		/* what follows the verb */
	const char *summary;
	uint64_t options;		/* WITH(...) beside the common ones */
	size_t n_min, n_max;		/* of arguments */
	int (*run)(struct hand *hand);	/* returns an exit code */
};
extern const struct verb verb_table[];
extern const size_t n_verbs;

#define ARGUMENTS_MAX 1000

struct command {
	const struct verb *verb;	/* NULL: none given */
	const char *value[OPTION_COUNT];	/* NULL: not given; "" for a flag */
	const char **arguments;
	size_t n;
	const char **words;		/* owned: all that is no option */
	size_t n_words;
};

/* ANSWER_INVALID_ARGUMENT: a usage error, said in `why`. With --help or --version given, or no word
 * at all, only the options are read. */
int command_parse(int argc, const char *const *argv, struct command *ret, struct why *why);
void command_clear(struct command *command);
static inline bool command_has(const struct command *command, enum option option)
{
	return command->value[option] != NULL;
}
/* The verb that these words begin with; NULL. *ret_used: how many words it took. */
const struct verb *verb_find(const char *const *words, size_t n, size_t *ret_used);
bool noun_exists(const char *noun);
