/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: one canonical text, whatever the layout; nothing readable in two ways. */

#include "unit/crypt/crypt_test.h"

#include "crypt/statement.h"

#define TYPE "cubby-test-1"

static struct sign_keypair *pair;

static int group_setup(void **state)
{
	return crypt_init() || sign_keypair_new(&pair);
}

static int group_teardown(void **state)
{
	pair = sign_keypair_free(pair);
	return 0;
}

static char *signed_text(const char *body_text)
{
	_cleanup_(statement_json_freep) json_t *body = json_loads(body_text, 0, NULL);
	char *text = NULL;

	assert_non_null(body);
	assert_int_equal(statement_sign(body, TYPE, pair, &text), 0);
	return text;
}

/* A text as signed over `canonical`, which need not be what this room would sign. */
static char *forged_text(const char *canonical)
{
	uint8_t signature[SIGN_BYTES];
	char hex[2 * SIGN_BYTES + 1], *text = NULL;

	sign_bytes(pair, canonical, strlen(canonical), signature);
	assert_true(asprintf(&text, "%.*s,\"signature\":\"%s\"}", (int)strlen(canonical) - 1,
			     canonical, hex_text(signature, SIGN_BYTES, hex)) > 0);
	return text;
}

static void assert_refused(const char *text, const char *reason)
{
	struct why why = { "" };
	json_t *body = NULL;

	assert_answer(statement_verify(text, TYPE, NULL, NULL, &body, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_null(body);
	if (!strstr(why.text, reason))
		fail_msg("\"%s\" does not say \"%s\"", why.text, reason);
}

static void test_statement_round_trip(void **state)
{
	_cleanup_(cleanup_free) char *text =
		signed_text("{\"z\": 1, \"a\": [true, {\"é\": \"\\n/\"}]}");
	_cleanup_(statement_json_freep) json_t *body = NULL;
	uint8_t key[SIGN_PUBLIC_BYTES];
	struct why why;

	assert_int_equal(statement_verify(text, TYPE, NULL, key, &body, &why), 0);
	assert_memory_equal(key, pair->public, SIGN_PUBLIC_BYTES);
	assert_int_equal(json_integer_value(json_object_get(body, "z")), 1);
	assert_int_equal(statement_verify(text, TYPE, pair->public, NULL, NULL, NULL), 0);
	/* Sorted, no white space, ASCII. */
	assert_int_equal(strncmp(text, "{\"a\":[true,{\"\\u00E9\":\"\\n/\"}],\"key\":\"", 36), 0);
	assert_non_null(strstr(text, "\"statement\":\"" TYPE "\",\"z\":1}"));
}

static void test_statement_layout_does_not_matter(void **state)
{
	_cleanup_(cleanup_free) char *text =
		signed_text("{\"z\": -5, \"a\": \"\\u00e9\", \"m\": {\"b\": 1, \"a\": 2}}");
	_cleanup_(cleanup_free) char *laid_out = NULL;
	_cleanup_(statement_json_freep) json_t *body = json_loads(text, 0, NULL);
	_cleanup_(statement_json_freep) json_t *reversed = json_object();
	static const char *const order[] = { "z", "statement", "signature", "m", "key", "a" };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		json_object_set(reversed, order[i], json_object_get(body, order[i]));
	laid_out = json_dumps(reversed, JSON_INDENT(4));
	assert_string_not_equal(laid_out, text);
	assert_int_equal(statement_verify(laid_out, TYPE, pair->public, NULL, NULL, NULL), 0);
}

static void test_statement_any_change_is_refused(void **state)
{
	_cleanup_(cleanup_free) char *text = signed_text("{\"kind\": \"audio\", \"keep_s\": 3600}");

	for (size_t i = 0; text[i]; i++) {
		text[i] ^= 1;
		assert_refused(text, "");
		text[i] ^= 1;
	}
	assert_int_equal(statement_verify(text, TYPE, NULL, NULL, NULL, NULL), 0);
}

static void test_statement_member_added_or_removed_is_refused(void **state)
{
	_cleanup_(cleanup_free) char *text = signed_text("{\"kind\": \"audio\"}");
	_cleanup_(statement_json_freep) json_t *body = json_loads(text, 0, NULL);
	_cleanup_(cleanup_free) char *more = NULL, *less = NULL, *bare = NULL;

	json_object_set_new(body, "training", json_true());
	more = json_dumps(body, 0);
	assert_refused(more, "does not hold");
	json_object_del(body, "training");
	json_object_del(body, "kind");
	less = json_dumps(body, 0);
	assert_refused(less, "does not hold");
	json_object_del(body, "signature");
	bare = json_dumps(body, 0);
	assert_refused(bare, "signature");
}

static void test_statement_of_another_type_or_key_is_refused(void **state)
{
	_cleanup_(cleanup_free) char *text = signed_text("{}");
	_cleanup_(sign_keypair_freep) struct sign_keypair *other = NULL;
	struct why why = { "" };

	assert_int_equal(sign_keypair_new(&other), 0);
	assert_answer(statement_verify(text, "cubby-consent-1", NULL, NULL, NULL, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_answer(statement_verify(text, TYPE, other->public, NULL, NULL, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "another key"));
}

static void test_statement_ambiguous_json_is_refused(void **state)
{
	char key[2 * SIGN_PUBLIC_BYTES + 1], canonical[512];
	static const char *const members[] = {
		"\"a\":1.0,",
		"\"a\":1e3,",
		"\"a\":null,",
		"\"a\":[null],",
		"\"a\":{\"b\":0.5},",
		"\"a\":1,\"a\":2,",
		"\"a\":99999999999999999999,",
		"\"a\":\"\\u0000\",",
		"\"a\":01,",
	};

	hex_text(pair->public, SIGN_PUBLIC_BYTES, key);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		_cleanup_(cleanup_free) char *text = NULL;

		snprintf(canonical, sizeof(canonical),
			 "{%s\"key\":\"%s\",\"statement\":\"" TYPE "\"}", members[i], key);
		text = forged_text(canonical);
		assert_refused(text, "not a statement");
	}
	/* The forger's hand is good: a proper text of its making holds. */
	{
		_cleanup_(cleanup_free) char *text = NULL;

		snprintf(canonical, sizeof(canonical),
			 "{\"a\":1,\"key\":\"%s\",\"statement\":\"" TYPE "\"}", key);
		text = forged_text(canonical);
		assert_int_equal(statement_verify(text, TYPE, NULL, NULL, NULL, NULL), 0);
	}
}

static void test_statement_no_statement_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"1",
		"\"x\"",
		"{} {}",
		"{\"statement\": 1}",
		"{\"statement\": \"" TYPE "\"}",
		"\xff",
		"null",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_refused(texts[i], "statement");
}

static void test_statement_too_long_is_refused(void **state)
{
	_cleanup_(statement_json_freep) json_t *body = json_object();
	_cleanup_(cleanup_free) char *value = calloc(1, STATEMENT_MAX_BYTES), *text = NULL;
	_cleanup_(cleanup_free) char *padded = malloc(STATEMENT_MAX_BYTES + 2);
	size_t n;

	memset(value, 'x', STATEMENT_MAX_BYTES - 1);
	json_object_set_new(body, "a", json_string(value));
	assert_int_equal(statement_sign(body, TYPE, pair, &text), ANSWER_INVALID_ARGUMENT);
	assert_null(text);
	value[STATEMENT_MAX_BYTES - 1000] = '\0';
	json_object_set_new(body, "a", json_string(value));
	assert_int_equal(statement_sign(body, TYPE, pair, &text), 0);
	assert_int_equal(statement_verify(text, TYPE, NULL, NULL, NULL, NULL), 0);
	n = strlen(text);
	memcpy(padded, text, n);
	memset(padded + n, ' ', STATEMENT_MAX_BYTES + 1 - n);
	padded[STATEMENT_MAX_BYTES + 1] = '\0';
	assert_refused(padded, "longer than");
	padded[STATEMENT_MAX_BYTES] = '\0';
	assert_int_equal(statement_verify(padded, TYPE, NULL, NULL, NULL, NULL), 0);
}

static void test_statement_signs_only_what_it_verifies(void **state)
{
	char *text = NULL;
	static const char *const bodies[] = { "{\"a\": 0.5}", "{\"a\": null}",
					      "{\"a\": [1, [null]]}", "[]" };

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		_cleanup_(statement_json_freep) json_t *body = json_loads(bodies[i], 0, NULL);

		assert_int_equal(statement_sign(body, TYPE, pair, &text), ANSWER_INVALID_ARGUMENT);
	}
	{
		_cleanup_(statement_json_freep) json_t *body = json_object();

		json_object_set_new(body, "a", json_stringn("x\0y", 3));
		assert_int_equal(statement_sign(body, TYPE, pair, &text), ANSWER_INVALID_ARGUMENT);
	}
	assert_null(text);
}

static void test_statement_members_are_checked(void **state)
{
	_cleanup_(statement_json_freep) json_t *body =
		json_loads("{\"s\": \"ab\", \"i\": 7, \"t\": true, \"x\": \"AB\"}", 0, NULL);
	struct why why = { "" };
	const char *text;
	uint8_t byte;
	int64_t n;

	assert_int_equal(statement_get_string(body, "s", &text, &why), 0);
	assert_answer(statement_get_string(body, "i", &text, &why), ANSWER_INVALID_ARGUMENT, why);
	assert_non_null(strstr(why.text, "\"i\""));
	assert_int_equal(statement_get_integer(body, "i", 7, 7, &n, &why), 0);
	assert_int_equal(n, 7);
	assert_int_equal(statement_get_integer(body, "i", 8, 9, &n, &why), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(statement_get_integer(body, "i", 1, 6, &n, &why), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(statement_get_integer(body, "gone", 1, 6, &n, &why),
			 ANSWER_INVALID_ARGUMENT);
	assert_int_equal(statement_get_bytes(body, "s", &byte, 1, &why), 0);
	assert_int_equal(byte, 0xab);
	assert_int_equal(statement_get_bytes(body, "x", &byte, 1, &why), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(statement_get_bytes(body, "i", &byte, 1, &why), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(statement_get_size(body, 4, &why), 0);
	assert_int_equal(statement_get_size(body, 3, &why), ANSWER_INVALID_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statement_round_trip),
		cmocka_unit_test(test_statement_layout_does_not_matter),
		cmocka_unit_test(test_statement_any_change_is_refused),
		cmocka_unit_test(test_statement_member_added_or_removed_is_refused),
		cmocka_unit_test(test_statement_of_another_type_or_key_is_refused),
		cmocka_unit_test(test_statement_ambiguous_json_is_refused),
		cmocka_unit_test(test_statement_no_statement_is_refused),
		cmocka_unit_test(test_statement_too_long_is_refused),
		cmocka_unit_test(test_statement_signs_only_what_it_verifies),
		cmocka_unit_test(test_statement_members_are_checked),
	};

	return cmocka_run_group_tests_name("crypt/statement", tests, group_setup, group_teardown);
}
