/* SPDX-License-Identifier: Apache-2.0 */
/* What a page of the database is given on its way to the disk, byte by byte. */

#include "test.h"

#include "crypt/secret.h"
#include "store/page.h"

#define PAGE 4096
#define CELLS_AT 4000

/* A page full of stale bytes that says it has two cells, from CELLS_AT on. */
static void page_make(uint8_t page[static PAGE], size_t header, uint8_t type)
{
	memset(page, 's', PAGE);
	page[header] = type;
	page[header + 3] = 0;
	page[header + 4] = 2;
	page[header + 5] = CELLS_AT >> 8;
	page[header + 6] = CELLS_AT & 0xff;
}

/* The gap lies behind the two pointers, which stand behind a header of 8 bytes on a leaf and of 12
 * inside the tree. */
static void test_r4_the_gap_of_every_kind_of_page_is_zeroed(void **state)
{
	static const struct {
		uint8_t type;
		size_t header_bytes;
	} kinds[] = { { 2, 12 }, { 5, 12 }, { 10, 8 }, { 13, 8 } };
	uint8_t page[PAGE], before[PAGE];

	for (size_t i = 0; i < 2 * ARRAY_SIZE(kinds); i++) {
		const int64_t at = i % 2 ? PAGE : 0;
		const size_t header = at == 0 ? 100 : 0;
		const size_t gap = header + kinds[i / 2].header_bytes + 2 * 2;

		page_make(page, header, kinds[i / 2].type);
		memcpy(before, page, PAGE);
		page_scrub_gap(page, PAGE, at);
		assert_memory_equal(page, before, gap);
		for (size_t k = gap; k < CELLS_AT; k++)
			assert_int_equal(page[k], 0);
		assert_memory_equal(page + CELLS_AT, before + CELLS_AT, PAGE - CELLS_AT);
	}
}

/* What is no page of a tree, or makes no sense, is SQLite's. */
static void test_other_pages_are_left_alone(void **state)
{
	uint8_t page[PAGE], before[PAGE];

	page_make(page, 0, 0);
	memcpy(before, page, PAGE);
	page_scrub_gap(page, PAGE, PAGE);
	assert_memory_equal(page, before, PAGE);
	page_make(page, 0, 13);
	page[5] = 0xff;
	memcpy(before, page, PAGE);
	page_scrub_gap(page, PAGE, PAGE);
	assert_memory_equal(page, before, PAGE);
}

/* One bit, or another page's place. */
static void test_r8_a_sum_is_of_a_page_and_its_place(void **state)
{
	uint8_t page[PAGE];

	crypt_random(page, PAGE);
	page_sum(page, PAGE, 3 * PAGE);
	assert_true(page_sum_holds(page, PAGE, 3 * PAGE));
	assert_false(page_sum_holds(page, PAGE, 4 * PAGE));
	for (size_t i = 0; i < PAGE; i += 41) {
		page[i] ^= 0x10;
		assert_false(page_sum_holds(page, PAGE, 3 * PAGE));
		page[i] ^= 0x10;
	}
	assert_true(page_sum_holds(page, PAGE, 3 * PAGE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r4_the_gap_of_every_kind_of_page_is_zeroed),
		cmocka_unit_test(test_other_pages_are_left_alone),
		cmocka_unit_test(test_r8_a_sum_is_of_a_page_and_its_place),
	};

	if (crypt_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
