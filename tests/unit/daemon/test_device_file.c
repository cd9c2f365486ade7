/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's own key: plain in its file, or sealed with a credential, and never both. */

#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "crypt/door.h"
#include "device_file.h"

#define SEALED_BYTES 72

static char dir[] = "/tmp/cubby-device-XXXXXX";
static char key_path[128], new_path[128], credentials[128];
static struct why why;

static void written(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, bytes, n), 0);
	close(fd);
}

/* Whoever starts the keeper has a credential of n bytes `fill` for it. */
static void credential(uint8_t fill, size_t n)
{
	char path[160];
	uint8_t bytes[64];

	memset(bytes, fill, sizeof(bytes));
	mkdir(credentials, 0700);
	snprintf(path, sizeof(path), "%s/cubby.device-key", credentials);
	written(path, bytes, n);
	setenv("CREDENTIALS_DIRECTORY", credentials, 1);
}

static int opened(struct secret **ret, bool *ret_made)
{
	_cleanup_(state_freep) struct state *state = NULL;

	assert_int_equal(state_open(dir, &state, &why), 0);
	why.text[0] = '\0';
	secret_free(*ret);
	*ret = NULL;
	return device_file_open(state, ret, ret_made, &why);
}

static int anew(void **state)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/cubby.device-key", credentials);
	unlink(path);
	rmdir(credentials);
	unlink(key_path);
	unlink(new_path);
	unsetenv("CREDENTIALS_DIRECTORY");
	return 0;
}

/* What is answered when the file is `bytes` long and has this mode. */
static int key_answer(size_t bytes, mode_t mode)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	const uint8_t zeros[80] = {0};
	bool made;
	int r;

	written(key_path, zeros, bytes);
	assert_int_equal(chmod(key_path, mode), 0);
	r = opened(&key, &made);
	if (!r)
		assert_false(made);
	unlink(key_path);
	return r;
}

static void test_a_key_others_could_read_is_refused(void **state)
{
	assert_answer(key_answer(32, 0644), ANSWER_FAILED, why);
	assert_answer(key_answer(32, 0660), ANSWER_FAILED, why);
	assert_answer(key_answer(31, 0600), ANSWER_FAILED, why);
	assert_answer(key_answer(33, 0600), ANSWER_FAILED, why);
	assert_int_equal(key_answer(32, 0600), 0);
}

static void test_a_key_is_made_once(void **state)
{
	_cleanup_(secret_freep) struct secret *first = NULL;
	_cleanup_(secret_freep) struct secret *second = NULL;
	char target[160];
	struct stat st;
	bool made;

	assert_int_equal(opened(&first, &made), 0);
	assert_true(made);
	assert_int_equal(opened(&second, &made), 0);
	assert_false(made);
	assert_memory_equal(first->bytes, second->bytes, KEY_BYTES);
	assert_int_equal(stat(key_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, KEY_BYTES);
	snprintf(target, sizeof(target), "%s/other.key", dir);
	assert_int_equal(rename(key_path, target), 0);
	assert_int_equal(symlink(target, key_path), 0);
	assert_answer(opened(&second, &made), ANSWER_FAILED, why);
	unlink(target);
}

/* The file's bytes, of which there are n. */
static void held(size_t n, uint8_t *ret)
{
	_cleanup_(cleanup_free) char *bytes = NULL;
	size_t n_read;

	assert_int_equal(file_read_path(key_path, 100, &bytes, &n_read), 0);
	assert_int_equal(n_read, n);
	memcpy(ret, bytes, n);
}

static void test_a_plain_key_is_sealed_in_its_place(void **state)
{
	_cleanup_(secret_freep) struct secret *plain = NULL;
	_cleanup_(secret_freep) struct secret *key = NULL;
	_cleanup_(secret_freep) struct secret *wrap = NULL;
	_cleanup_(secret_freep) struct secret *inside = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	uint8_t fill[KEY_BYTES], old[KEY_BYTES], sealed[SEALED_BYTES], again[SEALED_BYTES];
	bool made;

	assert_int_equal(opened(&plain, &made), 0);
	fd = open(key_path, O_RDONLY);
	credential(7, KEY_BYTES);
	assert_int_equal(opened(&key, &made), 0);
	assert_false(made);
	assert_memory_equal(plain->bytes, key->bytes, KEY_BYTES);
	held(SEALED_BYTES, sealed);
	memset(fill, 7, sizeof(fill));
	assert_int_equal(secret_from(fill, sizeof(fill), &wrap), 0);
	assert_int_equal(wrap_open(wrap, "cubby.device-key", sealed, sizeof(sealed), &inside), 0);
	assert_memory_equal(inside->bytes, plain->bytes, KEY_BYTES);
	/* The plain one has no name any more, and its bytes are gone. */
	assert_int_not_equal(access(new_path, F_OK), 0);
	assert_int_equal(file_pread(fd, old, sizeof(old), 0), 0);
	memset(fill, 0, sizeof(fill));
	assert_memory_equal(old, fill, sizeof(old));

	assert_int_equal(opened(&key, &made), 0);
	assert_memory_equal(plain->bytes, key->bytes, KEY_BYTES);
	held(SEALED_BYTES, again);
	assert_memory_equal(sealed, again, SEALED_BYTES);
}

static void test_a_sealed_key_wants_its_credential(void **state)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	uint8_t sealed[SEALED_BYTES], after[SEALED_BYTES];
	bool made = false;

	credential(7, KEY_BYTES);
	assert_int_equal(opened(&key, &made), 0);
	assert_true(made);
	held(SEALED_BYTES, sealed);
	credential(8, KEY_BYTES);
	assert_answer(opened(&key, &made), ANSWER_FAILED, why);
	credential(7, KEY_BYTES - 1);
	assert_answer(opened(&key, &made), ANSWER_FAILED, why);
	credential(7, KEY_BYTES + 1);
	assert_answer(opened(&key, &made), ANSWER_FAILED, why);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_answer(opened(&key, &made), ANSWER_FAILED, why);
	assert_non_null(strstr(why.text, "cubby.device-key"));
	held(SEALED_BYTES, after);
	assert_memory_equal(sealed, after, SEALED_BYTES);
	credential(7, KEY_BYTES);
	assert_int_equal(opened(&key, &made), 0);
}

/* systemd makes the directory also when it finds no credential. */
static void test_no_credential_is_a_plain_key(void **state)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	struct stat st;
	bool made;

	assert_int_equal(mkdir(credentials, 0700), 0);
	setenv("CREDENTIALS_DIRECTORY", credentials, 1);
	assert_int_equal(opened(&key, &made), 0);
	assert_int_equal(stat(key_path, &st), 0);
	assert_int_equal(st.st_size, KEY_BYTES);
}

static void test_a_reset_makes_another_that_is_sealed(void **state)
{
	_cleanup_(state_freep) struct state *open = NULL;
	_cleanup_(secret_freep) struct secret *first = NULL;
	_cleanup_(secret_freep) struct secret *second = NULL;
	_cleanup_(secret_freep) struct secret *third = NULL;
	bool made;

	credential(7, KEY_BYTES);
	assert_int_equal(state_open(dir, &open, &why), 0);
	assert_int_equal(device_file_open(open, &first, &made, &why), 0);
	assert_int_equal(device_file_renew(open, &second), 0);
	assert_memory_not_equal(first->bytes, second->bytes, KEY_BYTES);
	assert_int_equal(opened(&third, &made), 0);
	assert_false(made);
	assert_memory_equal(second->bytes, third->bytes, KEY_BYTES);
}

/* A start that was cut off after the two had changed names. */
static void test_a_plain_key_left_over_is_erased(void **state)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	uint8_t bytes[KEY_BYTES], zeros[KEY_BYTES] = {0};
	bool made;

	credential(7, KEY_BYTES);
	assert_int_equal(opened(&key, &made), 0);
	memset(bytes, 1, sizeof(bytes));
	written(new_path, bytes, sizeof(bytes));
	fd = open(new_path, O_RDONLY);
	assert_int_equal(opened(&key, &made), 0);
	assert_int_not_equal(access(new_path, F_OK), 0);
	assert_int_equal(file_pread(fd, bytes, sizeof(bytes), 0), 0);
	assert_memory_equal(bytes, zeros, sizeof(bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_key_others_could_read_is_refused, anew),
		cmocka_unit_test_teardown(test_a_key_is_made_once, anew),
		cmocka_unit_test_teardown(test_a_plain_key_is_sealed_in_its_place, anew),
		cmocka_unit_test_teardown(test_a_sealed_key_wants_its_credential, anew),
		cmocka_unit_test_teardown(test_no_credential_is_a_plain_key, anew),
		cmocka_unit_test_teardown(test_a_reset_makes_another_that_is_sealed, anew),
		cmocka_unit_test_teardown(test_a_plain_key_left_over_is_erased, anew),
	};
	int failed;

	unsetenv("CREDENTIALS_DIRECTORY");
	if (crypt_init() || !mkdtemp(dir))
		return 1;
	snprintf(key_path, sizeof(key_path), "%s/device.key", dir);
	snprintf(new_path, sizeof(new_path), "%s/device.key.new", dir);
	snprintf(credentials, sizeof(credentials), "%s/credentials", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
