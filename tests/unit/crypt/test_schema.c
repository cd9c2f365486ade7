/* SPDX-License-Identifier: Apache-2.0 */
/* What this room signs is what schemas/json says: the same members, of the kinds written there.
 * The checker below knows just the words those schemas use and fails on any other. */

#include "unit/crypt/crypt_test.h"

#include <regex.h>

#include "crypt/checkpoint.h"
#include "crypt/device.h"
#include "crypt/household.h"
#include "crypt/manifest.h"
#include "crypt/recalls.h"
#include "crypt/receipt.h"
#include "crypt/rekey.h"

static bool value_valid(const json_t *schema, const json_t *value);
static bool object_valid(const json_t *schema, const json_t *value);

static bool string_valid(const json_t *schema, const json_t *value)
{
	const char *pattern = json_string_value(json_object_get(schema, "pattern"));
	const json_t *min = json_object_get(schema, "minLength");
	const json_t *max = json_object_get(schema, "maxLength");
	json_int_t characters = 0;
	regex_t regex;
	bool match;

	if (!json_is_string(value))
		return false;
	for (const char *at = json_string_value(value); *at; at++)
		characters += ((unsigned char)*at & 0xc0) != 0x80;
	if ((min && characters < json_integer_value(min)) ||
	    (max && characters > json_integer_value(max)))
		return false;
	if (!pattern)
		return true;
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	match = regexec(&regex, json_string_value(value), 0, NULL, 0) == 0;
	regfree(&regex);
	return match;
}

static bool integer_valid(const json_t *schema, const json_t *value)
{
	const json_t *min = json_object_get(schema, "minimum");
	const json_t *max = json_object_get(schema, "maximum");

	return json_is_integer(value) &&
	       (!min || json_integer_value(value) >= json_integer_value(min)) &&
	       (!max || json_integer_value(value) <= json_integer_value(max));
}

static bool array_valid(const json_t *schema, const json_t *value)
{
	size_t i, n = json_array_size(value);
	json_t *each;

	if (!json_is_array(value) ||
	    (json_int_t)n < json_integer_value(json_object_get(schema, "minItems")) ||
	    (json_int_t)n > json_integer_value(json_object_get(schema, "maxItems")))
		return false;
	json_array_foreach(value, i, each)
		if (!value_valid(json_object_get(schema, "items"), each))
			return false;
	return true;
}

static bool value_valid(const json_t *schema, const json_t *value)
{
	const char *type = json_string_value(json_object_get(schema, "type"));
	const json_t *constant = json_object_get(schema, "const");
	const json_t *choices = json_object_get(schema, "enum");
	json_t *choice;
	size_t i;

	if (constant)
		return json_equal(constant, value);
	json_array_foreach(choices, i, choice)
		if (json_equal(choice, value))
			return true;
	if (choices)
		return false;
	assert_non_null(type);
	if (strcmp(type, "string") == 0)
		return string_valid(schema, value);
	if (strcmp(type, "integer") == 0)
		return integer_valid(schema, value);
	if (strcmp(type, "object") == 0)
		return object_valid(schema, value);
	assert_string_equal(type, "array");
	return array_valid(schema, value);
}

static json_t *schema_load(const char *statement)
{
	char path[512];
	json_t *schema;

	snprintf(path, sizeof(path), "%s/%s.schema.json", SCHEMA_DIRECTORY, statement);
	schema = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (!schema)
		fail_msg("cannot read %s", path);
	return schema;
}

/* All that the schema knows, and no more. */
static bool object_valid(const json_t *schema, const json_t *body)
{
	const json_t *properties = json_object_get(schema, "properties");
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)body, name, value)
		if (!json_object_get(properties, name) ||
		    !value_valid(json_object_get(properties, name), value))
			return false;
	return json_object_size(body) == json_object_size(properties);
}

/* The schema requires all it knows and allows no more, and the text is just that. */
static void assert_follows(const char *statement, const char *text)
{
	_cleanup_(statement_json_freep) json_t *schema = schema_load(statement);
	_cleanup_(statement_json_freep) json_t *body = json_loads(text, 0, NULL);
	const json_t *required = json_object_get(schema, "required");
	const json_t *properties = json_object_get(schema, "properties");
	json_t *member;
	size_t i;

	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
	assert_int_equal(json_array_size(required), json_object_size(properties));
	assert_int_equal(json_object_size(body), json_array_size(required));
	json_array_foreach(required, i, member) {
		const char *name = json_string_value(member);

		if (!json_object_get(body, name))
			fail_msg("%s has no \"%s\"", statement, name);
		if (!value_valid(json_object_get(properties, name), json_object_get(body, name)))
			fail_msg("\"%s\" of %s is not as in the schema", name, statement);
	}
	assert_true(object_valid(schema, body));
	/* The checker's eyes: something missing, something more, something else. */
	json_object_set_new(body, "more", json_true());
	assert_false(object_valid(schema, body));
	json_object_del(body, "more");
	json_object_set_new(body, "key", json_string("AB"));
	assert_false(object_valid(schema, body));
	json_object_del(body, "key");
	assert_false(object_valid(schema, body));
}

static void test_household_follows_its_schema(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *parent = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	const struct household household = { .home = { 1 }, .release = { 2 } };

	assert_int_equal(sign_keypair_new(&parent), 0);
	assert_int_equal(household_sign(&household, "Zoë", 1700000000, parent, &text), 0);
	assert_follows(HOUSEHOLD_STATEMENT, text);
}

static void test_parent_follows_its_schema(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *parent = NULL;
	const struct vouch vouch = { .name = "Zoë", .parent = { 1 }, .time_s = 1700000000 };
	_cleanup_(cleanup_free) char *text = NULL;

	assert_int_equal(sign_keypair_new(&parent), 0);
	assert_int_equal(vouch_sign(&vouch, parent, &text), 0);
	assert_follows("cubby-parent-1", text);
}

static void test_keys_follow_their_schema(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *parent = NULL;
	const struct rekey rekey = { .number = 1, .home = { 1 }, .release = { 2 },
				     .parents = { .n = 2 }, .time_s = 1700000000 };
	_cleanup_(cleanup_free) char *text = NULL;

	assert_int_equal(sign_keypair_new(&parent), 0);
	assert_int_equal(rekey_sign(&rekey, parent, &text), 0);
	assert_follows(REKEY_STATEMENT, text);
}

static void test_r20_consent_follows_its_schema(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *parent = NULL;

	assert_int_equal(sign_keypair_new(&parent), 0);
	for (int kind = 1; kind <= KIND_MAX; kind++) {
		_cleanup_(cleanup_free) char *text = NULL;
		const struct consent consent = {
			.kind = (enum kind)kind,
			.keep_s = kind_keep_max_s(kind),
			.time_s = 1700000000,
		};

		assert_int_equal(consent_sign(&consent, parent, &text), 0);
		assert_follows(CONSENT_STATEMENT, text);
	}
}

static void test_device_follows_its_schema(void **state)
{
	_cleanup_(secret_freep) struct secret *master = secret_counting(KEY_BYTES);
	_cleanup_(device_freep) struct device *device = NULL;
	_cleanup_(cleanup_free) char *text = NULL;

	assert_int_equal(device_from(master, &device), 0);
	assert_int_equal(device_statement(device, &text), 0);
	assert_follows(DEVICE_STATEMENT, text);
}

static void test_r9_receipt_follows_its_schema(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *device = NULL;
	static const char *const reasons[] = { "delete", "withdraw", "remove", "expire", "reset" };

	assert_int_equal(sign_keypair_new(&device), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++) {
		_cleanup_(cleanup_free) char *text = NULL;
		struct receipt receipt = {
			.asked_min = 1, .ended_min = 1, .n_steps = 1,
			.erasure_level = i < 3 ? i : 3,	/* E3 is the highest */
			.steps = { "slot keys zeroed" },
		};

		strcpy(receipt.reason, reasons[i]);
		assert_int_equal(receipt_sign(&receipt, device, &text), 0);
		assert_follows(RECEIPT_STATEMENT, text);
	}
}

static void test_r14_checkpoint_follows_its_schema(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *device = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	const struct checkpoint checkpoint = { .seq = 3, .time_min = 1, .entries = 3 };

	assert_int_equal(sign_keypair_new(&device), 0);
	assert_int_equal(checkpoint_sign(&checkpoint, device, &text), 0);
	assert_follows(CHECKPOINT_STATEMENT, text);
}

static void assert_line_follows(const char *statement, const char *name, const char *line)
{
	_cleanup_(statement_json_freep) json_t *schema = schema_load(statement);
	_cleanup_(statement_json_freep) json_t *body = json_loads(line, 0, NULL);
	const json_t *part = json_object_get(json_object_get(schema, "$defs"), name);

	assert_int_equal(line[strlen(line) - 1], '\n');
	assert_true(json_is_false(json_object_get(part, "additionalProperties")));
	assert_true(object_valid(part, body));
	json_object_set_new(body, "name", json_string("mia"));
	assert_false(object_valid(part, body));
}

static void test_r19_manifest_follows_its_schema(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *device = NULL;
	_cleanup_(cleanup_free) char *text = NULL, *line = NULL;
	const struct manifest manifest = {
		.made_s = 1700000000, .expires_s = 1700000060, .purpose = "wake words",
		.recipient = "Zoë", .software = "cubby 0", .format = "kaldi", .encoding = "wav",
		.items = 1, .child = 3,
	};
	const struct manifest_item item = {
		.bytes = 1, .expires_s = 1, .review = "heard", .n_lines = 4,
	};

	assert_int_equal(sign_keypair_new(&device), 0);
	assert_int_equal(manifest_sign(&manifest, device, &text), 0);
	assert_follows(MANIFEST_STATEMENT, text);
	assert_int_equal(manifest_item_text(&item, "wav", &line), 0);
	assert_line_follows(MANIFEST_STATEMENT, "item", line);
}

static void test_r19_recalls_follow_their_schema(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *device = NULL;
	_cleanup_(cleanup_free) char *text = NULL, *line = NULL;
	const struct recalls recalls = { .number = 1, .issued_s = 1700000000 };
	const struct recall recall = { .reason = "moved", .recalled_s = 1 };

	assert_int_equal(sign_keypair_new(&device), 0);
	assert_int_equal(recalls_sign(&recalls, device, &text), 0);
	assert_follows(RECALLS_STATEMENT, text);
	assert_int_equal(recall_text(&recall, &line), 0);
	assert_line_follows(RECALLS_STATEMENT, "recall", line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_household_follows_its_schema),
		cmocka_unit_test(test_parent_follows_its_schema),
		cmocka_unit_test(test_keys_follow_their_schema),
		cmocka_unit_test(test_r20_consent_follows_its_schema),
		cmocka_unit_test(test_device_follows_its_schema),
		cmocka_unit_test(test_r9_receipt_follows_its_schema),
		cmocka_unit_test(test_r14_checkpoint_follows_its_schema),
		cmocka_unit_test(test_r19_manifest_follows_its_schema),
		cmocka_unit_test(test_r19_recalls_follow_their_schema),
	};

	return cmocka_run_group_tests_name("crypt/schema", tests, crypt_setup, NULL);
}
