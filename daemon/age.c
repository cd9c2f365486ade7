/* SPDX-License-Identifier: Apache-2.0 */
/* The age clock. It must never go back, and never go ahead of the time that has really passed but
 * by a leap that was proved, because what it says decides what is erased. */

#include "age.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define HOUR_MS (3600 * 1000)
/* Nobody watched the wall clock between two looks that are further apart (suspend). */
#define LOOK_MAX_MS (2 * 60 * 1000)

struct age {
	const struct clock *clock;
	int fd;
	struct age_record record;
	int64_t base_s;		/* powered time when boot time was base_boot_ms */
	int64_t base_boot_ms;
	int64_t opened_boot_ms;
	int64_t looked_boot_ms;
	int64_t leapt_min;
	int64_t newest_s;
	bool lost;
};

static int64_t powered_s(const struct age *age)
{
	const int64_t passed_ms = clock_boot_ms(age->clock) - age->base_boot_ms;

	return age->base_s + (passed_ms > 0 ? passed_ms / 1000 : 0);
}

static int64_t now_s(struct age *age)
{
	const int64_t s = powered_s(age) + age->leapt_min * 60;

	if (s > age->newest_s)
		age->newest_s = s;
	return age->newest_s;
}

static bool wall_is_set(struct age *age)
{
	return clock_wall_s(age->clock) >= now_s(age) - AGE_DOUBT_S;
}

static void begin_at(struct age *age, int64_t s)
{
	age->base_s = s - age->leapt_min * 60;
	age->base_boot_ms = clock_boot_ms(age->clock);
	age->newest_s = s;
}

static int64_t first_s(const struct age *age)
{
	const int64_t wall_s = clock_wall_s(age->clock);

	return wall_s > AGE_FIRST_S ? wall_s : AGE_FIRST_S;
}

/* Where to begin: never below what was stored or kept; the wall clock has no say once anything
 * was. */
static int begin(struct age *age, int64_t floor_min)
{
	const int r = age_file_read(age->fd, &age->record);
	int64_t stored_s = 0;

	if (r < 0)
		return fault_trace(r);
	age->lost = r != 0 && floor_min > 0;
	if (age->lost)
		log_error("the file of the age clock is damaged or missing; retention goes on from "
			  "the newest time in the database");
	if (r == 0)
		stored_s = age->record.powered_s + age->leapt_min * 60;
	if (floor_min <= 0) {
		age->record = (struct age_record){ .seq = age->record.seq };
		begin_at(age, first_s(age));
	} else {
		begin_at(age, stored_s > floor_min * 60 ? stored_s : floor_min * 60);
	}
	return 0;
}

int age_open(const char *dir, const struct clock *clock, int64_t floor_min, int64_t leapt_min,
	     struct age **ret, struct why *why)
{
	_cleanup_(cleanup_free) struct age *age = calloc(1, sizeof(*age));
	int r;

	if (!age)
		return fault_origin(-ENOMEM);
	age->fd = -1;
	age->clock = clock;
	age->leapt_min = leapt_min;
	age->opened_boot_ms = clock_boot_ms(clock);
	age->looked_boot_ms = age->opened_boot_ms;
	r = age_file_open(dir, &age->fd, why);
	if (r == 0)
		r = begin(age, floor_min);
	/* Twice: both records are whole from here on. */
	for (int i = 0; r == 0 && i < 2; i++)
		r = age_save(age);
	if (r != 0) {
		cleanup_close(&age->fd);
		return fault_trace(r);
	}
	*ret = take(age);
	return 0;
}

struct age *age_free(struct age *age)
{
	if (!age)
		return NULL;
	(void)age_save(age);	/* its fault is in the log; the last value stored stands */
	close(age->fd);
	free(age);
	return NULL;
}

bool age_was_lost(const struct age *age)
{
	return age->lost;
}

int64_t age_now_min(struct age *age)
{
	return now_s(age) / 60;
}

struct sight age_sight(struct age *age)
{
	const int64_t ahead_s = clock_wall_s(age->clock) - now_s(age);

	return (struct sight){ .now_min = now_s(age) / 60,
			       .ahead_min = ahead_s > AGE_DOUBT_S ? ahead_s / 60 : 0 };
}

void age_follow(struct age *age)
{
	if (clock_wall_s(age->clock) <= now_s(age))
		return;
	/* Leads over where the clock stood before mean nothing any more. */
	age->record = (struct age_record){ .seq = age->record.seq };
	begin_at(age, clock_wall_s(age->clock));
}

/* The lead that the wall clock held through all the hours there are. */
static int64_t lead_proved_s(const struct age_record *record)
{
	int64_t least_s = record->hours_s[0];

	for (unsigned i = 1; i < record->n_hours; i++)
		if (record->hours_s[i] < least_s)
			least_s = record->hours_s[i];
	if (record->hour_ms > 0 && record->hour_s < least_s)
		least_s = record->hour_s;
	return least_s;
}

static void hour_push(struct age_record *record)
{
	if (record->n_hours == AGE_HOURS)
		memmove(record->hours_s, record->hours_s + 1,
			(AGE_HOURS - 1) * sizeof(record->hours_s[0]));
	else
		record->n_hours++;
	record->hours_s[record->n_hours - 1] = record->hour_s;
	record->hour_ms = 0;
}

int64_t age_watch(struct age *age)
{
	struct age_record *record = &age->record;
	const int64_t boot_ms = clock_boot_ms(age->clock);
	int64_t passed_ms = boot_ms - age->looked_boot_ms;
	int64_t lead_s, due_min;

	age->looked_boot_ms = boot_ms;
	if (!wall_is_set(age))
		return 0;
	lead_s = clock_wall_s(age->clock) - powered_s(age);
	record->lead_s = lead_s;
	if (boot_ms - age->opened_boot_ms < AGE_SETTLE_MS || passed_ms <= 0)
		return 0;
	if (passed_ms > LOOK_MAX_MS)
		passed_ms = LOOK_MAX_MS;
	if (record->hour_ms == 0 || lead_s < record->hour_s)
		record->hour_s = lead_s;
	record->hour_ms += passed_ms;
	if (record->hour_ms >= HOUR_MS)
		hour_push(record);
	if (record->n_hours < AGE_HOURS)
		return 0;
	due_min = lead_proved_s(record) / 60 - age->leapt_min;
	return due_min > 0 ? due_min : 0;
}

void age_leap(struct age *age, int64_t minutes)
{
	age->leapt_min += minutes;
}

int age_save(struct age *age)
{
	age->record.powered_s = powered_s(age);
	return fault_trace(age_file_write(age->fd, &age->record));
}

int64_t age_wall_min(struct age *age)
{
	const int64_t leapt_s = age->leapt_min * 60;
	const int64_t lead_s = age->record.lead_s > leapt_s ? age->record.lead_s : leapt_s;

	if (wall_is_set(age))
		return clock_wall_s(age->clock) / 60;
	return (powered_s(age) + lead_s) / 60;
}

int64_t age_wall_error_min(struct age *age)
{
	return wall_is_set(age) ? 0 : age_wall_min(age) - clock_wall_s(age->clock) / 60;
}

uint64_t age_expiry_s(struct age *age, int64_t expires_min)
{
	const int64_t shown_min = expires_min + (clock_wall_s(age->clock) - now_s(age)) / 60;

	return shown_min > 0 ? (uint64_t)shown_min * 60 : 0;
}
