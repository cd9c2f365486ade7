/* SPDX-License-Identifier: Apache-2.0 */
/* R19: what is signed of an export comes back as it went in, and a changed character fails. */

#include "unit/crypt/crypt_test.h"

#include "crypt/manifest.h"
#include "crypt/recalls.h"

static struct sign_keypair *device;

static int group_setup(void **state)
{
	return crypt_init() || sign_keypair_new(&device);
}

static int group_teardown(void **state)
{
	device = sign_keypair_free(device);
	return 0;
}

static struct manifest example(void)
{
	return (struct manifest){
		.export = { { 1, 2 } }, .made_s = 1700000000, .expires_s = 1700086400,
		.purpose = "wake words", .recipient = "Zoë's lab", .policy = { 7 },
		.software = "cubby 0.1.0", .format = "hf", .encoding = "flac", .salt = { 3 },
		.items = 2, .lines = { 5 }, .recalls = 4, .child = 6, .unapproved = 8,
		.elsewhere = 9,
	};
}

static struct manifest_item example_item(void)
{
	return (struct manifest_item){
		.token = { { 0xab } }, .bytes = 1234, .expires_s = 1700086400, .review = "batch",
		.hash = { 1 }, .start = { 2 }, .sound = { 3 }, .lines = { { 4 }, { 5 } },
		.n_lines = 2,
	};
}

static void test_r19_manifest_round_trip(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	const struct manifest manifest = example();
	struct manifest read;
	uint8_t key[SIGN_PUBLIC_BYTES];
	struct why why;

	assert_int_equal(manifest_sign(&manifest, device, &text), 0);
	assert_int_equal(manifest_verify(text, NULL, key, &read, &why), 0);
	assert_memory_equal(key, device->public, SIGN_PUBLIC_BYTES);
	assert_string_equal(read.purpose, manifest.purpose);
	assert_string_equal(read.recipient, manifest.recipient);
	assert_string_equal(read.software, manifest.software);
	assert_string_equal(read.format, "hf");
	assert_string_equal(read.encoding, "flac");
	assert_true(id_equal(&read.export, &manifest.export));
	assert_memory_equal(read.policy, manifest.policy, HASH_BYTES);
	assert_memory_equal(read.salt, manifest.salt, MANIFEST_SALT_BYTES);
	assert_memory_equal(read.lines, manifest.lines, HASH_BYTES);
	assert_int_equal(read.made_s, manifest.made_s);
	assert_int_equal(read.expires_s, manifest.expires_s);
	assert_int_equal(read.items, 2);
	assert_int_equal(read.recalls, 4);
	assert_int_equal(read.child, 6);
	assert_int_equal(read.unapproved, 8);
	assert_int_equal(read.elsewhere, 9);
}

/* The keeper's signature alone would let it hand out the manifest of another export. */
static void test_r19_a_manifest_is_of_one_export_and_its_lines(void **state)
{
	const struct manifest manifest = example();
	uint8_t other[HASH_BYTES];
	char id[ID_TEXT];

	id_text(&manifest.export, id);
	assert_true(manifest_is_of(&manifest, id, manifest.lines));
	memcpy(other, manifest.lines, HASH_BYTES);
	other[HASH_BYTES - 1] ^= 1;
	assert_false(manifest_is_of(&manifest, id, other));
	id[0] = id[0] == '0' ? '1' : '0';
	assert_false(manifest_is_of(&manifest, id, manifest.lines));
	assert_false(manifest_is_of(&manifest, "", manifest.lines));
}

static void test_r19_a_changed_manifest_is_refused(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL;
	const struct manifest manifest = example();
	struct manifest read;
	struct why why;
	size_t n;

	assert_int_equal(manifest_sign(&manifest, device, &text), 0);
	n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		text[i] ^= 1;
		assert_answer(manifest_verify(text, device->public, NULL, &read, &why),
			      ANSWER_INVALID_ARGUMENT, why);
		text[i] ^= 1;
	}
	assert_int_equal(manifest_verify(text, device->public, NULL, &read, &why), 0);
}

static void test_a_manifest_of_nonsense_is_not_signed(void **state)
{
	struct manifest wrong[7];
	_cleanup_(cleanup_free) char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		wrong[i] = example();
	wrong[0].purpose[0] = '\0';
	strcpy(wrong[1].recipient, "two\nlines");
	strcpy(wrong[2].format, "csv");
	strcpy(wrong[3].encoding, "mp3");
	wrong[4].items = 0;
	wrong[5].made_s = 0;
	strcpy(wrong[6].purpose, "\xff");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(manifest_sign(&wrong[i], device, &text), ANSWER_INVALID_ARGUMENT);
	assert_null(text);
}

static void test_r19_an_item_round_trip(void **state)
{
	_cleanup_(cleanup_free) char *line = NULL;
	const struct manifest_item item = example_item();
	struct manifest_item read;
	struct why why;
	size_t n;

	assert_int_equal(manifest_item_text(&item, "flac", &line), 0);
	n = strlen(line) - 1;
	assert_int_equal(line[n], '\n');
	assert_int_equal(manifest_item_parse(line, n, "flac", &read, &why), 0);
	assert_true(id_equal(&read.token, &item.token));
	assert_string_equal(read.review, "batch");
	assert_int_equal(read.bytes, item.bytes);
	assert_int_equal(read.expires_s, item.expires_s);
	assert_memory_equal(read.hash, item.hash, HASH_BYTES);
	assert_memory_equal(read.start, item.start, HASH_BYTES);
	assert_memory_equal(read.sound, item.sound, HASH_BYTES);
	assert_int_equal(read.n_lines, 2);
	assert_memory_equal(read.lines, item.lines, sizeof(item.lines));
	/* Its file is where its token says. */
	assert_answer(manifest_item_parse(line, n, "wav", &read, &why), ANSWER_INVALID_ARGUMENT,
		      why);
	memcpy(strstr(line, "audio/"), "../../", 6);
	assert_answer(manifest_item_parse(line, n, "flac", &read, &why), ANSWER_INVALID_ARGUMENT,
		      why);
	assert_answer(manifest_item_parse("{}", 2, "flac", &read, &why), ANSWER_INVALID_ARGUMENT,
		      why);
	assert_answer(manifest_item_parse("", 0, "flac", &read, &why), ANSWER_INVALID_ARGUMENT,
		      why);
}

static void test_r19_recalls_round_trip(void **state)
{
	_cleanup_(cleanup_free) char *text = NULL, *line = NULL;
	const struct recalls recalls = { 3, 1700000000, 1, { 9 } };
	const struct recall recall = { { { 1 } }, { { 2 } }, "moved", 1699999980 };
	struct recalls read;
	struct recall one;
	struct why why;

	assert_int_equal(recalls_sign(&recalls, device, &text), 0);
	assert_int_equal(recalls_verify(text, device->public, NULL, &read, &why), 0);
	assert_memory_equal(&read, &recalls, sizeof(read));
	*strstr(text, "3") = '4';
	assert_answer(recalls_verify(text, device->public, NULL, &read, &why),
		      ANSWER_INVALID_ARGUMENT, why);
	assert_int_equal(recall_text(&recall, &line), 0);
	assert_int_equal(recall_parse(line, strlen(line) - 1, &one, &why), 0);
	assert_true(id_equal(&one.export, &recall.export));
	assert_true(id_equal(&one.token, &recall.token));
	assert_string_equal(one.reason, "moved");
	assert_int_equal(one.recalled_s, recall.recalled_s);
	memcpy(strstr(line, "moved"), "mooed", 5);
	assert_answer(recall_parse(line, strlen(line) - 1, &one, &why), ANSWER_INVALID_ARGUMENT,
		      why);
	/* A manifest is no list of recalls. */
	assert_answer(recalls_verify("{}", NULL, NULL, &read, &why), ANSWER_INVALID_ARGUMENT, why);
}

static void test_a_hash_in_pieces_is_the_hash(void **state)
{
	static const char text[] = "the quick brown fox jumps over the lazy dog";
	uint8_t whole[HASH_BYTES], pieces[HASH_BYTES];
	const uint8_t key[16] = { 1 };
	struct hash_stream stream;

	for (int keyed = 0; keyed < 2; keyed++) {
		if (keyed)
			crypt_hash_keyed(key, sizeof(key), text, sizeof(text), whole);
		else
			crypt_hash(text, sizeof(text), whole);
		hash_stream_begin(&stream, keyed ? key : NULL, sizeof(key));
		for (size_t i = 0; i < sizeof(text); i++)
			hash_stream_add(&stream, text + i, 1);
		hash_stream_end(&stream, pieces);
		assert_memory_equal(whole, pieces, HASH_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r19_manifest_round_trip),
		cmocka_unit_test(test_r19_a_manifest_is_of_one_export_and_its_lines),
		cmocka_unit_test(test_r19_a_changed_manifest_is_refused),
		cmocka_unit_test(test_a_manifest_of_nonsense_is_not_signed),
		cmocka_unit_test(test_r19_an_item_round_trip),
		cmocka_unit_test(test_r19_recalls_round_trip),
		cmocka_unit_test(test_a_hash_in_pieces_is_the_hash),
	};

	return cmocka_run_group_tests_name("crypt/manifest", tests, group_setup, group_teardown);
}
