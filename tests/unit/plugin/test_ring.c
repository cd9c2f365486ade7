/* SPDX-License-Identifier: Apache-2.0 */
/* One thread fills the ring, one empties it; no sample is lost or seen twice. */

#include "../test.h"

#include <pthread.h>
#include "crypt/secret.h"
#include "ring.h"

#define TOTAL 2000000u

static int16_t expected(uint64_t position)
{
	return (int16_t)(position * 2654435761u >> 7);
}

static void *write_all(void *context)
{
	struct ring *ring = context;
	int16_t part[333];
	uint64_t done = 0;

	while (done < TOTAL) {
		size_t n = TOTAL - done < 333 ? (size_t)(TOTAL - done) : 333, taken;

		for (size_t i = 0; i < n; i++)
			part[i] = expected(done + i);
		taken = ring_write(ring, part, n);
		if (taken == 0)
			sched_yield();
		done += taken;
	}
	return NULL;
}

static void test_two_threads_see_every_sample_once(void **state)
{
	_cleanup_(ring_freep) struct ring *ring = NULL;
	pthread_t thread;
	uint64_t seen = 0;
	int16_t part[160];

	assert_int_equal(ring_new(1000, &ring), 0);
	assert_int_equal(pthread_create(&thread, NULL, write_all, ring), 0);
	while (seen < TOTAL) {
		uint64_t head = ring_head(ring);
		size_t n = head - seen < 160 ? (size_t)(head - seen) : 160;

		ring_read(ring, seen, part, n);
		for (size_t i = 0; i < n; i++)
			if (part[i] != expected(seen + i))
				fail_msg("sample %llu differs", (unsigned long long)(seen + i));
		seen += n;
		ring_release(ring, seen);
		if (n == 0)
			sched_yield();
	}
	pthread_join(thread, NULL);
}

static void test_full_ring_takes_no_more(void **state)
{
	_cleanup_(ring_freep) struct ring *ring = NULL;
	int16_t samples[1024], back[1024];

	for (unsigned i = 0; i < 1024; i++)
		samples[i] = (int16_t)(i + 1);
	assert_int_equal(ring_new(1000, &ring), 0);
	assert_int_equal(ring_write(ring, samples, 1000), 1000);
	assert_int_equal(ring_write(ring, samples, 1000), 24);
	assert_int_equal(ring_write(ring, samples, 1), 0);
	ring_release(ring, 10);
	assert_int_equal(ring_write(ring, samples, 1000), 10);
	ring_read(ring, 10, back, 990);
	assert_memory_equal(back, samples + 10, 990 * sizeof(*back));
}

static void test_hole_is_silence(void **state)
{
	_cleanup_(ring_freep) struct ring *ring = NULL;
	int16_t samples[64], zero[64] = { 0 };

	memset(samples, 0x55, sizeof(samples));
	assert_int_equal(ring_new(64, &ring), 0);
	assert_int_equal(ring_write(ring, samples, 64), 64);
	ring_release(ring, 64);
	assert_int_equal(ring_write(ring, NULL, 64), 64);
	ring_read(ring, 64, samples, 64);
	assert_memory_equal(samples, zero, sizeof(zero));
}

/* R1: what the reader has let go is gone. Seen through the ring's own eyes: the same places are
 * read again at their old positions. */
static void test_r1_released_sound_is_wiped(void **state)
{
	_cleanup_(ring_freep) struct ring *ring = NULL;
	int16_t samples[64], zero[64] = { 0 };

	memset(samples, 0x55, sizeof(samples));
	assert_int_equal(ring_new(64, &ring), 0);
	assert_int_equal(ring_write(ring, samples, 64), 64);
	ring_release(ring, 48);
	ring_read(ring, 0, samples, 48);
	assert_memory_equal(samples, zero, 48 * sizeof(*zero));
	ring_read(ring, 48, samples, 16);
	assert_int_equal(samples[0], 0x5555);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_threads_see_every_sample_once),
		cmocka_unit_test(test_full_ring_takes_no_more),
		cmocka_unit_test(test_hole_is_silence),
		cmocka_unit_test(test_r1_released_sound_is_wiped),
	};

	if (crypt_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
