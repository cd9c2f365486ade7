/* SPDX-License-Identifier: Apache-2.0 */
/* What the targets share. Nothing here is random: an input that fails once fails again. */

#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned long times_reached;
static char directory[64];
static pid_t owner;

void fuzz_reached(void)
{
	times_reached++;
}

unsigned long fuzz_times_reached(void)
{
	return times_reached;
}

const struct device *fuzz_device(void)
{
	static const uint8_t bytes[KEY_BYTES] = "a key that everybody may know";
	static struct device *device;
	struct secret *master = NULL;

	if (device)
		return device;
	/* Not crypt_init(): who looks for leaks must be let in. */
	fuzz_check(sodium_init() >= 0);
	fuzz_check(secret_from(bytes, sizeof(bytes), &master) == 0);
	fuzz_check(device_from(master, &device) == 0);
	secret_free(master);
	return device;
}

char *fuzz_text(const uint8_t *bytes, size_t n)
{
	char *text = malloc(n + 1);

	fuzz_check(text);
	memcpy(text, bytes, n);
	text[n] = '\0';
	return text;
}

char *fuzz_signed(const uint8_t *bytes, size_t n, const char *type)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	char *text = NULL;

	body = json_loadb((const char *)bytes, n, 0, NULL);
	if (!body || statement_sign(body, type, fuzz_device()->sign, &text) != 0)
		return NULL;
	return text;
}

const char *fuzz_file(const uint8_t *bytes, size_t n)
{
	static char path[40];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		fuzz_check(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	fuzz_check(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, n, 0) == (ssize_t)n);
	return path;
}

static void directory_remove(void)
{
	DIR *dir = owner == getpid() ? opendir(directory) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(directory);
}

const char *fuzz_directory(void)
{
	const char *place = getenv("CUBBY_TEST_DIR");

	if (directory[0])
		return directory;
	snprintf(directory, sizeof(directory), "%.40s/cubby-fuzz-XXXXXX", place ? place : "/tmp");
	fuzz_check(mkdtemp(directory));
	owner = getpid();
	atexit(directory_remove);
	return directory;
}

uint8_t fuzz_u8(struct fuzz_input *input)
{
	if (input->n == 0)
		return 0;
	input->n--;
	return *input->at++;
}

uint32_t fuzz_u32(struct fuzz_input *input)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | fuzz_u8(input);
	return value;
}

const uint8_t *fuzz_bytes(struct fuzz_input *input, size_t most, size_t *ret_n)
{
	const uint8_t *bytes = input->at;

	*ret_n = most < input->n ? most : input->n;
	input->at += *ret_n;
	input->n -= *ret_n;
	return bytes;
}
