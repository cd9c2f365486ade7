/* SPDX-License-Identifier: Apache-2.0 */
/* A host that asks gets a no unless everything is known to be right. */

#include "../test.h"

#include "question.h"

static void test_r26_only_adults_and_only_where_allowed(void **state)
{
	static const struct {
		bool heard, allowed;
		enum cubby_ear_who who;
		int answer;
	} cases[] = {
		{ true, true, CUBBY_EAR_ADULT, 0 },
		{ true, false, CUBBY_EAR_ADULT, ANSWER_NO_CONSENT },
		{ false, true, CUBBY_EAR_ADULT, ANSWER_NO_CONSENT },
		{ true, true, CUBBY_EAR_CHILD, ANSWER_NO_CONSENT },
		{ true, true, CUBBY_EAR_UNKNOWN, ANSWER_NO_CONSENT },
		{ true, true, (enum cubby_ear_who)7, ANSWER_NO_CONSENT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct question question = { cases[i].heard, cases[i].who };
		struct why why = { "" };

		assert_int_equal(question_leave(&question, cases[i].allowed, &why),
				 cases[i].answer);
		assert_int_equal(why.text[0] == '\0', cases[i].answer == 0);
	}
}

static void test_r17_recognising_a_voice_exports_nothing(void **state)
{
	for (int who = CUBBY_EAR_UNKNOWN; who <= CUBBY_EAR_ADULT; who++)
		for (int heard = 0; heard < 2; heard++) {
			const struct question question = { heard, (enum cubby_ear_who)who };
			struct why why = { "" };

			assert_answer(question_export(&question, &why), ANSWER_NO_CONSENT, why);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r26_only_adults_and_only_where_allowed),
		cmocka_unit_test(test_r17_recognising_a_voice_exports_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
