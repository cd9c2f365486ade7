/* SPDX-License-Identifier: Apache-2.0 */
/* Completes command lines from the same tables that read them, so that it can offer nothing that is
 * not there. It opens nothing and asks for no passphrase; completing ids is a listing, and in the
 * access log as such. */

#include "complete.h"

#include <stdio.h>
#include <string.h>

#include "hand.h"

#define IDS_SHOWN 200

struct completion {
	const char *const *words;	/* before the one being typed */
	size_t n;
	const char *typed;
};

static void offer(const struct completion *completion, const char *text)
{
	if (strncmp(text, completion->typed, strlen(completion->typed)) == 0)
		puts(text);
}

/* "a|b|c". */
static void offer_each(const struct completion *completion, const char *choices)
{
	char one[64];

	while (*choices) {
		const size_t n = strcspn(choices, "|");

		snprintf(one, sizeof(one), "%.*s", (int)n, choices);
		offer(completion, one);
		choices += n + (choices[n] == '|');
	}
}

/* ---- What the keeper knows ---- */

static void offer_profiles(const struct completion *completion, struct cubby *cubby)
{
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;

	if (cubby_profiles(cubby, &profiles) != 0)
		return;
	for (size_t i = 0; i < profiles->n; i++)
		offer(completion, profiles->list[i]->name);
}

static void offer_parents(const struct completion *completion, struct cubby *cubby)
{
	_cleanup_(cubby_parents_freep) struct cubby_parents *parents = NULL;

	if (cubby_parents(cubby, &parents) != 0)
		return;
	for (size_t i = 0; i < parents->n; i++)
		offer(completion, parents->list[i]->name);
}

static void offer_ids(const struct completion *completion, struct cubby *cubby)
{
	_cleanup_(cubby_list_freep) struct cubby_list *list = NULL;
	const struct cubby_item *item = NULL;
	char id[9];

	if (cubby_list_new(cubby, NULL, &list) != 0)
		return;
	for (int i = 0; i < IDS_SHOWN && cubby_list_next(list, &item) == 0 && item; i++) {
		snprintf(id, sizeof(id), "%.8s", item->id);
		offer(completion, id);
	}
}

static void offer_known(const struct completion *completion,
			void (*offer_them)(const struct completion *, struct cubby *))
{
	struct cubby_options options = CUBBY_OPTIONS_INIT;
	struct cubby *cubby = NULL;

	options.timeout_ms = 2000;
	if (cubby_new(&options, &cubby) == 0)
		offer_them(completion, cubby);
	cubby_free(cubby);
}

/* By what help calls it: "PROFILE", "KIND", "a|b". */
static void offer_value(const struct completion *completion, const char *name)
{
	if (strcmp(name, "PROFILE") == 0 || strcmp(name, "ADULT") == 0 ||
	    strcmp(name, "OLD") == 0)
		offer_known(completion, offer_profiles);
	else if (strcmp(name, "PARENT") == 0)
		offer_known(completion, offer_parents);
	else if (strcmp(name, "ID") == 0)
		offer_known(completion, offer_ids);
	else if (strcmp(name, "KIND") == 0)
		offer_each(completion, "audio|transcript|location");
	else if (strcmp(name, "F") == 0 || strncmp(name, "FILE", 4) == 0 ||
		 strcmp(name, "DIR") == 0)
		puts(":files");
	else if (strchr(name, '|'))
		offer_each(completion, name);
}

/* ---- Where in the line this is ---- */

static int option_of(const char *word)
{
	for (int o = 0; o < OPTION_COUNT; o++)
		if (word[1] == '-' ? strcmp(word + 2, option_table[o].name) == 0
				   : option_table[o].letter && word[1] == option_table[o].letter &&
				     !word[2])
			return o;
	return -1;
}

static void offer_option_value(const struct completion *completion, int option)
{
	if (option == OPTION_PROFILE)
		offer_value(completion, "PROFILE");
	else if (option == OPTION_PARENT)
		offer_value(completion, "PARENT");
	else if (option == OPTION_MISMATCH)
		offer_value(completion, "approve|");
	else
		offer_value(completion, option_table[option].value);
}

static void offer_options(const struct completion *completion, const struct verb *verb)
{
	char text[64];

	for (int o = 0; o < OPTION_COUNT; o++) {
		if (o > OPTION_COMMON_LAST && !(verb && verb->options & WITH(o)))
			continue;
		snprintf(text, sizeof(text), "--%s", option_table[o].name);
		offer(completion, text);
	}
}

/* The n-th word of what follows a verb in its usage, without brackets and dots; the last one where
 * it may be repeated. */
static void offer_argument(const struct completion *completion, const struct verb *verb, size_t at)
{
	char usage[128], name[64] = "", *rest = usage, *word;
	size_t i = 0;

	snprintf(usage, sizeof(usage), "%s", verb->usage);
	while ((word = strsep(&rest, " "))) {
		const bool repeated = strstr(word, "...");

		word += *word == '[';
		word[strcspn(word, "].")] = '\0';
		if (!*word || *word == '-' || *word == '|')
			break;
		snprintf(name, sizeof(name), "%s", word);
		if (i++ == at || repeated)
			break;
		name[0] = '\0';
	}
	/* The same word elsewhere is a name that does not exist yet. */
	if (strcmp(name, "NAME") == 0 && verb->name && strcmp(verb->name, "add") != 0)
		strcpy(name, strcmp(verb->noun, "parent") == 0 ? "PARENT" : "PROFILE");
	offer_value(completion, name);
}

/* Nouns, or the names under a noun, each once. */
static void offer_verbs(const struct completion *completion, const char *noun)
{
	for (size_t i = 0; i < n_verbs; i++) {
		if (noun && strcmp(verb_table[i].noun, noun) == 0 && verb_table[i].name)
			offer(completion, verb_table[i].name);
		if (!noun && (i == 0 || strcmp(verb_table[i].noun, verb_table[i - 1].noun) != 0))
			offer(completion, verb_table[i].noun);
	}
	if (!noun)
		offer(completion, "help");
}

int complete_print(const char *const *words, size_t n)
{
	struct completion completion = { .words = words, .typed = n ? words[n - 1] : "" };
	const char *plain[ARGUMENTS_MAX] = { NULL };
	const struct verb *verb;
	size_t n_plain = 0, used = 0;
	int option = -1;

	completion.n = n ? n - 1 : 0;
	for (size_t i = 0; i < completion.n && n_plain < ARGUMENTS_MAX; i++) {
		option = words[i][0] == '-' && words[i][1] ? option_of(words[i]) : -1;
		if (option >= 0 && option_table[option].value && i + 1 < completion.n)
			i++, option = -1;
		else if (words[i][0] != '-')
			plain[n_plain++] = words[i];
	}
	verb = verb_find(plain, n_plain, &used);
	if (option >= 0 && option_table[option].value)
		offer_option_value(&completion, option);
	else if (completion.typed[0] == '-')
		offer_options(&completion, verb);
	else if (verb)
		offer_argument(&completion, verb, n_plain - used);
	else if (n_plain < 2)
		offer_verbs(&completion, n_plain ? plain[0] : NULL);
	return EXIT_DONE;
}
