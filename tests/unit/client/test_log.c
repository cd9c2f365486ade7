/* SPDX-License-Identifier: Apache-2.0 */
/* Checking the access log against a real keeper, with and without the household's key. What can be
 * done to it from outside is in tests/integration/log_verify.py. */

#include "unit/client/world.h"

#include "base/file.h"
#include "client/log_seen.h"
#include "unit/client/log_fill.h"

CLEANUP_DEFINE(struct cubby_log_verdict *, cubby_log_verdict_free)

static void verify(struct cubby *cubby, uint64_t first_bad)
{
	_cleanup_(cubby_log_verdict_freep) struct cubby_log_verdict *verdict = NULL;

	assert_cubby(cubby, cubby_log_verify(cubby, NULL, &verdict));
	if (verdict->first_bad != first_bad)
		fail_msg("entry %llu: %s", (unsigned long long)verdict->first_bad, verdict->what);
	assert_int_equal(verdict->what[0] != '\0', first_bad > 0);
	assert_true(first_bad ? verdict->entries + 1 == first_bad : verdict->entries > 0);
	assert_int_equal(verdict->keys, cubby->home != NULL);
}

static void look(struct cubby *cubby, const char *words)
{
	char problem[CUBBY_LOG_PROBLEM_TEXT];

	assert_cubby(cubby, cubby_log_look(cubby, problem));
	assert_true(*words ? strstr(problem, words) != NULL : !*problem);
}

static void test_r14_tags_are_checked_with_the_key(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL, *proved = NULL;

	world_code();
	cubby = world_parent("home");
	verify(cubby, 0);
	proved = world_proved("home", CUBBY_SECRET_HOME);
	verify(proved, 0);
	/* The next one begins where this one ended. */
	verify(proved, 0);
	look(proved, "");
}

static void test_r14_a_changed_entry_is_named(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;

	world_code();
	world_tamper("UPDATE log SET time_min = time_min - 60 WHERE seq = 2");
	cubby = world_parent("home");
	verify(cubby, 2);
	world_tamper("UPDATE log SET time_min = time_min + 60 WHERE seq = 2");
	cubby_free(take(cubby));
	cubby = world_parent("home");
	verify(cubby, 0);
}

/* A new salt and a hash that fits: only the tag shows it, and what was seen before. */
static void test_r14_a_tag_made_up_is_named(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;

	world_code();
	cubby = world_proved("home", CUBBY_SECRET_HOME);
	cubby_free(take(cubby));
	world_tamper("UPDATE log SET tag = zeroblob(16) WHERE seq = 2");
	cubby = world_parent("home");
	verify(cubby, 0);
	cubby_free(take(cubby));
	cubby = world_proved("home", CUBBY_SECRET_HOME);
	verify(cubby, 2);
	cubby_free(take(cubby));
	world_tamper("UPDATE log SET tag = NULL WHERE seq = 2");
	cubby = world_proved("home", CUBBY_SECRET_HOME);
	verify(cubby, 2);
	world_restart(true);
	assert_int_equal(unlink(world_path("home/" LOG_SEEN_FILE)), 0);
	assert_int_equal(unlink(world_path("home/" PIN_FILE)), 0);
}

/* A checkpoint that the keeper did not sign is never taken for none. */
static void test_r14_the_checkpoint_seen_is_the_keepers(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	struct cubby_log_verdict *verdict;
	char path[128], problem[CUBBY_LOG_PROBLEM_TEXT], *digit;

	world_code();
	cubby = world_parent("home");
	snprintf(path, sizeof(path), "%s", world_path("home/" LOG_SEEN_FILE));
	look(cubby, "");
	assert_int_equal(file_read_path(path, 4096, &text, NULL), 0);
	digit = strstr(text, "\"seq\":") + 6;
	*digit = *digit == '9' ? '8' : (char)(*digit + 1);
	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
	assert_refused(cubby, cubby_log_verify(cubby, NULL, &verdict), CUBBY_FAILED);
	assert_refused(cubby, cubby_log_look(cubby, problem), CUBBY_FAILED);
	assert_int_equal(file_replace(path, "{}", 2, 0600), 0);
	assert_refused(cubby, cubby_log_verify(cubby, NULL, &verdict), CUBBY_FAILED);
	assert_int_equal(unlink(path), 0);
	verify(cubby, 0);
}

static void fill(const char *state, void *context)
{
	log_fill(state, 20000, log_fill_append);
}

/* More than one page, with and without something wrong while the next one is on its way. */
static void test_r14_a_log_of_several_pages(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	char problem[CUBBY_LOG_PROBLEM_TEXT];

	world_code();
	cubby = world_parent("home");
	verify(cubby, 0);
	cubby_free(take(cubby));
	world_between(fill, NULL);
	cubby = world_proved("home", CUBBY_SECRET_HOME);
	verify(cubby, 0);
	cubby_free(take(cubby));
	for (unsigned seq = 100; seq < 20000; seq += 18900) {
		char sql[100];

		snprintf(sql, sizeof(sql), "UPDATE log SET salt = zeroblob(16) WHERE seq = %u",
			 seq);
		world_tamper(sql);
		cubby = world_proved("home", CUBBY_SECRET_HOME);
		/* The first bad one is told, and the session goes on. */
		verify(cubby, 100);
		assert_cubby(cubby, cubby_log_look(cubby, problem));
		cubby_free(take(cubby));
	}
	world_tamper("DELETE FROM log WHERE seq = 100");
	cubby = world_proved("home", CUBBY_SECRET_HOME);
	verify(cubby, 100);
	world_restart(true);
	assert_int_equal(unlink(world_path("home/" LOG_SEEN_FILE)), 0);
	assert_int_equal(unlink(world_path("home/" PIN_FILE)), 0);
}

/* Whoever made the household holds a checkpoint from then on. */
static void test_r14_setup_keeps_the_first_checkpoint(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;

	world_restart(true);
	unlink(world_path("home/" PIN_FILE));
	unlink(world_path("home/" LOG_SEEN_FILE));
	world_code();
	assert_int_equal(file_read_path(world_path("home/" LOG_SEEN_FILE), 4096, &text, NULL), 0);
	assert_non_null(strstr(text, "cubby-checkpoint-1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r14_tags_are_checked_with_the_key),
		cmocka_unit_test(test_r14_a_changed_entry_is_named),
		cmocka_unit_test(test_r14_a_tag_made_up_is_named),
		cmocka_unit_test(test_r14_the_checkpoint_seen_is_the_keepers),
		cmocka_unit_test(test_r14_a_log_of_several_pages),
		cmocka_unit_test(test_r14_setup_keeps_the_first_checkpoint),
	};

	return cmocka_run_group_tests_name("client/log", tests, world_start, world_stop);
}
