/* SPDX-License-Identifier: Apache-2.0 */
/* slots.bin as the keeper finds it: pages made right where the input says so, and patched by it.
 * Whatever is in the file, a key that a row names is never overwritten by opening it, and no slot
 * is handed out twice. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "fuzz.h"
#include "vault/page.h"
#include "vault/vault.h"

#define PAGES_MAX 4
#define TAKEN 8

/* Pages as they should be, of keys that count up, and then the patches of the input. */
static size_t file_make(struct fuzz_input *input, uint8_t *file)
{
	const uint8_t shape = fuzz_u8(input);
	const size_t pages = shape % (PAGES_MAX + 1);
	size_t n = pages * PAGE_BYTES + (shape & 0x80 ? fuzz_u32(input) % PAGE_BYTES : 0);

	for (uint32_t page = 0; page < pages; page++) {
		page_header_make(file + page * PAGE_BYTES, page);
		for (size_t i = PAGE_HEADER_BYTES; i < PAGE_BYTES; i++)
			file[page * PAGE_BYTES + i] = (uint8_t)(i / PAGE_SLOT_BYTES + page);
	}
	for (unsigned patches = fuzz_u8(input) % 16; patches && n; patches--) {
		size_t at = fuzz_u32(input) % n, length = fuzz_u8(input);
		const uint8_t *bytes;

		/* Most of what matters is in the headers. */
		if (length & 1)
			at = at / PAGE_BYTES * PAGE_BYTES + at % PAGE_HEADER_BYTES;
		bytes = fuzz_bytes(input, length, &length);
		memcpy(file + at, bytes, at + length > n ? n - at : length);
	}
	return n;
}

static void vault_use(struct vault *vault, const struct vault_used *used)
{
	const struct id owner = { "fifteen letters" };
	struct vault_erasure erasures[TAKEN];
	struct secret *key;

	for (int i = 0; i < TAKEN; i++) {
		key = NULL;
		erasures[i] = (struct vault_erasure){ .owner = owner, .kind = VAULT_KIND_LOG };
		fuzz_check(vault_take(vault, &owner, VAULT_KIND_LOG, &erasures[i].slot, &key) == 0);
		fuzz_check(!vault_used_get(used, erasures[i].slot.number));
		for (int other = 0; other < i; other++)
			fuzz_check(erasures[other].slot.number != erasures[i].slot.number);
		secret_free(key);
		fuzz_check(vault_owns(vault, &erasures[i].slot, &owner, VAULT_KIND_LOG) == 0);
	}
	fuzz_check(vault_erase(vault, erasures, TAKEN) == 0);
	for (int i = 0; i < TAKEN; i++)
		fuzz_check(vault_owns(vault, &erasures[i].slot, &owner, VAULT_KIND_LOG) ==
			   ANSWER_NOT_FOUND);
}

static void named_check(const struct vault_used *used, const uint8_t *before, size_t n,
			const char *path)
{
	_cleanup_(cleanup_free) char *after = NULL;
	size_t after_n;

	fuzz_check(file_read_path(path, 1 << 20, &after, &after_n) == 0 && after_n >= n);
	for (uint32_t slot = 0; slot < PAGES_MAX * PAGE_SLOTS; slot++) {
		const size_t at = (size_t)page_slot_offset(slot);

		if (vault_used_get(used, slot) && at + PAGE_SLOT_BYTES <= n)
			fuzz_check(memcmp(before + at, after + at, PAGE_SLOT_BYTES) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t file[(PAGES_MAX + 1) * PAGE_BYTES];
	_cleanup_(vault_used_clear) struct vault_used used = { NULL };
	struct fuzz_input input = { bytes, n };
	struct vault *vault = NULL;
	struct why why = { "" };
	char path[128];
	size_t file_n;
	int fd, r;

	fuzz_device();
	memset(file, 0, sizeof(file));
	file_n = file_make(&input, file);
	for (unsigned named = fuzz_u8(&input) % 8; named; named--)
		fuzz_check(vault_used_set(&used, fuzz_u32(&input) %
					  (PAGES_MAX * PAGE_SLOTS + 100)) == 0);
	snprintf(path, sizeof(path), "%s/" VAULT_FILE, fuzz_directory());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fuzz_check(fd >= 0 && pwrite(fd, file, file_n, 0) == (ssize_t)file_n && close(fd) == 0);
	r = vault_open(fuzz_directory(), &used, &vault, &why);
	fuzz_check(r == 0 || (r == ANSWER_FAILED && why.text[0]));
	if (r == 0) {
		vault_use(vault, &used);
		fuzz_reached();
	}
	vault_free(vault);
	named_check(&used, file, file_n, path);
	return 0;
}
