/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for the end of a job or drill, when the one who waits leaves the bus. */

#include "test.h"

#include <stdlib.h>

#include "bus/server_private.h"
#include "service/bus.h"

#define CALLS 4
#define CALL_BYTES 1000

static struct bus_server server;
static struct peer stays = { .server = &server, .known = true };

/* The even ones are of who stays; the others of somebody who has left, as peer_left() leaves
 * them. */
static struct call *call_of(size_t i)
{
	struct call *call = calloc(1, sizeof(*call));

	assert_non_null(call);
	call->server = &server;
	call->size_bytes = CALL_BYTES;
	call->peer = i % 2 == 0 ? &stays : NULL;
	stays.outstanding += i % 2 == 0;
	server.held_bytes += CALL_BYTES;
	return call;
}

static void calls_end(struct call *call)
{
	call->peer = NULL;
	stays.outstanding--;
	call_finish(call, 0);
}

static void test_who_leaves_holds_no_share_of_what_may_wait(void **state)
{
	struct waiting waiting[CALLS];
	struct call *drilling[CALLS];
	struct service service = { .waiting = waiting, .n_waiting = CALLS,
				   .drilling = drilling, .n_drilling = CALLS };

	for (size_t i = 0; i < CALLS; i++) {
		waiting[i] = (struct waiting){ .job = (int64_t)i, .call = call_of(i) };
		drilling[i] = call_of(i);
	}
	assert_int_equal(server.held_bytes, 2 * CALLS * CALL_BYTES);
	service_waiting_drop(&service);
	assert_int_equal(service.n_waiting, CALLS / 2);
	assert_int_equal(server.held_bytes, (CALLS + CALLS / 2) * CALL_BYTES);
	service_drill_drop(&service);
	assert_int_equal(service.n_drilling, CALLS / 2);
	assert_int_equal(server.held_bytes, CALLS * CALL_BYTES);
	/* Those of who stays are the ones that are left, each with its job. */
	for (size_t i = 0; i < CALLS / 2; i++) {
		assert_int_equal(waiting[i].job, 2 * i);
		assert_ptr_equal(waiting[i].call->peer, &stays);
		calls_end(waiting[i].call);
		calls_end(drilling[i]);
	}
	assert_int_equal(server.held_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_leaves_holds_no_share_of_what_may_wait),
	};

	return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
