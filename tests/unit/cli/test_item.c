/* SPDX-License-Identifier: Apache-2.0 */
/* How items look, against golden files: the field names are public. */

#include "unit/test.h"

#include <locale.h>
#include <time.h>

#include "base/file.h"
#include "item.h"
#include "moment.h"

#define STARTED_S 1780212600
#define NOW_S (STARTED_S + 600)

static const struct cubby_part parts[] = {
	{ .kind = "audio", .expires_s = STARTED_S + 30 * 86400, .sealed_bytes = 70000 },
	{ .kind = "transcript", .expires_s = STARTED_S + 90 * 86400, .sealed_bytes = 1100 },
};

static const struct cubby_item item_both = {
	.id = "0123456789abcdef0123456789abcdef",
	.profile_id = "ffeeddccbbaa99887766554433221100",
	.started_s = STARTED_S,
	.n_parts = 2,
	.parts = parts,
};

static const struct cubby_opened opened_text = {
	.text = "go forward \"ten\" meters \xc3\xa9t\xc3\xa9 \033[31mred",
	.confidence = 0.93,
	.duration_ms = 2100,
};

static void assert_golden(const char *name, const char *text)
{
	_cleanup_(cleanup_free) char *golden = NULL;
	char path[512];

	snprintf(path, sizeof(path), GOLDEN_DIRECTORY "/%s", name);
	/* CUBBY_GOLDEN=write makes the files anew; look at the difference before committing it. */
	if (getenv("CUBBY_GOLDEN")) {
		_cleanup_(cleanup_fclose) FILE *file = fopen(path, "w");

		fputs(text, file);
	}
	assert_int_equal(file_read_path(path, 65536, &golden, NULL), 0);
	assert_string_equal(text, golden);
}

static void assert_golden_json(const char *name, const struct cubby_opened *opened)
{
	_cleanup_(render_json_freep) json_t *json = item_json(&item_both, "emma", opened);
	char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(12));

	assert_golden(name, text);
	free(text);
}

static void test_json_of_a_shut_item(void **state)
{
	assert_golden_json("item-shut.json", NULL);
}

static void test_json_of_an_opened_item(void **state)
{
	assert_golden_json("item-opened.json", &opened_text);
}

static void test_table(void **state)
{
	static const char *const heads[] = { "ID", "STARTED", "PROFILE", "KINDS", "EXPIRES",
					    ">LENGTH",
					     "~TRANSCRIPT", NULL };
	_cleanup_(table_freep) struct table *table = NULL;
	struct item_cells cells;
	const char *row[] = { cells.id, cells.started, "emma", cells.kinds, cells.expires,
			     cells.length,
			      opened_text.text };
	char *text = NULL;

	assert_int_equal(table_new(heads, false, &table), 0);
	item_cells(&item_both, &opened_text, NOW_S, &cells);
	assert_int_equal(table_row(table, row), 0);
	assert_int_equal(table_text(table, &text), 0);
	/* Whatever was said or recognised: no escape reaches the screen. */
	assert_null(strchr(text, '\033'));
	assert_golden("table.txt", text);
	free(text);
}

static void test_color_only_when_asked(void **state)
{
	static const char *const heads[] = { "STATE", NULL };

	for (int color = 0; color < 2; color++) {
		_cleanup_(table_freep) struct table *table = NULL;
		char *text = NULL;

		assert_int_equal(table_new(heads, color, &table), 0);
		assert_int_equal(table_row(table, (const char *[]){ "in force" }), 0);
		assert_int_equal(table_tint(table, 0, TINT_GOOD), 0);
		assert_int_equal(table_text(table, &text), 0);
		assert_int_equal(strchr(text, '\033') != NULL, color);
		free(text);
	}
}

static void test_one_fate_is_said_once(void **state)
{
	struct cubby_part same[] = { parts[0], parts[0] };
	struct cubby_item item = item_both;
	struct item_cells cells;

	same[1].kind = "transcript";
	item.parts = same;
	item_cells(&item, NULL, NOW_S, &cells);
	assert_string_equal(cells.expires, "in 30 d");
	assert_string_equal(cells.length, "");
}

static void test_text_cannot_drive_the_terminal(void **state)
{
	char text[] = "a\033[2Jb\nc\x7f \xc2\x9b \xc3\xa9";

	render_clean(text);
	assert_string_equal(text, "a?[2Jb?c? ?? \xc3\xa9");
}

static void test_text_reads_as_it_is_written(void **state)
{
	/* "approved" with an override before it, a dash, an isolate, and the first byte of one. */
	char text[] = "\xe2\x80\xae" "approved \xe2\x80\x93 \xe2\x81\xa6\xe2\x80";

	render_clean(text);
	assert_string_equal(text, "???approved \xe2\x80\x93 ???\xe2\x80");
}

static void test_cells_cannot_drive_the_terminal(void **state)
{
	static const char *const row[] = { "x\033[2Jy", "\xe2\x80\xaez" };
	_cleanup_(table_freep) struct table *table = NULL;
	_cleanup_(cleanup_free) char *text = NULL;

	assert_int_equal(table_new((const char *const[]){ "a", "b", NULL }, false, &table), 0);
	assert_int_equal(table_row(table, row), 0);
	assert_int_equal(table_text(table, &text), 0);
	assert_non_null(strstr(text, "x?[2Jy"));
	assert_non_null(strstr(text, "???z"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_of_a_shut_item),
		cmocka_unit_test(test_json_of_an_opened_item),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_color_only_when_asked),
		cmocka_unit_test(test_one_fate_is_said_once),
		cmocka_unit_test(test_text_cannot_drive_the_terminal),
		cmocka_unit_test(test_text_reads_as_it_is_written),
		cmocka_unit_test(test_cells_cannot_drive_the_terminal),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests_name("item", tests, NULL, NULL);
}
