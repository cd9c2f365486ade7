/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's sentences in German, with the values that were in them; and nothing else. */

#include "unit/test.h"

#include <locale.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "crypt/terms.h"
#include "said.h"

static char room[SAID_TEXT];

static int group_start(void **state)
{
	setenv("LANGUAGE", "de", 1);
	bindtextdomain(WORDS_DOMAIN, WORDS_FOLDER);
	return setlocale(LC_ALL, "C.UTF-8") ? 0 : -1;
}

static void test_a_sentence_is_said_again(void **state)
{
	assert_string_equal(said("wrong passphrase; try again", room),
			    "falsche Passphrase; versuchen Sie es noch einmal");
	assert_string_equal(said("there is no profile \"mia; %s\"; \"cubby profile list\" shows "
				 "those there are", room),
			    "es gibt kein Profil „mia; %s“; 'cubby profile list' zeigt alle");
	assert_string_equal(said("too many wrong passphrases; wait 60 seconds, or use the recovery "
				 "code", room),
			    "zu viele falsche Passphrasen; warten Sie 60 Sekunden, oder nehmen Sie "
			    "den Wiederherstellungscode");
}

static void test_an_alert_names_whom_and_how_many(void **state)
{
	assert_string_equal(said("71 items of mia were opened within a short time; \"cubby log\" "
				 "shows by whom.", room),
			    "71 Aufnahmen von mia wurden in kurzer Zeit geöffnet; 'cubby log' "
			    "zeigt, von wem.");
	assert_string_equal(said("1 item were opened within a short time; \"cubby log\" shows by "
				 "whom.", room),
			    "1 Aufnahme wurde in kurzer Zeit geöffnet; 'cubby log' zeigt, von "
			    "wem.");
}

/* R30: parents read the policy in their language, every sentence and every number of it. */
static void test_r30_the_whole_policy_is_said_again(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct terms terms;

	terms_default(&terms);
	terms.keep_max_s[KIND_AUDIO] = 12 * 3600;
	terms.notice_days = 1;
	assert_int_equal(terms_text(&terms, &text), 0);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (said(line, room) != room)
			fail_msg("not said in German: %s", line);
		else if (strncmp(line, "  audio", 7) == 0)
			assert_string_equal(room, "  audio       der Ton: höchstens 12 "
						  "Stunden lang, dann gelöscht");
		else if (strncmp(line, "When nothing", 12) == 0)
			assert_non_null(strstr(room, "erfahren es die Eltern, und 1 Tag später"));
}

static void test_what_is_not_known_stays(void **state)
{
	static const char *const strange[] = {
		"", "%s%n%s", "wrong passphrase; try again ", "Wrong passphrase; try again",
		"there is no profile \"", "a sentence of a later keeper",
	};
	char longest[2 * SAID_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(strange); i++)
		assert_ptr_equal(said(strange[i], room), strange[i]);
	snprintf(longest, sizeof(longest), "there is no item %1500s; cubby list shows what there "
		 "is", "x");
	assert_ptr_equal(said(longest, room), longest);
}

static void test_english_is_left_as_it_came(void **state)
{
	const char *text = "wrong passphrase; try again";

	setlocale(LC_MESSAGES, "C");
	assert_ptr_equal(said(text, room), text);
	setlocale(LC_MESSAGES, "C.UTF-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sentence_is_said_again),
		cmocka_unit_test(test_an_alert_names_whom_and_how_many),
		cmocka_unit_test(test_r30_the_whole_policy_is_said_again),
		cmocka_unit_test(test_what_is_not_known_stays),
		cmocka_unit_test(test_english_is_left_as_it_came),
	};

	return cmocka_run_group_tests_name("said", tests, group_start, NULL);
}
