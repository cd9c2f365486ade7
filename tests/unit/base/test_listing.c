/* SPDX-License-Identifier: Apache-2.0 */
/* Items as bytes: what is written is read again, and what is not whole is not read. */

#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/listing.h"

static const struct listing_item full = {
	.id = { { 1, 2, 3 } }, .profile = { { 9, 8, 7 } }, .started_s = 0x0102030405060708,
	.n_parts = 3,
	.parts = { { KIND_AUDIO, 94335, 1 }, { KIND_TRANSCRIPT, UINT32_MAX, UINT64_MAX },
		   { KIND_LOCATION, 0, 86400 } },
};

static void test_items_are_read_as_they_were_written(void **state)
{
	struct listing_item items[4], again;
	uint8_t bytes[4 * LISTING_ITEM_MAX_BYTES];
	size_t n = 0, at = 0;

	for (unsigned i = 0; i < 4; i++) {
		items[i] = full;
		items[i].id.bytes[15] = (uint8_t)i;
		items[i].n_parts = i;
		n += listing_put(&items[i], bytes + n);
	}
	assert_int_equal(n, 4 * 44 + (0 + 1 + 2 + 3) * 16);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(listing_next(bytes, n, &at, &again), 0);
		assert_true(id_equal(&again.id, &items[i].id));
		assert_true(id_equal(&again.profile, &items[i].profile));
		assert_int_equal(again.started_s, items[i].started_s);
		assert_int_equal(again.n_parts, i);
		for (unsigned k = 0; k < i; k++) {
			assert_int_equal(again.parts[k].kind, items[i].parts[k].kind);
			assert_int_equal(again.parts[k].bytes, items[i].parts[k].bytes);
			assert_int_equal(again.parts[k].expires_s, items[i].parts[k].expires_s);
		}
	}
	assert_int_equal(at, n);
	assert_int_equal(listing_next(bytes, n, &at, &again), ANSWER_INVALID_ARGUMENT);
	at = n + 1;
	assert_int_equal(listing_next(bytes, n, &at, &again), ANSWER_INVALID_ARGUMENT);
}

/* In memory that ends where they end: what reads on is seen. */
static void test_cut_anywhere_they_are_refused(void **state)
{
	uint8_t bytes[LISTING_ITEM_MAX_BYTES];
	const size_t n = listing_put(&full, bytes);
	struct listing_item item;

	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *short_of = malloc(cut + !cut);
		size_t at = 0;

		memcpy(short_of, bytes, cut);
		assert_int_equal(listing_next(short_of, cut, &at, &item), ANSWER_INVALID_ARGUMENT);
		assert_int_equal(at, 0);
		free(short_of);
	}
}

static void test_parts_that_are_not_there_are_refused(void **state)
{
	uint8_t bytes[2 * LISTING_ITEM_MAX_BYTES] = { 0 };
	const size_t n_at = 40, kind_at = 44;
	struct listing_item item;
	size_t at = 0;

	listing_put(&full, bytes);
	bytes[n_at] = KIND_MAX + 1;
	assert_int_equal(listing_next(bytes, sizeof(bytes), &at, &item), ANSWER_INVALID_ARGUMENT);
	memset(bytes + n_at, 0xff, 4);
	assert_int_equal(listing_next(bytes, sizeof(bytes), &at, &item), ANSWER_INVALID_ARGUMENT);
	listing_put(&full, bytes);
	bytes[kind_at] = KIND_MAX + 1;
	assert_int_equal(listing_next(bytes, sizeof(bytes), &at, &item), ANSWER_INVALID_ARGUMENT);
	bytes[kind_at] = 0;
	assert_int_equal(listing_next(bytes, sizeof(bytes), &at, &item), ANSWER_INVALID_ARGUMENT);
	assert_int_equal(at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items_are_read_as_they_were_written),
		cmocka_unit_test(test_cut_anywhere_they_are_refused),
		cmocka_unit_test(test_parts_that_are_not_there_are_refused),
	};

	return cmocka_run_group_tests_name("base-listing", tests, NULL, NULL);
}
