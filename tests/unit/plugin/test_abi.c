/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of what hosts are built against. A number here only changes when something was added at
 * the end of a struct; then the old numbers stay. */

#include "../test.h"

#include <cubby/ear.h>

#define PLACE(type, member, place)                                                                \
	{ #type "." #member, offsetof(struct type, member), place }

static const struct {
	const char *name;
	size_t is, was;
} places[] = {
	PLACE(cubby_ear_event, type, 8),
	PLACE(cubby_ear_event, at_ms, 16),
	PLACE(cubby_ear_event, duration_ms, 24),
	PLACE(cubby_ear_event, text, 32),
	PLACE(cubby_ear_event, confidence, 40),
	PLACE(cubby_ear_event, who, 48),
	PLACE(cubby_ear_event, profile, 56),
	PLACE(cubby_ear_event, kept, 64),
	PLACE(cubby_ear_event, failed, 68),
	PLACE(cubby_ear_event, id, 72),
	PLACE(cubby_ear_event, reason, 80),
	PLACE(cubby_ear_event, uncertain, 88),
	PLACE(cubby_ear_event, muted, 92),
	PLACE(cubby_ear_event, span, 96),
	PLACE(cubby_ear_event, outcome, 104),
	PLACE(cubby_ear_event, items, 112),
	PLACE(cubby_ear_services, context, 8),
	PLACE(cubby_ear_services, log, 16),
	PLACE(cubby_ear_services, now_ms, 24),
	PLACE(cubby_ear_config, services, 8),
	PLACE(cubby_ear_config, bus, 16),
	PLACE(cubby_ear_config, settings, 24),
	PLACE(cubby_ear_config, model, 32),
	PLACE(cubby_ear_config, grammar, 40),
	PLACE(cubby_ear_config, lm, 48),
	PLACE(cubby_ear_config, wake, 56),
	PLACE(cubby_ear_session_config, flags, 8),
	PLACE(cubby_ear_session_config, profile, 16),
	PLACE(cubby_ear_session_config, source, 24),
	PLACE(cubby_ear_session_config, context, 32),
	PLACE(cubby_ear_session_config, event, 40),
	PLACE(cubby_ear_entry, version, 8),
	PLACE(cubby_ear_entry, ear_new, 16),
	PLACE(cubby_ear_entry, ear_free, 24),
	PLACE(cubby_ear_entry, fd, 32),
	PLACE(cubby_ear_entry, timeout_ms, 40),
	PLACE(cubby_ear_entry, dispatch, 48),
	PLACE(cubby_ear_entry, mute, 56),
	PLACE(cubby_ear_entry, session_new, 64),
	PLACE(cubby_ear_entry, session_close, 72),
	PLACE(cubby_ear_entry, session_push, 80),
	PLACE(cubby_ear_entry, session_end_of_utterance, 88),
	PLACE(cubby_ear_entry, session_cancel, 96),
	PLACE(cubby_ear_entry, audio_may_leave_device, 104),
	PLACE(cubby_ear_entry, may_be_exported, 112),
};

static void test_members_stay_where_they_are(void **state)
{
	/* Written down for 64 bits; elsewhere the order is the same and the numbers are not. */
	if (sizeof(void *) != 8)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i].is != places[i].was)
			fail_msg("%s was at %zu and is at %zu", places[i].name, places[i].was,
				 places[i].is);
}

static void test_sizes(void **state)
{
	if (sizeof(void *) != 8)
		skip();
	assert_int_equal(sizeof(struct cubby_ear_event), 120);
	assert_int_equal(sizeof(struct cubby_ear_services), 32);
	assert_int_equal(sizeof(struct cubby_ear_config), 64);
	assert_int_equal(sizeof(struct cubby_ear_session_config), 48);
	assert_int_equal(sizeof(struct cubby_ear_entry), 120);
}

static void test_sizes_come_first(void **state)
{
	assert_int_equal(offsetof(struct cubby_ear_event, size), 0);
	assert_int_equal(offsetof(struct cubby_ear_services, size), 0);
	assert_int_equal(offsetof(struct cubby_ear_config, size), 0);
	assert_int_equal(offsetof(struct cubby_ear_session_config, size), 0);
	assert_int_equal(offsetof(struct cubby_ear_entry, size), 0);
}

static void test_numbers_stay_what_they_are(void **state)
{
	assert_int_equal(CUBBY_EAR_READY, 1);
	assert_int_equal(CUBBY_EAR_WAKE, 2);
	assert_int_equal(CUBBY_EAR_SPEECH_START, 3);
	assert_int_equal(CUBBY_EAR_SPEECH_END, 4);
	assert_int_equal(CUBBY_EAR_PARTIAL, 5);
	assert_int_equal(CUBBY_EAR_FINAL, 6);
	assert_int_equal(CUBBY_EAR_FORGOTTEN, 7);
	assert_int_equal(CUBBY_EAR_KEEPING, 8);
	assert_int_equal(CUBBY_EAR_PLAYED, 9);
	assert_int_equal(CUBBY_EAR_SOURCE_LOST, 10);
	assert_int_equal(CUBBY_EAR_SOURCE_BACK, 11);
	assert_int_equal(CUBBY_EAR_ERROR, 12);
	assert_int_equal(CUBBY_EAR_MUTED, 13);
	assert_int_equal(CUBBY_EAR_UNKNOWN, 0);
	assert_int_equal(CUBBY_EAR_CHILD, 1);
	assert_int_equal(CUBBY_EAR_ADULT, 2);
	assert_int_equal(CUBBY_EAR_MICROPHONE, 1);
	assert_int_equal(CUBBY_EAR_AWAKE, 2);
	assert_int_equal(CUBBY_EAR_WAKE_ONLY, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_stay_where_they_are),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_sizes_come_first),
		cmocka_unit_test(test_numbers_stay_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
