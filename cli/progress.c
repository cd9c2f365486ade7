/* SPDX-License-Identifier: Apache-2.0 */
/* A bar for what takes longer than a second. It must never say that anything is erased: it only
 * says how far the keeper is. */

#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/words.h"
#include "moment.h"

#define BAR_CELLS 20
#define PATIENCE_MS 1000

char *progress_line(uint64_t done, uint64_t total, int64_t passed_ms,
		    char text[static PROGRESS_TEXT])
{
	const uint64_t share = total > 0 ? done * 100 / total : 0;
	const uint64_t rate = passed_ms > 0 ? done * 1000 / (uint64_t)passed_ms : 0;
	char bar[BAR_CELLS + 1], left[MOMENT_TEXT + 8] = "", duration[MOMENT_TEXT];

	if (rate > 0 && done < total)
		snprintf(left, sizeof(left), _(", %s left"),
			 duration_text((int64_t)((total - done + rate - 1) / rate), duration));
	memset(bar, '.', BAR_CELLS);
	memset(bar, '#', share * BAR_CELLS / 100);
	bar[BAR_CELLS] = '\0';
	snprintf(text, PROGRESS_TEXT,
		 _("[%s] %3" PRIu64 "%%  %" PRIu64 " of %" PRIu64 " items, %" PRIu64 " a second%s"),
		 bar, share, done, total, rate, left);
	return text;
}

bool progress_watched(const struct hand *hand)
{
	return !hand->json && !hand->quiet && isatty(STDERR_FILENO);
}

/* Is there a bar to be wiped? */
static bool drawn;
static int64_t drawing_ms;		/* since then; 0: nothing is under way */

void progress_draw(struct hand *hand, uint64_t done, uint64_t total)
{
	const int64_t now_ms = clock_boot_ms(&clock_system);
	char text[PROGRESS_TEXT];

	if (drawing_ms == 0)
		drawing_ms = now_ms;
	if (!progress_watched(hand) || now_ms - drawing_ms < PATIENCE_MS)
		return;
	drawn = true;
	fprintf(stderr, "\r%s\033[K", progress_line(done, total, now_ms - drawing_ms, text));
}

void progress_end(struct hand *hand)
{
	if (drawn)
		fputs("\r\033[K", stderr);
	drawn = false;
	drawing_ms = 0;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

void progress_watch(struct hand *hand, const char *job)
{
	const int64_t begun_ms = clock_boot_ms(&clock_system);
	uint64_t done = 0, total = 0;
	char text[PROGRESS_TEXT];
	bool ended = false;

	if (!progress_watched(hand))
		return;
	/* Whoever waits for the job says what is wrong with it. */
	while (cubby_job_progress(hand->cubby, job, &done, &total, &ended) == 0 && !ended) {
		const int64_t passed_ms = clock_boot_ms(&clock_system) - begun_ms;

		if (hand->timeout_ms > 0 && passed_ms >= hand->timeout_ms)
			break;
		if (passed_ms >= PATIENCE_MS) {
			fprintf(stderr, "\r%s\033[K", progress_line(done, total, passed_ms, text));
			drawn = true;
		}
		pause_ms(drawn ? 100 : 10);
	}
	progress_end(hand);
}
