/* SPDX-License-Identifier: Apache-2.0 */
/* Voiceprints: of whom, under whose word, until when, and that nothing of one stays. */

#include "house.h"

#include "erasure.h"
#include "speaker/voiceprint.h"
#include "store/selection.h"
#include "voice.h"

#define DAY_S 86400

STATEMENT(test_child_voice,
	"INSERT INTO voiceprint (id, profile, statement, policy, slot, slot_tag, made_min,"
	" wall_min, expires_min, bytes, body) SELECT id, profile, 'x', zeroblob(32), 4000,"
	" zeroblob(16), 1, 1, 2, 1, (SELECT body FROM voiceprint) FROM profile"
	" WHERE id = :profile");
STATEMENT(test_move_voice,
	"UPDATE voiceprint SET profile = (SELECT profile FROM profile WHERE id = :profile)");
STATEMENT(test_lengthen_voice, "UPDATE voiceprint SET expires_min = made_min + 525601");
STATEMENT(test_voice_rows, "SELECT (SELECT count(*) FROM voiceprint) + (SELECT count(*) FROM body)"
	" AS n");

/* What an enrolment is made of. */
struct sample {
	uint8_t bytes[VOICEPRINT_BYTES_MAX];
	size_t n;
	struct voice_consent consent;
	char *statement;
	uint8_t *box;
	size_t n_box;
};

static void sample_clear(struct sample *sample)
{
	free(sample->statement);
	free(sample->box);
}

static void sample_make(struct house *house, const struct profile *profile, struct sample *ret)
{
	struct voiceprint voiceprint = { .utterances = 5, .speech_ms = 12000, .n = 80 };

	crypt_random(voiceprint.model, sizeof(voiceprint.model));
	for (unsigned i = 0; i < voiceprint.n; i++) {
		uint32_t random;

		crypt_random(&random, sizeof(random));
		voiceprint.point[i] = (float)random / 1e9f;
	}
	*ret = (struct sample) { 0 };
	ret->n = voiceprint_write(&voiceprint, ret->bytes);
	ret->consent = (struct voice_consent) {
		.profile = profile->id, .keep_s = 30 * DAY_S, .time_s = HOUSE_NOW_S,
	};
	memcpy(ret->consent.policy, house->policy->hash, HASH_BYTES);
	crypt_hash(ret->bytes, ret->n, ret->consent.voiceprint);
}

static void sample_seal(struct house *house, struct sample *sample)
{
	sample_clear(sample);
	sample->statement = NULL;
	sample->box = NULL;
	assert_int_equal(voice_consent_sign(&sample->consent, house->founder, &sample->statement),
			 0);
	assert_int_equal(box_seal(house->device->box->public, sample->bytes, sample->n,
				  &sample->box, &sample->n_box), 0);
}

static int enrol(struct house *house, const struct sample *sample)
{
	_cleanup_(voice_draft_freep) struct voice_draft *draft = NULL;
	int r;

	house->why.text[0] = '\0';
	r = voice_enrol(&house->ground, house->device->box, &house->proof, sample->statement,
			sample->box, sample->n_box, HOUSE_UID, &draft, &house->why);
	if (!r)
		r = voice_enrol_alone(draft, &house->why);
	if (!r)
		draft->stored = true;
	return r;
}

/* How many an ear gets; the first one's bytes are compared with the sample's. */
static size_t given(struct house *house, const struct sample *sample)
{
	_cleanup_(secret_freep) struct secret *bytes = NULL;
	struct voice_row *rows;
	size_t n;

	assert_int_equal(voice_give(&house->ground, NULL, &rows, &n, &bytes), 0);
	if (n > 0 && sample) {
		assert_string_equal(rows[0].statement, sample->statement);
		assert_int_equal(bytes->n, 2 + sample->n);
		assert_int_equal(bytes->bytes[0] | bytes->bytes[1] << 8, sample->n);
		assert_memory_equal(bytes->bytes + 2, sample->bytes, sample->n);
	}
	voice_rows_free(rows, n);
	return n;
}

static int64_t rows_n(struct house *house)
{
	_cleanup_(statement_endp) struct statement *s =
		store_statement(house->store, &test_voice_rows);

	assert_int_equal(statement_next(s), STATEMENT_ROW);
	return statement_integer(s, "n");
}

static int by_sql(struct house *house, struct statement_source *source, const struct id *profile)
{
	_cleanup_(statement_endp) struct statement *s = store_statement(house->store, source);

	if (profile)
		statement_bind_id(s, ":profile", profile);
	return statement_run(s);
}

static struct erasure *eraser(struct house *house)
{
	const struct erasure_config config = {
		.dir = house->dir, .clock = &house->clock, .age = house->age,
		.store = house->store, .vault = house->vault, .archive = house->archive,
		.device = house->device->sign,
	};
	struct erasure *erasure;

	assert_int_equal(erasure_new(&config, &erasure, &house->why), 0);
	return erasure;
}

static void finish(struct erasure *erasure, int64_t number, uint64_t parts)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	uint64_t partial;

	assert_int_equal(erasure_finish(erasure, &partial), 0);
	assert_int_equal(erasure_find(erasure, number, &job), 0);
	if (job->state != ERASURE_DONE)
		print_message("problem: %s\n", job->problem);
	assert_int_equal(job->state, ERASURE_DONE);
	assert_int_equal(job->parts, parts);
	assert_non_null(strstr(job->receipt, "\"parts\":"));
}

static unsigned on_disk(struct house *house, const void *bytes, size_t n)
{
	static const char *const names[] = { "cubby.db", "cubby.db-wal", "slots.bin", "clock" };
	unsigned found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		found += house_file_count(house, names[i], bytes, n);
	return found;
}

static void test_r27_an_adult_is_enrolled_and_a_child_never(void **state)
{
	struct house *house = *state;
	struct profile tom, mia;
	struct sample sample, child;

	house_setup(house);
	tom = house_add(house, "tom", "adult");
	mia = house_add(house, "mia", "child");
	sample_make(house, &tom, &sample);
	sample_seal(house, &sample);
	sample_make(house, &mia, &child);
	sample_seal(house, &child);
	assert_answer(enrol(house, &child), ANSWER_INVALID_ARGUMENT, house->why);
	assert_int_equal(rows_n(house), 0);
	assert_int_equal(enrol(house, &sample), 0);
	assert_int_equal(given(house, &sample), 1);
	assert_int_equal(house_logged(house, "\"enrol\""), 1);
	/* Under direct SQL, too. */
	assert_int_equal(by_sql(house, &test_child_voice, &mia.id), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(by_sql(house, &test_move_voice, &mia.id), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(by_sql(house, &test_lengthen_voice, NULL), ANSWER_INVALID_ARGUMENT);
	/* In no store in the clear, and read again after a restart. */
	assert_int_equal(on_disk(house, sample.bytes + VOICEPRINT_HEADER_BYTES, 16), 0);
	house_restart(house);
	assert_int_equal(given(house, &sample), 1);
	sample_clear(&sample);
	sample_clear(&child);
}

static void test_r27_only_a_proved_parent_and_only_what_was_signed(void **state)
{
	struct house *house = *state;
	_cleanup_(sign_keypair_freep) struct sign_keypair *stranger = NULL;
	struct sign_keypair *founder;
	struct profile tom;
	struct sample sample;
	struct proof proof;

	house_setup(house);
	tom = house_add(house, "tom", "adult");
	sample_make(house, &tom, &sample);
	sample_seal(house, &sample);
	proof = house->proof;
	house->proof = (struct proof) { 0 };
	assert_answer(enrol(house, &sample), ANSWER_NOT_AUTHORIZED, house->why);
	house->proof = proof;
	/* Another voiceprint than the signed one. */
	sample.bytes[VOICEPRINT_HEADER_BYTES] ^= 1;
	free(sample.box);
	assert_int_equal(box_seal(house->device->box->public, sample.bytes, sample.n, &sample.box,
				  &sample.n_box), 0);
	assert_answer(enrol(house, &sample), ANSWER_INVALID_ARGUMENT, house->why);
	/* Bytes that are none. */
	sample.bytes[0] ^= 1;
	crypt_hash(sample.bytes, sample.n, sample.consent.voiceprint);
	sample_seal(house, &sample);
	assert_answer(enrol(house, &sample), ANSWER_INVALID_ARGUMENT, house->why);
	sample_clear(&sample);
	sample_make(house, &tom, &sample);
	/* Another parent's word, and another policy. */
	assert_int_equal(sign_keypair_new(&stranger), 0);
	founder = house->founder;
	house->founder = stranger;
	sample_seal(house, &sample);
	house->founder = founder;
	assert_answer(enrol(house, &sample), ANSWER_INVALID_ARGUMENT, house->why);
	sample.consent.policy[0] ^= 1;
	sample_seal(house, &sample);
	assert_answer(enrol(house, &sample), ANSWER_NO_CONSENT, house->why);
	/* R2: not for ever. */
	sample.consent.keep_s = VOICE_CONSENT_KEEP_MAX_S + 1;
	free(sample.statement);
	sample.statement = NULL;
	assert_int_equal(voice_consent_sign(&sample.consent, house->founder, &sample.statement),
			 ANSWER_INVALID_ARGUMENT);
	assert_int_equal(rows_n(house), 0);
	sample_clear(&sample);
}

/* The ways out: by itself, with everything, with the profile, at its end, with the household. */
enum way { ALONE, EVERYTHING, PROFILE, WITHDRAWN, EXPIRED, RESET, REPLACED, RENEWED };

static int64_t way_go(struct house *house, struct erasure *erasure, enum way way,
		      const struct profile *tom, struct voice_draft *draft)
{
	struct archive_selection selection = { .profile = &tom->id };
	const struct archive_within within = { voice_enrol_within, draft };
	enum erasure_reason reason = ERASURE_DELETE;
	uint64_t items;
	int64_t job = 0;

	switch (way) {
	case ALONE:
	case REPLACED:
	case RENEWED:
		selection.voices = ARCHIVE_VOICES_ALONE;
		break;
	case EVERYTHING:
		selection = (struct archive_selection) { .all = true };
		break;
	case PROFILE:
		reason = ERASURE_REMOVE;
		break;
	case WITHDRAWN:
		reason = ERASURE_WITHDRAW;
		selection.kinds = 1u << KIND_AUDIO;
		selection.voices = ARCHIVE_VOICES_TOO;
		break;
	case EXPIRED:
		house->boot_ms += (int64_t)30 * DAY_S * 1000 - 60000;
		assert_int_equal(erasure_sweep(erasure, &job), 0);
		assert_int_equal(job, 0);
		house->boot_ms += 60000;
		assert_int_equal(given(house, NULL), 0);
		assert_int_equal(erasure_sweep(erasure, &job), 0);
		return job;
	case RESET:
		reason = ERASURE_RESET;
		selection = (struct archive_selection) { .all = true };
		break;
	}
	assert_int_equal(erasure_ask(erasure, reason, &selection, HOUSE_UID,
				     draft ? &within : NULL, &job, &items, &house->why), 0);
	return job;
}

static void way_try(struct house *house, enum way way)
{
	_cleanup_(voice_draft_freep) struct voice_draft *draft = NULL;
	_cleanup_(secret_freep) struct secret *key = NULL;
	const bool replaces = way == REPLACED || way == RENEWED;
	struct erasure *erasure = eraser(house);
	struct profile tom;
	struct sample sample, next;
	struct voice_row *rows;
	uint8_t head[16];
	int64_t job;
	size_t n;

	house_setup(house);
	tom = house_add(house, "tom", "adult");
	sample_make(house, &tom, &sample);
	sample_seal(house, &sample);
	sample_make(house, &tom, &next);
	/* Of the same recordings: the same voiceprint, in another consent. */
	if (way == RENEWED) {
		next = (struct sample) { .n = sample.n, .consent = sample.consent };
		memcpy(next.bytes, sample.bytes, sample.n);
		next.consent.time_s++;
	}
	sample_seal(house, &next);
	assert_int_equal(enrol(house, &sample), 0);
	assert_int_equal(store_voices(house->store, NULL, SIGHT_ALL, &rows, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(vault_get(house->vault, &rows[0].slot, &rows[0].id, VAULT_KIND_VOICE,
				   &key), 0);
	memcpy(head, strstr(sample.statement, "\"signature\":\"") + 13, sizeof(head));
	/* The eyes see what is there. */
	assert_int_not_equal(on_disk(house, key->bytes, KEY_BYTES), 0);
	assert_int_not_equal(on_disk(house, rows[0].id.bytes, ID_BYTES), 0);
	assert_int_not_equal(on_disk(house, head, sizeof(head)), 0);
	if (replaces)
		assert_int_equal(voice_enrol(&house->ground, house->device->box, &house->proof,
					     next.statement, next.box, next.n_box, HOUSE_UID,
					     &draft, &house->why), 0);
	job = way_go(house, erasure, way, &tom, draft);
	if (draft)
		draft->stored = true;
	/* From the first moment ears get none, or the new one. */
	assert_int_equal(given(house, replaces ? &next : NULL), replaces);
	finish(erasure, job, 1);
	assert_int_equal(on_disk(house, key->bytes, KEY_BYTES), 0);
	assert_int_equal(on_disk(house, rows[0].id.bytes, ID_BYTES), 0);
	assert_int_equal(on_disk(house, head, sizeof(head)), 0);
	assert_int_equal(rows_n(house), replaces ? 2 : 0);
	voice_rows_free(rows, n);
	erasure_free(erasure);
	sample_clear(&sample);
	sample_clear(&next);
}

#define WAY(name, way)                                                                             \
	static void test_r18_r27_nothing_stays_##name(void **state)                                \
	{                                                                                          \
		way_try(*state, way);                                                              \
	}
WAY(alone, ALONE)
WAY(with_everything, EVERYTHING)
WAY(with_the_profile, PROFILE)
WAY(withdrawn, WITHDRAWN)
WAY(at_its_end, EXPIRED)
WAY(with_the_household, RESET)
WAY(replaced, REPLACED)
WAY(renewed, RENEWED)

static void test_deleting_items_leaves_the_voiceprint(void **state)
{
	struct house *house = *state;
	const struct archive_selection selection = { .all = true, .kinds = 1u << KIND_AUDIO };
	struct erasure *erasure = eraser(house);
	struct profile tom;
	struct sample sample;
	uint64_t items;
	int64_t job;

	house_setup(house);
	tom = house_add(house, "tom", "adult");
	sample_make(house, &tom, &sample);
	sample_seal(house, &sample);
	assert_int_equal(enrol(house, &sample), 0);
	assert_int_equal(erasure_ask(erasure, ERASURE_DELETE, &selection, HOUSE_UID, NULL, &job,
				     &items, &house->why), ANSWER_NOT_FOUND);
	assert_int_equal(given(house, &sample), 1);
	erasure_free(erasure);
	sample_clear(&sample);
}

/* R21: a policy that keeps more than the one that was signed for. */
static void test_r21_a_wider_policy_ends_its_use(void **state)
{
	struct house *house = *state;
	struct voice_row *rows;
	struct profile tom;
	struct sample sample;
	size_t n;

	house->config.keep_max_s[KIND_AUDIO] = 2 * DAY_S;
	house_restart(house);
	house_setup(house);
	tom = house_add(house, "tom", "adult");
	sample_make(house, &tom, &sample);
	sample_seal(house, &sample);
	assert_int_equal(enrol(house, &sample), 0);
	house->config.keep_max_s[KIND_AUDIO] = 3 * DAY_S;
	house_restart(house);
	assert_int_equal(given(house, NULL), 0);
	assert_int_equal(store_voices(house->store, &tom.id, SIGHT_ALL, &rows, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(voice_state(&house->ground, &rows[0]), "policy changed");
	voice_rows_free(rows, n);
	house->config.keep_max_s[KIND_AUDIO] = DAY_S;
	house_restart(house);
	assert_int_equal(given(house, &sample), 1);
	sample_clear(&sample);
}

static void test_no_more_than_an_ear_holds(void **state)
{
	struct house *house = *state;
	struct sample sample;
	struct profile adult;
	char name[8];

	house_setup(house);
	for (int i = 0; i <= VOICES_MAX; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		adult = house_add(house, name, "adult");
		sample_make(house, &adult, &sample);
		sample_seal(house, &sample);
		if (i < VOICES_MAX)
			assert_int_equal(enrol(house, &sample), 0);
		else
			assert_answer(enrol(house, &sample), ANSWER_QUOTA_EXCEEDED, house->why);
		sample_clear(&sample);
	}
	assert_int_equal(given(house, NULL), VOICES_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_r27_an_adult_is_enrolled_and_a_child_never),
		TEST(test_r27_only_a_proved_parent_and_only_what_was_signed),
		TEST(test_r18_r27_nothing_stays_alone),
		TEST(test_r18_r27_nothing_stays_with_everything),
		TEST(test_r18_r27_nothing_stays_with_the_profile),
		TEST(test_r18_r27_nothing_stays_withdrawn),
		TEST(test_r18_r27_nothing_stays_at_its_end),
		TEST(test_r18_r27_nothing_stays_with_the_household),
		TEST(test_r18_r27_nothing_stays_replaced),
		TEST(test_r18_r27_nothing_stays_renewed),
		TEST(test_deleting_items_leaves_the_voiceprint),
		TEST(test_r21_a_wider_policy_ends_its_use),
		TEST(test_no_more_than_an_ear_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
