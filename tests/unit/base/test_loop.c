/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: watches, timers, posted work and how it ends. */

#include "unit/test.h"

#include <signal.h>

#include "base/clock.h"
#include "base/loop.h"

struct fixture {
	struct loop *loop;
	struct loop_io *io[2];
	struct loop_timer *timer;
	int pipe[2];
	char trace[256];
	int64_t start_ms;
	unsigned count;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	fixture->start_ms = clock_boot_ms(&clock_system);
	return pipe(fixture->pipe) < 0 ? -1 : loop_new(&fixture->loop);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	loop_io_free(fixture->io[0]);
	loop_io_free(fixture->io[1]);
	loop_timer_free(fixture->timer);
	loop_free(fixture->loop);
	close(fixture->pipe[0]);
	close(fixture->pipe[1]);
	free(fixture);
	return 0;
}

static void trace(struct fixture *fixture, const char *what)
{
	strncat(fixture->trace, what, sizeof(fixture->trace) - strlen(fixture->trace) - 1);
}

static void on_read(void *context, unsigned events)
{
	struct fixture *fixture = context;
	char byte;

	assert_int_equal(events, LOOP_READ);
	assert_int_equal(read(fixture->pipe[0], &byte, 1), 1);
	trace(fixture, "r");
	if (byte == 'q')
		loop_quit(fixture->loop, 3);
}

static void on_write(void *context, unsigned events)
{
	struct fixture *fixture = context;

	assert_int_equal(events, LOOP_WRITE);
	trace(fixture, "w");
	assert_int_equal(write(fixture->pipe[1], "q", 1), 1);
	loop_io_enable(fixture->io[1], false);
}

static void test_loop_read_and_write(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(loop_io_new(fixture->loop, fixture->pipe[0], LOOP_READ, on_read, fixture,
				     &fixture->io[0]), 0);
	assert_int_equal(loop_io_new(fixture->loop, fixture->pipe[1], LOOP_WRITE, on_write, fixture,
				     &fixture->io[1]), 0);
	assert_int_equal(loop_run(fixture->loop), 3);
	assert_string_equal(fixture->trace, "wr");
}

static void on_read_counted(void *context, unsigned events)
{
	struct fixture *fixture = context;

	if (++fixture->count == 2)
		loop_quit(fixture->loop, 0);
}

static void test_loop_two_watches_on_one_descriptor(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 2; i++)
		assert_int_equal(loop_io_new(fixture->loop, fixture->pipe[0], LOOP_READ,
					     on_read_counted, fixture, &fixture->io[i]), 0);
	assert_int_equal(write(fixture->pipe[1], "x", 1), 1);
	assert_int_equal(loop_run(fixture->loop), 0);
	assert_int_equal(fixture->count, 2);
}

static void on_timer(void *context)
{
	struct fixture *fixture = context;

	if (++fixture->count == 3) {
		/* A callback may free its own watch. */
		fixture->timer = loop_timer_free(fixture->timer);
		loop_quit(fixture->loop, 0);
	}
}

static void test_loop_timer_repeats(void **state)
{
	struct fixture *fixture = *state;
	int64_t passed_ms;

	assert_int_equal(loop_timer_new(fixture->loop, 20, on_timer, fixture, &fixture->timer), 0);
	assert_int_equal(loop_run(fixture->loop), 0);
	passed_ms = clock_boot_ms(&clock_system) - fixture->start_ms;
	assert_int_equal(fixture->count, 3);
	assert_true(passed_ms >= 55);
}

static void test_loop_timer_of_nothing_is_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_true(loop_timer_new(fixture->loop, 0, on_timer, fixture, &fixture->timer) < 0);
	assert_null(fixture->timer);
}

static void post_again(void *context)
{
	struct fixture *fixture = context;

	trace(fixture, "p");
	if (++fixture->count < 3)
		assert_int_equal(loop_post(fixture->loop, post_again, fixture), 0);
	else
		loop_quit(fixture->loop, 0);
}

static void post_other(void *context)
{
	trace(context, "o");
}

static void test_loop_posts_in_order(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(loop_post(fixture->loop, post_again, fixture), 0);
	assert_int_equal(loop_post(fixture->loop, post_other, fixture), 0);
	assert_int_equal(loop_run(fixture->loop), 0);
	assert_string_equal(fixture->trace, "popp");
}

static void on_busy_read(void *context, unsigned events)
{
	/* Never drained: the descriptor stays ready, turn after turn. */
	trace(context, "r");
}

static void test_loop_work_and_io_share_the_turns(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(write(fixture->pipe[1], "x", 1), 1);
	assert_int_equal(loop_io_new(fixture->loop, fixture->pipe[0], LOOP_READ, on_busy_read,
				     fixture, &fixture->io[0]), 0);
	assert_int_equal(loop_post(fixture->loop, post_again, fixture), 0);
	assert_int_equal(loop_run(fixture->loop), 0);
	assert_string_equal(fixture->trace, "rprprp");
}

static void raise_signal(void *context)
{
	raise(*(int *)context);
}

static void test_loop_signals_end_it(void **state)
{
	struct fixture *fixture = *state;
	int signals[] = { SIGTERM, SIGINT };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct loop *loop = NULL;

		fixture->loop = loop_free(fixture->loop);
		assert_int_equal(loop_new(&loop), 0);
		fixture->loop = loop;
		assert_int_equal(loop_post(loop, raise_signal, &signals[i]), 0);
		assert_int_equal(loop_run(loop), 0);
	}
}

static void test_loop_signal_before_it_runs_counts(void **state)
{
	struct fixture *fixture = *state;

	raise(SIGTERM);
	assert_int_equal(loop_run(fixture->loop), 0);
}

static void test_loop_quit_before_it_runs_counts(void **state)
{
	struct fixture *fixture = *state;

	loop_quit(fixture->loop, 5);
	loop_quit(fixture->loop, 6);
	assert_int_equal(loop_run(fixture->loop), 5);
}

static void test_loop_freed_with_work_posted(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(loop_post(fixture->loop, post_other, fixture), 0);
	fixture->loop = loop_free(fixture->loop);
	assert_string_equal(fixture->trace, "");
	assert_null(loop_free(NULL));
	assert_null(loop_io_free(NULL));
	assert_null(loop_timer_free(NULL));
}

#define loop_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(test_loop_read_and_write),
		loop_test(test_loop_two_watches_on_one_descriptor),
		loop_test(test_loop_timer_repeats),
		loop_test(test_loop_timer_of_nothing_is_refused),
		loop_test(test_loop_posts_in_order),
		loop_test(test_loop_work_and_io_share_the_turns),
		loop_test(test_loop_signals_end_it),
		loop_test(test_loop_signal_before_it_runs_counts),
		loop_test(test_loop_quit_before_it_runs_counts),
		loop_test(test_loop_freed_with_work_posted),
	};

	return cmocka_run_group_tests_name("base/loop", tests, NULL, NULL);
}
