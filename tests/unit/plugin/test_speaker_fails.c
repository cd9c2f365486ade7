/* SPDX-License-Identifier: Apache-2.0 */
/* R28: when telling voices fails, at whatever place, the enrolled adult is unknown, like everybody;
 * and known again when it works again. */

#include "recording.h"

#include <errno.h>
#include <math.h>
#include "crypt/secret.h"
#include "speaker.h"
#include "speaker/enrolment.h"

#define READER "librivox/sense_and_sensibility_01_austen_64kb-"

static const struct id reader = { { 7 } };
static const char *const enrolled_by[] = { READER "0870.wav", READER "0890.wav",
					   READER "0920.wav" };

/* From which call on it fails; 0: never. */
static unsigned memory_fails, point_fails, hear_fails;
static float (*score_instead)(float score);

static bool failed;

static bool turn(unsigned *left)
{
	if (*left > 1)
		--*left;
	else if (*left)
		return failed = true;
	return false;
}

int __real_secret_new(size_t n, struct secret **ret);
int __wrap_secret_new(size_t n, struct secret **ret);
int __wrap_secret_new(size_t n, struct secret **ret)
{
	return turn(&memory_fails) ? fault_origin(-ENOMEM) : __real_secret_new(n, ret);
}

bool __real_evidence_point(const struct evidence *evidence, float *ret_point);
bool __wrap_evidence_point(const struct evidence *evidence, float *ret_point);
bool __wrap_evidence_point(const struct evidence *evidence, float *ret_point)
{
	return !turn(&point_fails) && __real_evidence_point(evidence, ret_point);
}

int __real_speech_hear(struct speech *speech, const int16_t *samples, size_t n, struct why *why);
int __wrap_speech_hear(struct speech *speech, const int16_t *samples, size_t n, struct why *why);
int __wrap_speech_hear(struct speech *speech, const int16_t *samples, size_t n, struct why *why)
{
	int r = __real_speech_hear(speech, samples, n, why);

	return turn(&hear_fails) ? fault_origin(-EIO) : r;	/* after all of it was heard */
}

float __real_voiceprint_score(const struct speaker_model *model,
			      const struct voiceprint *voiceprint, const float *point);
float __wrap_voiceprint_score(const struct speaker_model *model,
			      const struct voiceprint *voiceprint, const float *point);
float __wrap_voiceprint_score(const struct speaker_model *model,
			      const struct voiceprint *voiceprint, const float *point)
{
	float score = __real_voiceprint_score(model, voiceprint, point);

	return score_instead ? score_instead(score) : score;
}

static float not_a_number(float score)
{
	(void)score;
	return NAN;
}

/* The utterance by itself and with what came before it are scored first; then its sides. */
static float not_a_number_of_a_side(float score)
{
	static unsigned times;

	return ++times > 2 ? NAN : score;
}

/* The enrolled adult, two sentences of the adult's. */
struct room {
	struct enrolled enrolled;
	struct recording own[2];
};

static int setup(void **state)
{
	_cleanup_(speaker_model_freep) struct speaker_model *model = NULL;
	_cleanup_(enrolment_freep) struct enrolment *enrolment = NULL;
	static struct room room;
	struct why why;

	assert_int_equal(crypt_init(), 0);
	assert_int_equal(speaker_model_open(MODEL, &model, &why), 0);
	assert_int_equal(enrolment_new(model, &enrolment), 0);
	for (size_t i = 0; i < ARRAY_SIZE(enrolled_by); i++) {
		struct recording recording = recording_read(enrolled_by[i]);

		assert_int_equal(enrolment_add(enrolment, recording.samples, recording.frames,
					       &why), 0);
		recording_free(&recording);
	}
	room.enrolled.profile = reader;
	assert_int_equal(enrolment_finish(enrolment, &room.enrolled.voiceprint, &why), 0);
	room.own[0] = recording_read(READER "0880.wav");
	room.own[1] = recording_read(READER "0930.wav");
	*state = &room;
	return 0;
}

static int teardown(void **state)
{
	struct room *room = *state;

	recording_free(&room->own[0]);
	recording_free(&room->own[1]);
	return 0;
}

static bool known(const struct room *room, struct speaker_session *session, unsigned i)
{
	struct id profile = { { 0 } };
	struct why why = { "" };
	int r = speaker_hear(session, room->own[i].samples, room->own[i].frames, 4000 * i,
			     &profile, &why);

	if (r)
		assert_answer(r, ANSWER_NOT_FOUND, why);
	assert_true(id_equal(&profile, r ? &(struct id) { { 0 } } : &reader));
	return r == 0;
}

/* False: there are fewer than `nth` such calls. */
static bool check_fails(const struct room *room, unsigned *fails, unsigned nth)
{
	_cleanup_(speaker_freep) struct speaker *speaker = NULL;
	_cleanup_(speaker_session_freep) struct speaker_session *session = NULL;
	struct why why = { "" };

	assert_int_equal(speaker_new(MODEL, &speaker), 0);
	assert_int_equal(speaker_session_new(speaker, &session), 0);
	failed = false;
	*fails = nth;
	(void)speaker_enrol(speaker, &room->enrolled, 1, &why);
	assert_true(known(room, session, 0) == !failed);
	*fails = 0;
	assert_int_equal(speaker_enrol(speaker, &room->enrolled, 1, &why), 0);
	assert_true(known(room, session, 1));
	return failed;
}

static void check_fails_anywhere(const struct room *room, unsigned *fails, unsigned least)
{
	unsigned nth = 1;

	while (check_fails(room, fails, nth))
		nth++;
	assert_true(nth > least);
}

static void test_r28_no_memory_at_any_place(void **state)
{
	check_fails_anywhere(*state, &memory_fails, 5);
}

static void test_r28_a_voice_without_a_point(void **state)
{
	check_fails_anywhere(*state, &point_fails, 3);
}

static void test_r28_hearing_that_fails(void **state)
{
	check_fails_anywhere(*state, &hear_fails, 1);
}

static void test_r28_a_likeness_that_is_no_number(void **state)
{
	const struct room *room = *state;
	_cleanup_(speaker_freep) struct speaker *speaker = NULL;
	_cleanup_(speaker_session_freep) struct speaker_session *session = NULL;
	struct why why = { "" };

	assert_int_equal(speaker_new(MODEL, &speaker), 0);
	assert_int_equal(speaker_enrol(speaker, &room->enrolled, 1, &why), 0);
	assert_int_equal(speaker_session_new(speaker, &session), 0);
	score_instead = not_a_number;
	assert_false(known(room, session, 0));
	score_instead = not_a_number_of_a_side;
	assert_false(known(room, session, 0));
	score_instead = NULL;
	assert_true(known(room, session, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r28_no_memory_at_any_place),
		cmocka_unit_test(test_r28_a_voice_without_a_point),
		cmocka_unit_test(test_r28_hearing_that_fails),
		cmocka_unit_test(test_r28_a_likeness_that_is_no_number),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
