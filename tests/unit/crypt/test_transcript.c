/* SPDX-License-Identifier: Apache-2.0 */
/* The record that words are sealed as: it comes back as it was; nothing else is taken for one. */

#include "unit/crypt/crypt_test.h"

#include <jansson.h>
#include <math.h>

#include "crypt/transcript.h"

static struct secret *text;
static double confidence;
static int64_t duration_ms;

static int read_bytes(const char *bytes, size_t n)
{
	struct secret record = { .bytes = (uint8_t *)(uintptr_t)bytes, .n = n };

	text = secret_free(text);
	return transcript_read(&record, &text, &confidence, &duration_ms);
}

static int read_text(const char *record)
{
	return read_bytes(record, strlen(record));
}

static int teardown(void **state)
{
	text = secret_free(text);
	return 0;
}

static void round_trip(const char *words)
{
	_cleanup_(secret_freep) struct secret *record = NULL;
	json_t *body;

	assert_int_equal(transcript_make(words, 0.873, 2790, &record), 0);
	assert_int_equal(read_bytes((const char *)record->bytes, record->n), 0);
	assert_string_equal((const char *)text->bytes, words);
	assert_true(fabs(confidence - 0.873) < 1e-12);
	assert_int_equal(duration_ms, 2790);
	/* A library of somebody else's reads the same. */
	body = json_loadb((const char *)record->bytes, record->n, JSON_REJECT_DUPLICATES, NULL);
	assert_string_equal(json_string_value(json_object_get(body, "text")), words);
	json_decref(body);
}

static void test_what_is_made_is_read(void **state)
{
	struct secret *none = NULL;

	round_trip("go forward ten meters");
	round_trip("");
	round_trip("she said \"no\" \\ and\tleft\n\x7f");
	round_trip("J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x8e\x93");
	assert_int_equal(transcript_make("\xff", 1, 0, &none), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(transcript_make("", 1.1, 0, &none), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(transcript_make("", (double)NAN, 0, &none), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(transcript_make("", 0, -1, &none), ANSWER_INVALID_ARGUMENT);
	assert_null(none);
}

static void test_what_other_programs_write_is_read(void **state)
{
	assert_int_equal(read_text(" { \"duration_ms\" : 5 ,\n\"confidence\":0.90000000000000002,"
				   "\"text\":\"a\\u00e9\\u20ac\\ud83c\\udf93\\/\\\"\"} "), 0);
	assert_string_equal((const char *)text->bytes, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\x93/\"");
	assert_true(fabs(confidence - 0.9) < 1e-12);
	assert_int_equal(read_text("{\"text\":\"\",\"confidence\":1e-05,\"duration_ms\":0}"), 0);
	assert_true(fabs(confidence - 1e-5) < 1e-15);
	assert_int_equal(read_text("{\"text\":\"\",\"confidence\":1,\"duration_ms\":0}"), 0);
	assert_true(confidence == 1);
}

static void test_anything_else_is_refused(void **state)
{
	static const char whole[] = "{\"text\":\"a\\u00e9\",\"confidence\":0.5,\"duration_ms\":10}";
	static const char *const wrong[] = {
		"{\"text\":\"a\",\"confidence\":0.5}",
		"{\"text\":\"a\",\"text\":\"b\",\"confidence\":0.5,\"duration_ms\":1}",
		"{\"text\":,\"text\":\"b\",\"confidence\":0.5,\"duration_ms\":1}",
		"{\"text\":\"a\",\"confidence\":0.5,\"duration_ms\":1,\"more\":1}",
		"{\"text\":\"a\",\"confidence\":1.5,\"duration_ms\":1}",
		"{\"text\":\"a\",\"confidence\":-0.5,\"duration_ms\":1}",
		"{\"text\":\"a\",\"confidence\":0.5,\"duration_ms\":1.5}",
		"{\"text\":\"a\",\"confidence\":0.5,\"duration_ms\":99999999999999999999}",
		"{\"text\":\"a\",\"confidence\":0.5,\"duration_ms\":1}x",
		"{\"text\":\"a\xff\",\"confidence\":0.5,\"duration_ms\":1}",
		"{\"text\":\"a\n\",\"confidence\":0.5,\"duration_ms\":1}",
		"{\"text\":\"\\u0000\",\"confidence\":0.5,\"duration_ms\":1}",
		"{\"text\":\"\\ud83c\",\"confidence\":0.5,\"duration_ms\":1}",
		"{\"text\":\"\\udf93\",\"confidence\":0.5,\"duration_ms\":1}",
		"{\"text\":\"\\q\",\"confidence\":0.5,\"duration_ms\":1}",
		"[]", "",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (read_text(wrong[i]) != ANSWER_INVALID_ARGUMENT)
			fail_msg("taken: %s", wrong[i]);
	assert_int_equal(read_text(whole), 0);
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		assert_int_equal(read_bytes(whole, n), ANSWER_INVALID_ARGUMENT);
	/* A NUL inside ends no record. */
	assert_int_equal(read_bytes(whole, sizeof(whole)), ANSWER_INVALID_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_what_is_made_is_read, teardown),
		cmocka_unit_test_teardown(test_what_other_programs_write_is_read, teardown),
		cmocka_unit_test_teardown(test_anything_else_is_refused, teardown),
	};

	return cmocka_run_group_tests_name("transcript", tests, crypt_setup, NULL);
}
