/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints, and entries of the log as bytes. */

#include "unit/crypt/crypt_test.h"

#include "crypt/checkpoint.h"
#include "crypt/logpage.h"

static void test_r14_a_checkpoint_is_of_its_device(void **state)
{
	_cleanup_(sign_keypair_freep) struct sign_keypair *device = NULL, *other = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	const struct checkpoint made = { .seq = 7, .hash = { 1, 2 }, .time_min = 5, .entries = 6 };
	struct checkpoint read;
	struct why why;
	char *digit;

	assert_int_equal(sign_keypair_new(&device), 0);
	assert_int_equal(sign_keypair_new(&other), 0);
	assert_int_equal(checkpoint_sign(&made, device, &text), 0);
	assert_int_equal(checkpoint_verify(text, device->public, &read, &why), 0);
	assert_int_equal(read.seq, 7);
	assert_int_equal(read.entries, 6);
	assert_int_equal(read.time_min, 5);
	assert_memory_equal(read.hash, made.hash, sizeof(made.hash));
	assert_int_equal(checkpoint_verify(text, other->public, &read, &why),
			 ANSWER_INVALID_ARGUMENT);
	digit = strstr(text, "\"entries\":6") + strlen("\"entries\":");
	*digit = '7';
	assert_int_equal(checkpoint_verify(text, device->public, &read, &why),
			 ANSWER_INVALID_ARGUMENT);
}

static struct logpage page_of_three(void)
{
	struct logpage page = { 0 };
	struct logpage_entry entry = { .seq = 1, .time_min = 2, .tagged = true, .body = "{}",
				       .n_body = 2, .salt = { 3 }, .hash = { 4 }, .tag = { 5 } };

	assert_int_equal(logpage_add(&page, &entry), 0);
	entry = (struct logpage_entry){ .seq = UINT64_MAX, .emptied = true, .body = "",
					.body_hash = { 6 } };
	assert_int_equal(logpage_add(&page, &entry), 0);
	entry = (struct logpage_entry){ .seq = 3, .body = "{\"what\": \"list\"}", .n_body = 16 };
	assert_int_equal(logpage_add(&page, &entry), 0);
	return page;
}

static void test_entries_come_out_as_they_went_in(void **state)
{
	_cleanup_(logpage_clear) struct logpage page = page_of_three();
	struct logpage_entry entry;
	size_t at = 0;

	assert_int_equal(page.n, 3 * 121 + 2 + 16);
	assert_int_equal(logpage_next(page.bytes, page.n, &at, &entry), 0);
	assert_true(entry.seq == 1 && entry.time_min == 2 && entry.tagged && !entry.emptied);
	assert_string_equal(entry.body, "{}");
	assert_true(entry.salt[0] == 3 && entry.hash[0] == 4 && entry.tag[0] == 5);
	assert_int_equal(logpage_next(page.bytes, page.n, &at, &entry), 0);
	assert_true(entry.seq == UINT64_MAX && !entry.tagged && entry.emptied);
	assert_int_equal(entry.body_hash[0], 6);
	assert_int_equal(logpage_next(page.bytes, page.n, &at, &entry), 0);
	assert_string_equal(entry.body, "{\"what\": \"list\"}");
	assert_int_equal(at, page.n);
	assert_int_equal(logpage_next(page.bytes, page.n, &at, &entry), ANSWER_INVALID_ARGUMENT);
}

/* Cut anywhere, and with any byte changed: read to an end or refused, and nothing behind it. */
static void test_bytes_of_others_are_read_with_care(void **state)
{
	_cleanup_(logpage_clear) struct logpage page = page_of_three();
	struct logpage_entry entry;

	for (size_t n = 0; n < page.n; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		size_t at = 0;

		memcpy(copy, page.bytes, n);
		while (logpage_next(copy, n, &at, &entry) == 0)
			assert_true(at <= n && strlen(entry.body) <= entry.n_body);
		free(copy);
	}
	for (size_t i = 0; i < page.n * 255; i++) {
		uint8_t *copy = malloc(page.n);
		size_t at = 0;

		memcpy(copy, page.bytes, page.n);
		copy[i / 255] ^= (uint8_t)(1 + i % 255);
		while (at < page.n && logpage_next(copy, page.n, &at, &entry) == 0)
			assert_true(at <= page.n && strlen(entry.body) <= entry.n_body);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r14_a_checkpoint_is_of_its_device),
		cmocka_unit_test(test_entries_come_out_as_they_went_in),
		cmocka_unit_test(test_bytes_of_others_are_read_with_care),
	};

	return cmocka_run_group_tests_name("crypt/checkpoint", tests, crypt_setup, NULL);
}
