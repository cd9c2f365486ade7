/* SPDX-License-Identifier: Apache-2.0 */
/* What checking a long access log costs a parent's client, transport and all, against a real
 * cubbyd, and what appending costs. As
 *   CUBBYD=build/daemon/cubbyd build/tests/bench/bench-log [entries] [times]
 * Prints {"entries": N, "append_us": [...], "chain_ms": [...], "tags_ms": [...]}. */

#include "unit/client/world.h"

#include <time.h>

#include "unit/client/log_fill.h"

CLEANUP_DEFINE(struct cubby_log_verdict *, cubby_log_verdict_free)

static unsigned entries = 100000, times = 5;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double *append_us;

static void append_timed(struct access_log *log, struct store *store, unsigned n)
{
	const double begin = now_ms();

	log_fill_append(log, store, n);
	*append_us = (now_ms() - begin) * 1e3 / n;
}

static void append(const char *state, void *ret_us)
{
	append_us = ret_us;
	log_fill(state, entries / times, append_timed);
}

static double verify_ms(struct cubby *cubby)
{
	_cleanup_(cubby_log_verdict_freep) struct cubby_log_verdict *verdict = NULL;
	const double begin = now_ms();

	assert_cubby(cubby, cubby_log_verify(cubby, NULL, &verdict));
	if (verdict->first_bad)
		fail_msg("%s", verdict->what);
	assert_true(verdict->entries >= entries / times * times);
	assert_int_equal(verdict->keys, cubby->home != NULL);
	return now_ms() - begin;
}

static void print(const char *name, const double *values)
{
	printf(", \"%s\": [", name);
	for (unsigned i = 0; i < times; i++)
		printf("%s%.3f", i ? ", " : "", values[i]);
	printf("]");
}

static void measure(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	double *us = calloc(times, sizeof(*us)), *chain = calloc(times, sizeof(*chain)),
	       *tags = calloc(times, sizeof(*tags));

	world_code();
	for (unsigned i = 0; i < times; i++)
		world_between(append, &us[i]);
	for (unsigned i = 0; i < times; i++) {
		cubby_free(take(cubby));
		cubby = world_parent("home");
		assert_cubby(cubby, cubby_connect(cubby));
		chain[i] = verify_ms(cubby);
		cubby_free(take(cubby));
		cubby = world_proved("home", CUBBY_SECRET_HOME);
		tags[i] = verify_ms(cubby);
	}
	printf("{\"entries\": %u", entries);
	print("append_us", us);
	print("chain_ms", chain);
	print("tags_ms", tags);
	printf("}\n");
	free(us);
	free(chain);
	free(tags);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(measure) };

	entries = argc > 1 ? (unsigned)atoi(argv[1]) : entries;
	times = argc > 2 ? (unsigned)atoi(argv[2]) : times;
	if (!entries || !times || !getenv("CUBBYD")) {
		fprintf(stderr, "usage: CUBBYD=FILE bench-log [ENTRIES [TIMES]]\n");
		return 2;
	}
	return cmocka_run_group_tests_name("bench/log", tests, world_start, world_stop);
}
