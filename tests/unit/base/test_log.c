/* SPDX-License-Identifier: Apache-2.0 */
/* One message is one line, whatever is in it. */

#include "unit/test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/log.h"

/* Runs `emit` with stderr going to a memory file and returns what was written. */
static const char *captured(void (*emit)(void), bool journal)
{
	static char text[8192];
	int file = memfd_create("stderr", MFD_CLOEXEC);
	int saved = dup(STDERR_FILENO);
	char stream[64];
	struct stat st;
	ssize_t n;

	fstat(file, &st);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino + (journal ? 0 : 1));
	setenv("JOURNAL_STREAM", stream, 1);
	dup2(file, STDERR_FILENO);
	log_open("prog", LOG_LEVEL_INFO);
	emit();
	dup2(saved, STDERR_FILENO);
	unsetenv("JOURNAL_STREAM");
	log_open("cubby", LOG_LEVEL_INFO);
	n = pread(file, text, sizeof(text) - 1, 0);
	text[n < 0 ? 0 : n] = '\0';
	close(file);
	close(saved);
	return text;
}

static void emit_two(void)
{
	log_error("went wrong: %d", 7);
	log_debug("not shown");
}

static void test_log_prefixes(void **state)
{
	assert_string_equal(captured(emit_two, false), "prog: went wrong: 7\n");
	assert_string_equal(captured(emit_two, true), "<3>went wrong: 7\n");
}

static void emit_forged(void)
{
	log_warning("name %s", "x\n<3>forged \033[31m\x7f");
}

static void test_log_line_cannot_be_forged(void **state)
{
	assert_string_equal(captured(emit_forged, true), "<4>name x?<3>forged ?[31m?\n");
}

static void emit_long(void)
{
	char value[4096];

	memset(value, 'y', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	log_info("%s", value);
}

static void test_log_long_message_is_cut(void **state)
{
	const char *text = captured(emit_long, false);

	assert_int_equal(strlen(text), 1023);
	assert_int_equal(text[1022], '\n');
}

static void emit_fault(void)
{
	fault_trace(fault_origin(-ENOSPC));
}

static void test_fault_leaves_a_trail(void **state)
{
	const char *text = captured(emit_fault, false);

	assert_non_null(strstr(text, "fault: No space left on device in emit_fault ("));
	assert_non_null(strstr(text, "tests/unit/base/test_log.c:"));
	assert_non_null(strstr(text, "fault: passed emit_fault"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_prefixes),
		cmocka_unit_test(test_log_line_cannot_be_forged),
		cmocka_unit_test(test_log_long_message_is_cut),
		cmocka_unit_test(test_fault_leaves_a_trail),
	};

	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
