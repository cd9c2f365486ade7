/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame of sound takes from the heap: nothing while it is only listened to, hour after hour.
 * An utterance takes memory when it is decoded, once, and gives it back. Every allocation of the
 * process is counted, PocketSphinx' and the voice detection's, too. */

#include "recording.h"

#include <malloc.h>

#include "ear.h"

#define FRAME (RATE_HZ / 100)

/* Compilers know that malloc() changes nothing else. */
static volatile unsigned long taken;

/* A sanitizer has an allocator of its own. */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define COUNTED true
#define COUNTING __attribute__((visibility("default")))

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t n);

COUNTING void *malloc(size_t n)
{
	taken++;
	return __libc_malloc(n);
}

COUNTING void *calloc(size_t n, size_t size)
{
	taken++;
	return __libc_calloc(n, size);
}

COUNTING void *realloc(void *old, size_t n)
{
	taken++;
	return __libc_realloc(old, n);
}
#else
#define COUNTED false
#endif

static void event(void *context, struct cubby_ear_session *session,
		  const struct cubby_ear_event *event)
{
	unsigned *finals = context;

	*finals += event->type == CUBBY_EAR_FINAL;
}

struct room {
	struct cubby_ear *ear;
	struct cubby_ear_session *session;
	unsigned finals;
	struct noise noise;
};

static void room_make(struct room *room, const char *wake)
{
	const struct cubby_ear_config config = {
		.size = sizeof(config), .bus = "unix:path=/nowhere/bus",
		.grammar = RECORDINGS "goforward.gram", .wake = wake,
	};
	struct cubby_ear_session_config session = { .size = sizeof(session), .event = event };
	char why[256];

	if (!COUNTED)
		print_message("# this allocator is not glibc's\n");
	if (!COUNTED || access(config.grammar, R_OK) < 0)
		skip();
	*room = (struct room){ .noise.state = 7 };
	session.context = &room->finals;
	assert_int_equal(cubby_ear_new(&config, &room->ear, why, sizeof(why)), 0);
	assert_int_equal(cubby_ear_session_new(room->ear, &session, &room->session, why,
					       sizeof(why)), 0);
}

/* In how many frames memory was taken. samples NULL: they are of a quiet room. */
static unsigned hear(struct room *room, const int16_t *samples, size_t n)
{
	int16_t frame[FRAME];
	unsigned frames = 0;

	for (size_t at = 0; at + FRAME <= n; at += FRAME) {
		const unsigned long before = taken;

		for (size_t i = 0; !samples && i < FRAME; i++)
			frame[i] = (int16_t)(30 * noise_pink(&room->noise));
		assert_int_equal(cubby_ear_session_push(room->session,
							samples ? samples + at : frame, FRAME),
				 FRAME);
		assert_int_equal(cubby_ear_dispatch(room->ear), 0);
		frames += taken != before;
	}
	return frames;
}

static void test_a_quiet_room_takes_no_memory(void **state)
{
	static const char *const wakes[] = { NULL, "go forward" };

	for (size_t i = 0; i < ARRAY_SIZE(wakes); i++) {
		struct room room;

		room_make(&room, wakes[i]);
		hear(&room, NULL, 10 * RATE_HZ);
		assert_int_equal(hear(&room, NULL, 60 * RATE_HZ), 0);
		cubby_ear_free(room.ear);
	}
}

static void test_an_utterance_takes_memory_when_it_is_decoded(void **state)
{
	struct recording said;
	struct room room;
	size_t before = 0;

	room_make(&room, NULL);
	said = recording_read("goforward.raw");
	for (unsigned i = 1; i <= 8; i++) {
		unsigned frames = hear(&room, said.samples, said.frames);

		frames += hear(&room, NULL, 2 * RATE_HZ);
		assert_int_equal(room.finals, i);
		assert_in_range(frames, 1, 20);
		if (i == 4)
			before = mallinfo2().uordblks;
	}
	/* Nothing of it is left. */
	assert_in_range(mallinfo2().uordblks, 0, before + 4096);
	cubby_ear_free(room.ear);
	recording_free(&said);
}

/* What is not counted would look like nothing. */
static int counts(void **state)
{
	const unsigned long before = taken;
	char *text = NULL;

	if (COUNTED && asprintf(&text, "%lu", before) < 0)
		return -1;
	free(text);
	return COUNTED && taken == before ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_quiet_room_takes_no_memory),
		cmocka_unit_test(test_an_utterance_takes_memory_when_it_is_decoded),
	};

	return cmocka_run_group_tests_name("frames", tests, counts, NULL);
}
