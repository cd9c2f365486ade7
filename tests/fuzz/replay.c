/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds a target every file of its corpus, in the order of their names, as a test: whatever was
 * once found stays found. It fails, too, when no file leads to the end of what is parsed.
 *
 *	DIRECTORY EVERY: of the inputs that have no name of their own only every so-manieth, unless
 *	CUBBY_TEST_SLOW is 1
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "base/file.h"
#include "fuzz.h"

#define INPUT_MAX_BYTES (1 << 20)

/* 40 digits are libFuzzer's name; what was found and mended has a better one. */
#define NAMELESS 40

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void feed(const char *directory, const char *name)
{
	_cleanup_(cleanup_free) char *bytes = NULL;
	char path[512];
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fuzz_check(file_read_path(path, INPUT_MAX_BYTES, &bytes, &n) == 0);
	printf("\n# %s\n", name);
	fflush(stdout);
	LLVMFuzzerTestOneInput((const uint8_t *)bytes, n);
}

int main(int argc, char **argv)
{
	const char *slow = getenv("CUBBY_TEST_SLOW");
	struct dirent **entries;
	int n, every;

	fuzz_check(argc == 3);
	every = slow && strcmp(slow, "1") == 0 ? 1 : atoi(argv[2]);
	n = scandir(argv[1], &entries, visible, alphasort);
	printf("1..2\n");
	for (int i = 0; i < n; i++) {
		if (strlen(entries[i]->d_name) != NAMELESS || i % every == 0)
			feed(argv[1], entries[i]->d_name);
		free(entries[i]);
	}
	printf("\n%s 1 - %d inputs in the corpus\n", n > 0 ? "ok" : "not ok", n);
	printf("%s 2 - %lu lead to the end\n", fuzz_times_reached() ? "ok" : "not ok",
	       fuzz_times_reached());
	if (n >= 0)
		free(entries);
	return n > 0 && fuzz_times_reached() ? 0 : 1;
}
