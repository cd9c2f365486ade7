/* SPDX-License-Identifier: Apache-2.0 */
/* The age clock. It must never go back, and never jump ahead of the time that has really passed by
 * more than AGE_ADOPT_MAX_S, because what it says decides what is erased. */

#include "age.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "failpoint.h"
#include "secure.h"

/* One line of fixed length, rewritten in place: the file never grows, so that a full disk does not
 * stop the clock, and it lies within one sector. The number stands twice against a torn write. */
#define RECORD "cubby-clock-1 %020" PRId64 " %020" PRId64 "\n"
#define RECORD_BYTES 56

struct age {
	const struct clock *clock;
	int fd;
	int64_t base_s;		/* the age when boot_ms was base_boot_ms */
	int64_t base_boot_ms;
	int64_t newest_s;
};

static int64_t age_now_s(struct age *age)
{
	const int64_t passed_ms = clock_boot_ms(age->clock) - age->base_boot_ms;
	const int64_t now_s = age->base_s + (passed_ms > 0 ? passed_ms / 1000 : 0);

	if (now_s > age->newest_s)
		age->newest_s = now_s;
	return age->newest_s;
}

static int record_read(int fd, const char *dir, int64_t *ret_s, struct why *why)
{
	char text[RECORD_BYTES + 1] = "", again[RECORD_BYTES + 1];
	int64_t a = 0, b = 0;
	int r;

	r = file_pread(fd, text, RECORD_BYTES, 0);
	if (r < 0)
		return fault_trace(r);
	if (sscanf(text, "cubby-clock-1 %" SCNd64 " %" SCNd64, &a, &b) == 2 && a == b && a > 0) {
		snprintf(again, sizeof(again), RECORD, a, b);
		if (memcmp(text, again, RECORD_BYTES) == 0) {
			*ret_s = a;
			return 0;
		}
	}
	return answer_why(why, ANSWER_FAILED,
			  "%s/" AGE_FILE " is damaged; remove it, and the clock goes "
			  "on from the newest time in the database",
			  dir);
}

/* What was stored, or -1 when there is no file or a first start was cut short. */
static int file_open(struct age *age, const char *dir, int64_t *ret_s, struct why *why)
{
	_cleanup_(cleanup_close) int dir_fd = -1;
	struct stat st;
	bool there = false;
	int r;

	r = secure_dir_open(dir, &dir_fd, why);
	if (r == 0)
		r = secure_file_check(dir_fd, dir, AGE_FILE, &there, why);
	if (r != 0)
		return fault_trace(r);
	age->fd = openat(dir_fd, AGE_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (age->fd < 0)
		return answer_why(why, ANSWER_FAILED,
				  "cannot open %s/" AGE_FILE " (%m); check that the "
				  "disk is mounted read-write",
				  dir);
	if (fstat(age->fd, &st) < 0)
		return fault_origin(-errno);
	*ret_s = -1;
	if (st.st_size > 0)
		return fault_trace(record_read(age->fd, dir, ret_s, why));
	return fsync(dir_fd) < 0 ? fault_origin(-errno) : 0;
}

/* Where to begin: never below what was stored or kept, and at the wall clock where that is at most
 * a day ahead, or nothing has been kept yet that could be erased too early. */
static int64_t begin_s(int64_t stored_s, int64_t floor_s, int64_t wall_s)
{
	const int64_t least_s = stored_s > floor_s ? stored_s : floor_s;

	if (wall_s <= least_s || floor_s == 0)
		return floor_s == 0 && wall_s > 0 ? wall_s : least_s;
	if (wall_s - least_s <= AGE_ADOPT_MAX_S)
		return wall_s;
	log_warning("the wall clock is %" PRId64
		    " h ahead of the age clock; retention goes on from the age clock",
		    (wall_s - least_s) / 3600);
	return least_s;
}

int age_open(const char *dir, const struct clock *clock, int64_t floor_min, struct age **ret,
	     struct why *why)
{
	_cleanup_(cleanup_free) struct age *age = calloc(1, sizeof(*age));
	int64_t stored_s = -1;
	int r;

	if (!age)
		return fault_origin(-ENOMEM);
	age->fd = -1;
	age->clock = clock;
	r = file_open(age, dir, &stored_s, why);
	if (r == 0) {
		age->base_boot_ms = clock_boot_ms(clock);
		age->base_s = begin_s(stored_s, floor_min * 60, clock_wall_s(clock));
		age->newest_s = age->base_s;
		r = age->base_s < 60 ? answer_why(why, ANSWER_FAILED,
						  "the system clock stands before 1970; set it")
				     : age_save(age);
	}
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

int64_t age_now_min(struct age *age)
{
	return age_now_s(age) / 60;
}

int age_save(struct age *age)
{
	char text[RECORD_BYTES + 1];
	const int64_t now_s = age_now_s(age);
	int r;

	snprintf(text, sizeof(text), RECORD, now_s, now_s);
	r = file_pwrite(age->fd, text, RECORD_BYTES, 0);
	if (r < 0)
		return fault_trace(r);
	failpoint("age-written");
	return fdatasync(age->fd) < 0 ? fault_origin(-errno) : 0;
}
