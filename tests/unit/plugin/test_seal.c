/* SPDX-License-Identifier: Apache-2.0 */
/* R12: what is sealed here opens for the parent and is what was heard. */

#include "recording.h"

#include <jansson.h>
#include "base/file.h"
#include "seal.h"
#include "sound/sound.h"

/* Unseals one part with the parent's key and the slot key, as the client does. */
static struct secret *part_open(const struct sealed *sealed, unsigned i, const struct secret *fk,
				const struct secret *slot_keys, const struct id *id)
{
	const struct sealed_part *part = &sealed->parts[i];
	_cleanup_(cleanup_free) uint8_t *body = malloc(part->length);
	_cleanup_(secret_freep) struct secret *key = NULL;
	struct secret *content = NULL;
	struct why why;

	assert_int_equal(secret_from(slot_keys->bytes + i * KEY_BYTES, KEY_BYTES, &key), 0);
	assert_int_equal(file_pread(sealed->bodies, body, part->length, (off_t)part->offset), 0);
	assert_int_equal(envelope_unseal(fk, key, id, part->kind, body, part->length, &content,
					 &why),
			 0);
	return content;
}

static void test_sealed_is_what_was_heard_sample_for_sample(void **state)
{
	static const enum kind kinds[] = { KIND_AUDIO, KIND_TRANSCRIPT };
	struct recording recording = recording_read("goforward.raw");
	struct recognition recognition = { .text = "go \"forward\"", .confidence = 0.8731 };
	struct utterance utterance = { recording.samples, recording.frames, &recognition };
	_cleanup_(sealed_clear) struct sealed sealed = SEALED_NONE;
	_cleanup_(box_keypair_freep) struct box_keypair *home = NULL;
	_cleanup_(secret_freep) struct secret *slot_keys = NULL;
	_cleanup_(secret_freep) struct secret *fk = NULL;
	_cleanup_(secret_freep) struct secret *flac = NULL;
	_cleanup_(secret_freep) struct secret *record = NULL;
	const struct id id = { { 7 } };
	struct sound sound;
	struct why why;
	json_t *json;
	size_t size;

	assert_int_equal(box_keypair_new(&home), 0);
	assert_int_equal(secret_random(2 * KEY_BYTES, &slot_keys), 0);
	assert_int_equal(seal_utterance(&utterance, home->public, &id, kinds, 2, slot_keys,
					&sealed),
			 0);
	assert_true(file_memfd_sealed(sealed.bodies, &size));
	assert_int_equal(sealed.n_parts, 2);
	assert_int_equal(sealed.parts[0].offset, 0);
	assert_int_equal(sealed.parts[1].offset, sealed.parts[0].length);
	assert_int_equal(size, sealed.parts[1].offset + sealed.parts[1].length);

	assert_int_equal(envelope_open(&sealed.header, home, &fk, &why), 0);
	flac = part_open(&sealed, 0, fk, slot_keys, &id);
	assert_int_equal(sound_from_flac(flac->bytes, flac->n, &sound, &why), 0);
	assert_int_equal(sound.rate_hz, RATE_HZ);
	assert_int_equal(sound.frames, recording.frames);
	assert_memory_equal(sound.samples->bytes, recording.samples, recording.frames * 2);
	sound_clear(&sound);

	record = part_open(&sealed, 1, fk, slot_keys, &id);
	json = json_loadb((const char *)record->bytes, record->n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	assert_int_equal(json_object_size(json), 3);
	assert_string_equal(json_string_value(json_object_get(json, "text")), "go \"forward\"");
	assert_true(json_real_value(json_object_get(json, "confidence")) == 0.873);
	assert_int_equal(json_integer_value(json_object_get(json, "duration_ms")),
			 (long)(recording.frames / 16));
	json_decref(json);
	recording_free(&recording);
}

/* R20: what was not consented to is not even sealed. */
static void test_r20_transcript_alone_has_no_sound(void **state)
{
	static const enum kind kinds[] = { KIND_TRANSCRIPT };
	static const int16_t samples[RATE_HZ];
	struct recognition recognition = { .text = "yes" };
	struct utterance utterance = { samples, RATE_HZ, &recognition };
	_cleanup_(sealed_clear) struct sealed sealed = SEALED_NONE;
	_cleanup_(box_keypair_freep) struct box_keypair *home = NULL;
	_cleanup_(secret_freep) struct secret *slot_keys = NULL;
	const struct id id = { { 7 } };

	assert_int_equal(box_keypair_new(&home), 0);
	assert_int_equal(secret_random(KEY_BYTES, &slot_keys), 0);
	assert_int_equal(seal_utterance(&utterance, home->public, &id, kinds, 1, slot_keys,
					&sealed),
			 0);
	assert_int_equal(sealed.n_parts, 1);
	assert_int_equal(sealed.parts[0].kind, KIND_TRANSCRIPT);
}

static void test_location_cannot_be_sealed_from_an_utterance(void **state)
{
	static const enum kind kinds[] = { KIND_LOCATION };
	struct recognition recognition = { .text = "yes" };
	struct utterance utterance = { .recognition = &recognition };
	_cleanup_(sealed_clear) struct sealed sealed = SEALED_NONE;
	_cleanup_(box_keypair_freep) struct box_keypair *home = NULL;
	_cleanup_(secret_freep) struct secret *slot_keys = NULL;
	const struct id id = { { 7 } };

	assert_int_equal(box_keypair_new(&home), 0);
	assert_int_equal(secret_random(KEY_BYTES, &slot_keys), 0);
	assert_true(seal_utterance(&utterance, home->public, &id, kinds, 1, slot_keys, &sealed) <
		    0);
	assert_int_equal(sealed.bodies, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sealed_is_what_was_heard_sample_for_sample),
		cmocka_unit_test(test_r20_transcript_alone_has_no_sound),
		cmocka_unit_test(test_location_cannot_be_sealed_from_an_utterance),
	};

	if (crypt_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
