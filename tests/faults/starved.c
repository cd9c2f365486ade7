/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper without memory: its start, and series of calls as the fuzz target "bus" has them in
 * its corpus, in which one allocation after another fails, in our code and in the libraries. It
 * must not crash, nor answer whom it may not; under a sanitizer it must leak nothing and touch
 * nothing that is gone. After each it starts again on what it left, and its database is whole.
 *
 *	starved DIRECTORY SAMPLE NAME...
 *
 * SAMPLE: about so many allocations of each series fail, one a run; a hundred times as many with
 * CUBBY_TEST_SLOW=1, and all after it as well. NAME: of the corpus, or "start".
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "bus_host.h"
#include "fuzz.h"

#define MOST 100000000

static bool slow;

/* Whether one failed. */
static bool run(const char *bytes, size_t n, int64_t until, bool once)
{
	*host_heap = (struct heap){ .until = until, .once = once };
	LLVMFuzzerTestOneInput((const uint8_t *)bytes, n);
	return (int64_t)host_heap->calls > until;
}

static void series(unsigned number, const char *directory, const char *name, unsigned sample)
{
	_cleanup_(cleanup_free) char *text = NULL;
	char path[512];
	int64_t calls, step, tried = 0;
	size_t n = 0;

	host_heap_at_start = strcmp(name, "start") == 0;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (!host_heap_at_start)
		fuzz_check(file_read_path(path, 1 << 20, &text, &n) == 0);
	run(text, n, MOST, true);
	calls = (int64_t)host_heap->calls;
	/* Odd, for what comes in pairs. */
	step = (calls / sample) | 1;
	for (int64_t until = number % step; until < calls; until += step) {
		printf("# %s, allocation %lld\n", name, (long long)until);
		fflush(stdout);
		if (run(text, n, until, true))
			tried++;
		if (slow)
			run(text, n, until, false);
	}
	printf("%s %u - test_r8_starved_%s: %lld of %lld allocations failed in their turn\n",
	       tried > 0 ? "ok" : "not ok", number, name, (long long)tried, (long long)calls);
}

int main(int argc, char **argv)
{
	const char *want = getenv("CUBBY_TEST_SLOW");

	slow = want && strcmp(want, "1") == 0;
	fuzz_check(argc > 3);
	log_open("starved", LOG_LEVEL_ERROR);
	/* The household is made with all the memory there is. */
	LLVMFuzzerTestOneInput(NULL, 0);
	host_heap = heap_control();
	printf("1..%d\n", argc - 3);
	for (int i = 3; i < argc; i++)
		series((unsigned)i - 2, argv[1], argv[i],
		       (unsigned)atoi(argv[2]) * (slow ? 100 : 1));
	return 0;
}
