/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration, and the policy that is written from it. */

#include "test.h"

#include "base/id.h"
#include "base/kind.h"
#include "config.h"
#include "crypt/secret.h"
#include "policy.h"

static char path[] = "/tmp/cubby-config-XXXXXX";
static struct config config;
static struct why why;

static int load(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	why.text[0] = '\0';
	memset(&config, 0xee, sizeof(config));
	return config_load(path, true, &config, &why);
}

static void refused(const char *text, int line, const char *says)
{
	char place[64];

	assert_answer(load(text), ANSWER_INVALID_ARGUMENT, why);
	snprintf(place, sizeof(place), "%s:%d: ", path, line);
	if (strncmp(why.text, place, strlen(place)) || !strstr(why.text, says))
		fail_msg("\"%s\" does not say %s...%s", why.text, place, says);
}

static void test_all_keys(void **state)
{
	assert_int_equal(load("# a comment\n[retention]\naudio = 7d\ntranscript=12h\nlocation = "
			      "90m\n"
			      "[quota]\nitems = 10\nmegabytes = 2\n[groups]\near = a\nparents = "
			      "b-c\n"
			      "[bus]\nrate = 30 ; an hour has sixty\n"),
			 0);
	assert_int_equal(config.keep_max_s[KIND_AUDIO], 7 * 86400);
	assert_int_equal(config.keep_max_s[KIND_TRANSCRIPT], 12 * 3600);
	assert_int_equal(config.keep_max_s[KIND_LOCATION], 90 * 60);
	assert_int_equal(config.quota_items, 10);
	assert_int_equal(config.quota_bytes, 2 << 20);
	assert_string_equal(config.ear_group, "a");
	assert_string_equal(config.parents_group, "b-c");
	assert_int_equal(config.items_per_min, 30);
}

static void test_an_absent_file_is_the_defaults_unless_named(void **state)
{
	assert_int_equal(config_load("/nonexistent/cubbyd.conf", false, &config, &why), 0);
	for (int kind = 1; kind <= KIND_MAX; kind++)
		assert_int_equal(config.keep_max_s[kind], kind_keep_max_s(kind));
	assert_string_equal(config.ear_group, "cubby-ear");
	assert_answer(config_load("/nonexistent/cubbyd.conf", true, &config, &why),
		      ANSWER_INVALID_ARGUMENT, why);
}

static void test_unknown_things_name_their_line(void **state)
{
	refused("[quota]\nitems = 1\n[nosuch]\n", 3, "[nosuch]");
	refused("\n[quota]\nsize = 1\n", 3, "\"size\"");
	refused("[quota]\nthis is not a key\n", 2, "key = value");
	refused("items = 1\n", 1, "\"items\"");
	refused("[quota]\nitems = 1\nitems = 2\n", 3, "twice");
	refused("[quota]\nnonsense\n[nosuch]\n", 2, "key = value");
	refused("[groups]\near = two words\n", 2, "two words");
	refused("[groups]\near =\n", 2, "name of a group");
}

static void test_numbers_have_ranges(void **state)
{
	refused("[quota]\nitems = 0\n", 2, "1 to");
	refused("[quota]\nitems = -1\n", 2, "\"-1\"");
	refused("[quota]\nmegabytes = 99999999\n", 2, "1 to 1048576");
	refused("[bus]\nrate = 6001\n", 2, "6000");
	refused("[bus]\nrate = 12x\n", 2, "12x");
	refused("[quota]\nitems = 18446744073709551617\n", 2, "1 to");
}

static void test_a_line_too_long_is_refused_not_cut(void **state)
{
	char text[400] = "[quota]\nitems = ";

	memset(text + strlen(text), '1', 300);
	refused(text, 2, "longer");
}

static void test_r2_forever_is_refused(void **state)
{
	static const char *const values[] = {
		"0",
		"0d",
		"-1",
		"-1d",
		"forever",
		"never",
		"max",
		"unlimited",
		"inf",
		"NULL",
		"",
		"31d",
		"999999999999d",
		"30",
		"d",
		"1.5d",
		"5w",
		"30 d",
		"59s",
		"4294967296s",
		"+1d",
		"18446744073709551617s",
	};
	char text[100];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		snprintf(text, sizeof(text), "[retention]\naudio = %s\n", values[i]);
		refused(text, 2, "nothing is kept for ever");
	}
	assert_int_equal(load("[retention]\naudio = 30d\n"), 0);
	assert_int_equal(load("[retention]\naudio = 1m\n"), 0);
	refused("[retention]\ntranscript = 91d\n", 2, "transcript");
	refused("[retention]\nlocation = 8d\n", 2, "location");
}

static void test_r30_the_policy_is_of_the_running_configuration(void **state)
{
	_cleanup_(policy_freep) struct policy *first = NULL;
	_cleanup_(policy_freep) struct policy *second = NULL;
	_cleanup_(policy_freep) struct policy *again = NULL;
	uint8_t hash[HASH_BYTES];
	char text[2 * HASH_BYTES + 1];

	assert_int_equal(load("[retention]\naudio = 7d\ntranscript = 1d\nlocation = 90m\n"), 0);
	assert_int_equal(policy_new(&config, &first), 0);
	assert_int_equal(policy_new(&config, &again), 0);
	assert_non_null(strstr(first->text, "erased after 7 days"));
	assert_non_null(strstr(first->text, "erased after 1 day "));
	assert_non_null(strstr(first->text, "erased after 90 minutes"));
	crypt_hash(first->text, strlen(first->text), hash);
	assert_string_equal(hex_text(hash, sizeof(hash), text), first->hash_text);
	assert_string_equal(first->hash_text, again->hash_text);
	config.keep_max_s[KIND_AUDIO] = 8 * 86400;
	assert_int_equal(policy_new(&config, &second), 0);
	assert_string_not_equal(first->hash_text, second->hash_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_keys),
		cmocka_unit_test(test_an_absent_file_is_the_defaults_unless_named),
		cmocka_unit_test(test_unknown_things_name_their_line),
		cmocka_unit_test(test_numbers_have_ranges),
		cmocka_unit_test(test_a_line_too_long_is_refused_not_cut),
		cmocka_unit_test(test_r2_forever_is_refused),
		cmocka_unit_test(test_r30_the_policy_is_of_the_running_configuration),
	};
	int fd = mkstemp(path);
	int failed;

	if (fd < 0 || crypt_init())
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
