/* SPDX-License-Identifier: Apache-2.0 */

/* The ear from outside, by its public header: sound in, events out. Linked against the shared
 * library, so that only what it exports can be used. */

#include "recording.h"

#include <poll.h>
#include "ear.h"

#define EVENTS_MAX 64

struct told {
	unsigned n;
	enum cubby_ear_event_type types[EVENTS_MAX];
	unsigned finals, partials;
	char text[256], reason[512];
	int64_t at_ms, duration_ms;
	int kept;
	enum cubby_ear_who who;
};

static void take_event(void *context, struct cubby_ear_session *session,
		       const struct cubby_ear_event *event)
{
	struct told *told = context;

	assert_int_equal(event->size, sizeof(*event));
	told->partials += event->type == CUBBY_EAR_PARTIAL;
	if (event->type != CUBBY_EAR_PARTIAL && told->n < EVENTS_MAX)
		told->types[told->n++] = event->type;
	if (event->type != CUBBY_EAR_FINAL)
		return;
	told->finals++;
	snprintf(told->text, sizeof(told->text), "%s", event->text);
	snprintf(told->reason, sizeof(told->reason), "%s", event->reason ? event->reason : "");
	told->at_ms = event->at_ms;
	told->duration_ms = event->duration_ms;
	told->kept = event->kept;
	told->who = event->who;
}

static struct cubby_ear *ear_make_set(const char *wake, const char *settings)
{
	/* A bus that is not there: no keeper. */
	const struct cubby_ear_config config = {
		.size = sizeof(config), .bus = "unix:path=/nowhere/bus",
		.grammar = RECORDINGS "goforward.gram", .wake = wake, .settings = settings,
	};
	struct cubby_ear *ear = NULL;
	char why[256] = "";

	if (access(config.grammar, R_OK) < 0)
		skip();
	if (cubby_ear_new(&config, &ear, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return ear;
}

static struct cubby_ear *ear_make_waking(const char *wake)
{
	return ear_make_set(wake, NULL);
}

static struct cubby_ear *ear_make(void)
{
	return ear_make_waking(NULL);
}

static struct cubby_ear_session *session_make_as(struct cubby_ear *ear, unsigned flags,
						 const char *profile, struct told *told)
{
	const struct cubby_ear_session_config config = {
		.size = sizeof(config), .flags = flags, .profile = profile, .event = take_event,
		.context = told,
	};
	struct cubby_ear_session *session = NULL;
	char why[256] = "";

	if (cubby_ear_session_new(ear, &config, &session, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return session;
}

static struct cubby_ear_session *session_make(struct cubby_ear *ear, const char *profile,
					      struct told *told)
{
	return session_make_as(ear, 0, profile, told);
}

static void say_this(struct cubby_ear *ear, struct cubby_ear_session *session,
		     const struct recording *recording)
{
	for (size_t done = 0; done < recording->frames;) {
		size_t left = recording->frames - done;

		done += cubby_ear_session_push(session, recording->samples + done,
					       left < 4000 ? left : 4000);
		assert_int_equal(cubby_ear_dispatch(ear), 0);
	}
	cubby_ear_session_end_of_utterance(session);
	assert_int_equal(cubby_ear_dispatch(ear), 0);
}

static void say(struct cubby_ear *ear, struct cubby_ear_session *session)
{
	struct recording recording = recording_read("goforward.raw");

	say_this(ear, session, &recording);
	recording_free(&recording);
}

static void test_r1_unknown_speaker_is_heard_and_forgotten(void **state)
{
	static const enum cubby_ear_event_type expected[] = {
		CUBBY_EAR_READY, CUBBY_EAR_KEEPING, CUBBY_EAR_SPEECH_START, CUBBY_EAR_SPEECH_END,
		CUBBY_EAR_FINAL, CUBBY_EAR_FORGOTTEN,
	};
	struct cubby_ear *ear = ear_make();
	struct told told = { 0 };
	struct cubby_ear_session *session = session_make(ear, NULL, &told);

	say(ear, session);
	assert_int_equal(told.n, ARRAY_SIZE(expected));
	for (unsigned i = 0; i < told.n; i++)
		assert_int_equal(told.types[i], expected[i]);
	assert_string_equal(told.text, "go forward ten meters");
	assert_int_equal(told.kept, 0);
	assert_int_equal(told.who, CUBBY_EAR_UNKNOWN);
	assert_string_equal(told.reason, "unknown speaker");
	assert_in_range(told.duration_ms, 1500, 2790);
	cubby_ear_free(ear);
}

static void test_r28_without_a_keeper_nobody_is_known(void **state)
{
	struct cubby_ear *ear = ear_make();
	struct told told = { 0 };
	struct cubby_ear_session *session = session_make(ear, "Mia", &told);

	say(ear, session);
	assert_string_equal(told.text, "go forward ten meters");
	assert_int_equal(told.kept, 0);
	assert_int_equal(told.who, CUBBY_EAR_UNKNOWN);
	assert_true(told.reason[0] != '\0');
	cubby_ear_free(ear);
}

static void answer_no(const struct cubby_ear_session *session)
{
	char why[256] = "";

	assert_int_equal(cubby_ear_audio_may_leave_device(session, why, sizeof(why)), 0);
	assert_true(why[0] != '\0');
	why[0] = '\0';
	assert_int_equal(cubby_ear_may_be_exported(session, why, sizeof(why)), 0);
	assert_true(why[0] != '\0');
	assert_int_equal(cubby_ear_may_be_exported(session, NULL, 0), 0);
}

static void test_r17_r26_questions_fail_closed(void **state)
{
	struct cubby_ear *ear = ear_make();
	struct told told = { 0 };
	struct cubby_ear_session *session = session_make(ear, "Mia", &told);

	answer_no(session);
	say(ear, session);
	assert_int_equal(told.finals, 1);
	answer_no(session);
	cubby_ear_session_cancel(session);
	answer_no(session);
	cubby_ear_free(ear);
}

static void test_two_sessions_hear_their_own(void **state)
{
	struct cubby_ear *ear = ear_make();
	struct told first = { 0 }, second = { 0 };
	struct cubby_ear_session *one = session_make(ear, NULL, &first);
	struct cubby_ear_session *two = session_make(ear, NULL, &second);

	say(ear, one);
	assert_int_equal(first.finals, 1);
	assert_int_equal(second.finals, 0);
	say(ear, two);
	assert_int_equal(second.finals, 1);
	say(ear, one);
	assert_int_equal(first.finals, 2);
	cubby_ear_session_close(one);
	say(ear, two);
	assert_int_equal(second.finals, 2);
	cubby_ear_free(ear);
}

static unsigned count(const struct told *told, enum cubby_ear_event_type type)
{
	unsigned n = 0;

	for (unsigned i = 0; i < told->n; i++)
		n += told->types[i] == type;
	return n;
}

/* One ear, its phrase for some and not for others; and what it was not asked to hear it does not
 * recognise. */
static void test_wake_only_and_awake(void **state)
{
	struct cubby_ear *ear = ear_make_waking("go forward");
	struct told wake = { 0 }, awake = { 0 };
	struct cubby_ear_session *one, *two, *none = NULL;
	char why[256] = "";

	one = session_make_as(ear, CUBBY_EAR_WAKE_ONLY, "Mia", &wake);
	two = session_make_as(ear, CUBBY_EAR_AWAKE, NULL, &awake);
	for (unsigned i = 1; i <= 2; i++) {
		say(ear, one);
		say(ear, two);
		assert_int_equal(count(&wake, CUBBY_EAR_WAKE), i);
		assert_int_equal(awake.finals, i);
	}
	assert_string_equal(awake.text, "go forward ten meters");
	assert_int_equal(count(&wake, CUBBY_EAR_SPEECH_START), 0);
	assert_int_equal(wake.finals, 0);
	assert_int_equal(count(&awake, CUBBY_EAR_WAKE), 0);
	for (unsigned flags = 6; flags <= 16; flags += 10) {
		const struct cubby_ear_session_config wrong = {
			.size = sizeof(wrong), .flags = flags, .event = take_event,
		};

		assert_int_equal(cubby_ear_session_new(ear, &wrong, &none, why, sizeof(why)),
				 -EINVAL);
		assert_true(why[0] != '\0');
	}
	cubby_ear_free(ear);
}

/* What came near the phrase, and was not it, must not keep it from being heard as soon as it is
 * said; what follows is the host's. */
static void test_the_phrase_behind_what_is_near_it(void **state)
{
	struct recording near = recording_read("goforward.raw");
	struct recording phrase = recording_read("goforward.raw");
	struct recording both;
	struct told told = { 0 };
	char path[] = "/tmp/cubby-test-XXXXXX";
	int fd = mkstemp(path);
	struct cubby_ear *ear;
	unsigned i = 0;

	/* "go for". */
	near.frames = RATE_HZ * 85 / 100;
	both = recording_join(&near, &phrase);
	assert_true(dprintf(fd, "wake_threshold = 1e-15\n") > 0);
	ear = ear_make_set("go forward", path);
	say_this(ear, session_make(ear, NULL, &told), &near);
	assert_int_equal(count(&told, CUBBY_EAR_WAKE), 0);
	say_this(ear, session_make(ear, NULL, &told), &both);
	while (i < told.n && told.types[i] != CUBBY_EAR_WAKE)
		i++;
	assert_true(i + 1 < told.n);
	assert_int_equal(told.types[i + 1], CUBBY_EAR_SPEECH_START);
	cubby_ear_free(ear);
	recording_free(&near);
	recording_free(&phrase);
	recording_free(&both);
	close(fd);
	unlink(path);
}

/* Who has nothing to show them in does not pay for them. */
static void test_partials_are_for_those_who_ask(void **state)
{
	struct cubby_ear *ear = ear_make();

	for (unsigned flags = 0; flags <= CUBBY_EAR_PARTIALS; flags += CUBBY_EAR_PARTIALS) {
		struct told told = { 0 };

		say(ear, session_make_as(ear, flags, NULL, &told));
		assert_int_equal(told.finals, 1);
		assert_string_equal(told.text, "go forward ten meters");
		assert_int_equal(told.partials > 0, flags != 0);
	}
	cubby_ear_free(ear);
}

/* Being awake is counted in sound, and muted there is none: hours may have passed. */
static void test_r31_whoever_mutes_says_the_phrase_again(void **state)
{
	struct recording recording = recording_read("goforward.raw");
	struct cubby_ear *ear = ear_make_waking("go forward");
	struct told told = { 0 };
	struct cubby_ear_session *session = session_make(ear, NULL, &told);
	size_t done = 0;

	for (; done < recording.frames && count(&told, CUBBY_EAR_WAKE) == 0; done += 800) {
		assert_int_equal(cubby_ear_session_push(session, recording.samples + done, 800),
				 800);
		assert_int_equal(cubby_ear_dispatch(ear), 0);
	}
	assert_int_equal(count(&told, CUBBY_EAR_WAKE), 1);
	assert_int_equal(count(&told, CUBBY_EAR_SPEECH_START), 1);
	for (int muted = 1; muted >= 0; muted--) {
		cubby_ear_mute(ear, muted);
		assert_int_equal(cubby_ear_dispatch(ear), 0);
	}
	assert_int_equal(cubby_ear_session_push(session, recording.samples + done,
						recording.frames - done), recording.frames - done);
	cubby_ear_session_end_of_utterance(session);
	assert_int_equal(cubby_ear_dispatch(ear), 0);
	assert_int_equal(count(&told, CUBBY_EAR_SPEECH_START), 1);
	assert_int_equal(told.finals, 0);
	recording_free(&recording);
	cubby_ear_free(ear);
}

static void test_cancel_drops_what_was_pushed(void **state)
{
	struct recording recording = recording_read("goforward.raw");
	struct cubby_ear *ear = ear_make();
	struct told told = { 0 };
	struct cubby_ear_session *session = session_make(ear, NULL, &told);

	assert_int_equal(cubby_ear_session_push(session, recording.samples, recording.frames),
			 recording.frames);
	cubby_ear_session_cancel(session);
	cubby_ear_session_end_of_utterance(session);
	assert_int_equal(cubby_ear_dispatch(ear), 0);
	assert_int_equal(told.finals, 0);
	say(ear, session);
	assert_int_equal(told.finals, 1);
	recording_free(&recording);
	cubby_ear_free(ear);
}

static void test_full_session_takes_no_more(void **state)
{
	static const int16_t minute[60 * RATE_HZ];
	struct cubby_ear *ear = ear_make();
	struct told told = { 0 };
	struct cubby_ear_session *session = session_make(ear, NULL, &told);
	size_t taken = cubby_ear_session_push(session, minute, 60 * RATE_HZ);

	assert_in_range(taken, 30 * RATE_HZ, 60 * RATE_HZ - 1);
	assert_int_equal(cubby_ear_dispatch(ear), 0);
	assert_true(cubby_ear_session_push(session, minute, 60 * RATE_HZ) > 0);
	cubby_ear_free(ear);
}

static void test_descriptor_wakes_the_host(void **state)
{
	static const int16_t samples[160];
	struct cubby_ear *ear = ear_make();
	struct told told = { 0 };
	struct cubby_ear_session *session = session_make(ear, NULL, &told);
	struct pollfd fd = { .fd = cubby_ear_fd(ear), .events = POLLIN };

	assert_int_equal(cubby_ear_dispatch(ear), 0);
	assert_int_equal(poll(&fd, 1, 0), 0);
	cubby_ear_session_push(session, samples, 160);
	assert_int_equal(poll(&fd, 1, 0), 1);
	assert_int_equal(cubby_ear_dispatch(ear), 0);
	assert_int_equal(poll(&fd, 1, 0), 0);
	cubby_ear_free(ear);
}

static void test_wrong_use_is_refused(void **state)
{
	struct cubby_ear *ear = NULL;
	struct cubby_ear_session *session = NULL;
	char why[256] = "";

	assert_int_equal(cubby_ear_new(NULL, &ear, why, sizeof(why)), -EINVAL);
	assert_true(why[0] != '\0');
	assert_int_equal(cubby_ear_new(&(struct cubby_ear_config){ .size = sizeof(size_t) - 1 },
				       &ear, why, sizeof(why)),
			 -EINVAL);
	assert_int_equal(cubby_ear_new(&(struct
					 cubby_ear_config){ .size = sizeof(struct cubby_ear_config),
							    .grammar = "/nowhere" },
				       &ear, why, sizeof(why)),
			 -ENOENT);
	assert_non_null(strstr(why, "/nowhere"));
	assert_null(ear);
	ear = ear_make();
	assert_int_equal(cubby_ear_session_new(ear,
					       &(struct cubby_ear_session_config){
						       .size = sizeof(struct
								      cubby_ear_session_config) },
					       &session, why, sizeof(why)),
			 -EINVAL);
	assert_null(session);
	cubby_ear_free(ear);
	cubby_ear_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r1_unknown_speaker_is_heard_and_forgotten),
		cmocka_unit_test(test_r28_without_a_keeper_nobody_is_known),
		cmocka_unit_test(test_r17_r26_questions_fail_closed),
		cmocka_unit_test(test_two_sessions_hear_their_own),
		cmocka_unit_test(test_wake_only_and_awake),
		cmocka_unit_test(test_the_phrase_behind_what_is_near_it),
		cmocka_unit_test(test_partials_are_for_those_who_ask),
		cmocka_unit_test(test_r31_whoever_mutes_says_the_phrase_again),
		cmocka_unit_test(test_cancel_drops_what_was_pushed),
		cmocka_unit_test(test_full_session_takes_no_more),
		cmocka_unit_test(test_descriptor_wakes_the_host),
		cmocka_unit_test(test_wrong_use_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
