/* SPDX-License-Identifier: Apache-2.0 */
/* R7: locked, guarded, kept out of dumps; and the hashes everybody uses. */

#include "unit/crypt/crypt_test.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* AddressSanitizer replaces mlock(2) by a function that does nothing. */
static void skip_without_mlock(void)
{
#ifdef __SANITIZE_ADDRESS__
	print_message("# memory is not locked under AddressSanitizer\n");
	skip();
#endif
}

static void test_r7_no_core_and_not_dumpable(void **state)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	assert_int_equal(limit.rlim_cur, 0);
	assert_int_equal(limit.rlim_max, 0);
	assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
}

/* The VmFlags of the mapping that holds `address`. */
static void mapping_flags(const void *address, char flags[static 256])
{
	FILE *file = fopen("/proc/self/smaps", "r");
	char line[512];
	bool here = false;

	flags[0] = '\0';
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (unsigned long)address >= from && (unsigned long)address < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, 256, "%.250s", line);
	}
	fclose(file);
}

static void test_r7_secret_is_locked_and_not_dumped(void **state)
{
	_cleanup_(secret_freep) struct secret *secret = NULL;
	char flags[256];

	skip_without_mlock();
	assert_int_equal(secret_random(5000, &secret), 0);
	mapping_flags(secret->bytes, flags);
	assert_non_null(strstr(flags, " lo"));	/* locked */
	assert_non_null(strstr(flags, " dd"));	/* not in dumps */
	/* The eyes see a difference: this page is neither. */
	mapping_flags(state, flags);
	assert_null(strstr(flags, " dd"));
}

static int child_status(void (*run)(void))
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(9);
		/* cmocka would catch these and go on testing. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void read_behind(void)
{
	struct secret *secret = NULL;
	volatile uint8_t byte;

	if (secret_new(32, &secret) == 0)
		byte = secret->bytes[32];
	(void)byte;
}

static void test_secret_has_a_guard_page_behind(void **state)
{
	assert_int_not_equal(child_status(read_behind), 0);
}

static void write_before(void)
{
	struct secret *secret = NULL;

	if (secret_new(32, &secret) == 0)
		((volatile uint8_t *)secret->bytes)[-1] ^= 1;
	secret_free(secret);
}

static void test_secret_notices_an_underrun(void **state)
{
	assert_int_not_equal(child_status(write_before), 0);
}

static void test_unlocked_memory_is_warned_of_once(void **state)
{
	int pipes[2], status;
	char text[4096];
	const char *found;
	size_t n = 0;
	ssize_t got;
	pid_t child;

	skip_without_mlock();
	assert_int_equal(pipe(pipes), 0);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		const struct rlimit none = { 0, 0 };
		struct secret *secret = NULL;

		dup2(pipes[1], STDERR_FILENO);
		if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 ||
		    (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0))
			_exit(9);
		for (int i = 0; i < 3; i++)
			if (secret_new(32, &secret) != 0)
				_exit(8);
		_exit(0);
	}
	close(pipes[1]);
	while (n < sizeof(text) - 1 && (got = read(pipes[0], text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(pipes[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	found = strstr(text, "RLIMIT_MEMLOCK");
	assert_non_null(found);
	assert_null(strstr(found + 1, "RLIMIT_MEMLOCK"));
}

static void test_secret_new_is_zero_and_random_is_not(void **state)
{
	_cleanup_(secret_freep) struct secret *zero = NULL, *a = NULL, *b = NULL, *none = NULL;
	const uint8_t zeros[64] = { 0 };

	assert_int_equal(secret_new(64, &zero), 0);
	assert_memory_equal(zero->bytes, zeros, 64);
	assert_int_equal(secret_random(64, &a), 0);
	assert_int_equal(secret_random(64, &b), 0);
	assert_false(crypt_equal(a->bytes, b->bytes, 64));
	assert_false(crypt_equal(a->bytes, zeros, 64));
	assert_int_equal(secret_from(NULL, 0, &none), 0);
	assert_int_equal(none->n, 0);
	assert_null(secret_free(NULL));
}

static void test_secret_wipe_wipes(void **state)
{
	char text[] = "passphrase";

	secret_wipe(text, sizeof(text));
	for (size_t i = 0; i < sizeof(text); i++)
		assert_int_equal(text[i], 0);
}

static void test_hash_vectors(void **state)
{
	uint8_t key[64], message[255], hash[HASH_BYTES];

	for (unsigned i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
	memcpy(key, message, sizeof(key));
	/* Python's hashlib, which carries the BLAKE2 authors' code. */
	crypt_hash("abc", 3, hash);
	assert_hex(hash, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
	crypt_hash_keyed(key, 16, "cubby", 5, hash);
	assert_hex(hash, 32, "1327b584c757a598f9aa924cea2c6d698034b459b684996cf748831b14ba3784");
	crypt_hash_keyed(key, 64, message, sizeof(message), hash);
	assert_hex(hash, 32, "fe7b76a61787c089141f9e10fca1e5092488d89c62ea793fb2c5b1f849b4f2cb");
}

static void hash_with_a_short_key(void)
{
	uint8_t hash[HASH_BYTES];

	crypt_hash_keyed("short", 5, "x", 1, hash);
}

static void test_hash_refuses_a_short_key(void **state)
{
	assert_int_not_equal(child_status(hash_with_a_short_key), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r7_no_core_and_not_dumpable),
		cmocka_unit_test(test_r7_secret_is_locked_and_not_dumped),
		cmocka_unit_test(test_secret_has_a_guard_page_behind),
		cmocka_unit_test(test_secret_notices_an_underrun),
		cmocka_unit_test(test_unlocked_memory_is_warned_of_once),
		cmocka_unit_test(test_secret_new_is_zero_and_random_is_not),
		cmocka_unit_test(test_secret_wipe_wipes),
		cmocka_unit_test(test_hash_vectors),
		cmocka_unit_test(test_hash_refuses_a_short_key),
	};

	return cmocka_run_group_tests_name("crypt/secret", tests, crypt_setup, NULL);
}
