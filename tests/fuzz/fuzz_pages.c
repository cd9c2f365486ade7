/* SPDX-License-Identifier: Apache-2.0 */
/* cubby.db with whatever in its pages: the input patches a new database, the sums are put right, as
 * somebody would who knows the format, and the store opens it. It refuses or works; it never dies,
 * and never says of what is damaged that it is sound. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "fuzz.h"
#include "store/page.h"
#include "store/slot.h"
#include "store/store.h"

#define FILE_MAX_BYTES (4 << 20)

static uint8_t *database;
static size_t database_n, page_n;

static void path_of(const char *suffix, char path[static 128])
{
	snprintf(path, 128, "%s/" STORE_FILE "%s", fuzz_directory(), suffix);
}

/* What a new store is. */
static void database_make(void)
{
	struct store *store = NULL;
	struct why why;
	char path[128], *bytes = NULL;

	fuzz_device();
	fuzz_check(store_open(fuzz_directory(), &store, &why) == 0);
	fuzz_check(store_checkpoint(store) == 0);
	store_free(store);
	path_of("", path);
	fuzz_check(file_read_path(path, FILE_MAX_BYTES, &bytes, &database_n) == 0);
	database = (uint8_t *)bytes;
	page_n = (size_t)(database[16] << 8 | database[17]);
	page_n = page_n == 1 ? 65536 : page_n;
}

/* page, offset, how many, bytes; and again. */
static void patch(struct fuzz_input *input, uint8_t *file)
{
	while (input->n > 0) {
		const size_t page = fuzz_u8(input) % (database_n / page_n);
		size_t at = page * page_n, length;
		const uint8_t *bytes;

		at += (size_t)(fuzz_u8(input) << 8 | fuzz_u8(input)) % page_n;
		length = fuzz_u8(input) % 64;
		bytes = fuzz_bytes(input, length, &length);
		memcpy(file + at, bytes, at + length > database_n ? database_n - at : length);
		if (page_says_sums(file))
			page_sum(file + page * page_n, page_n, (int64_t)(page * page_n));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	_cleanup_(cleanup_free) uint8_t *file = NULL;
	struct fuzz_input input = { bytes, n };
	struct vault_used used = { NULL };
	struct store *store = NULL;
	struct why why = { "" };
	char path[128];
	int fd, r;

	if (!database)
		database_make();
	file = malloc(database_n);
	fuzz_check(file);
	memcpy(file, database, database_n);
	patch(&input, file);
	path_of("-wal", path);
	unlink(path);
	path_of("", path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fuzz_check(fd >= 0 && write(fd, file, database_n) == (ssize_t)database_n && close(fd) == 0);
	r = store_open(fuzz_directory(), &store, &why);
	fuzz_check(r <= 0 || why.text[0]);
	if (r == 0) {
		r = store_slots_used(store, &used);
		r = r ? r : store_check(store, &why);
		vault_used_clear(&used);
	}
	if (r == 0)
		fuzz_reached();
	store_free(store);
	return 0;
}
