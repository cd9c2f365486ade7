/* SPDX-License-Identifier: Apache-2.0 */
/* The age clock against a simple model, through random sequences of running, restarts, power cuts,
 * jumps of ten years, suspend, damage and old databases. The model knows how long the power was
 * really on and what the wall clock said in each minute that it was watched. */

#include "room.h"

#include "age.h"
#include "crypt/secret.h"

#define DAY_MIN (24 * 60)
#define YEARS_MIN (INT64_C(10) * 365 * DAY_MIN)
#define T0_MIN INT64_C(30000000)
#define SAVE_MIN 5
#define ITEMS 8
#define STEPS 24
#define LOOKS_MAX 100000

/* The file is what the operating system shows; nothing here cuts its power. */
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	return 0;
}

struct item {
	bool there;
	int64_t made_min, expires_min, started_min;	/* as the database has them */
	int64_t keep_min;
	int64_t made_power_min;		/* when it was really made */
	int64_t lost_min;		/* what had been lost by then */
};

struct database {
	struct item items[ITEMS];
	int64_t leapt_min, newest_min;
};

struct world {
	struct room *room;
	struct age *age;
	uint64_t seed;
	int64_t power_min;		/* the power was really on for this long */
	int64_t boot_min;		/* since the last boot */
	int64_t since_open_min;
	int64_t since_save_min;
	int64_t save_gap_min;		/* by how much the older record is older */
	int64_t lost_min;		/* by power cuts, all told */
	int64_t wall_min;
	struct database now, old;
	/* wall minus power, for each minute in which the wall clock was watched. */
	int64_t looks[LOOKS_MAX];
	int n_looks, n_looks_saved, n_looks_before;	/* in the newer record, in the older */
	int64_t proved_min;		/* the greatest lead that a day of looks agreed on */
	char file[8192];
	uint64_t erased, early, kept;
};

static int64_t world_wall(void *context)
{
	return ((struct world *)context)->wall_min * 60;
}

static int64_t world_boot(void *context)
{
	return ((struct world *)context)->boot_min * 60 * 1000;
}

static struct clock world_clock;

static int64_t pick(struct world *w, int64_t n)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return (int64_t)(w->seed >> 11) % n;
}

static void file_copy(struct world *w, bool back)
{
	char path[320];
	int fd = open(room_path(w->room, AGE_FILE, path), O_RDWR);
	ssize_t n;

	assert_true(fd >= 0);
	n = back ? pwrite(fd, w->file, sizeof(w->file), 0) : pread(fd, w->file, sizeof(w->file), 0);
	assert_true(n > 4096);
	close(fd);
}

static void world_open(struct world *w)
{
	assert_int_equal(age_open(w->room->dir, &world_clock, w->now.newest_min, w->now.leapt_min,
				  &w->age, &w->room->why), 0);
	w->since_open_min = 0;
	w->since_save_min = 0;
	w->save_gap_min = 0;
	w->n_looks_saved = w->n_looks_before = w->n_looks;
	file_copy(w, false);
}

static void keep(struct world *w)
{
	struct item *item = &w->now.items[pick(w, ITEMS)];

	if (item->there)
		return;
	*item = (struct item){
		.there = true,
		.keep_min = 60 + pick(w, 7 * DAY_MIN),
		.made_min = age_now_min(w->age),
		.started_min = age_wall_min(w->age),
		.made_power_min = w->power_min,
		.lost_min = w->lost_min,
	};
	item->expires_min = item->made_min + item->keep_min;
	w->now.newest_min = item->made_min;
	w->kept++;
}

/* What store_leap() does, in words of its own. */
static void leap(struct world *w, int64_t minutes)
{
	int64_t least_min = INT64_MAX;

	assert_true(w->n_looks >= DAY_MIN);
	for (int i = w->n_looks - DAY_MIN; i < w->n_looks; i++)
		if (w->looks[i] < least_min)
			least_min = w->looks[i];
	if (least_min > w->proved_min)
		w->proved_min = least_min;
	for (int i = 0; i < ITEMS; i++) {
		struct item *item = &w->now.items[i];
		int64_t lead_min = item->started_min - item->made_min;

		if (lead_min <= 0)
			continue;
		lead_min = lead_min < minutes ? lead_min : minutes;
		item->made_min += lead_min;
		item->expires_min += lead_min;
	}
	w->now.leapt_min += minutes;
	age_leap(w->age, minutes);
}

static void sweep(struct world *w)
{
	const struct sight sight = age_sight(w->age);

	for (int i = 0; i < ITEMS; i++) {
		struct item *item = &w->now.items[i];
		const int64_t powered_min = w->power_min - item->made_power_min;

		if (!item->there)
			continue;
		if (item->expires_min > sight.now_min) {
			/* A minute for rounding, one for the sweep. */
			assert_true(powered_min <= item->keep_min + w->lost_min - item->lost_min
						   + 2);
			continue;
		}
		if (powered_min < item->keep_min - 1) {
			/* Early by power: then a day of looks said it is past its time. */
			assert_true(w->proved_min + w->power_min + 2 >=
				    item->started_min + item->keep_min);
			w->early++;
		}
		item->there = false;
		w->erased++;
	}
}

static void look(struct world *w, int64_t passed_min)
{
	const int64_t before_min = age_now_min(w->age);
	const bool set = w->wall_min >= before_min - DAY_MIN;
	const int64_t due_min = age_watch(w->age);

	if (set && w->since_open_min >= AGE_SETTLE_MS / 60000)
		for (int64_t i = 0; i < passed_min && i < 2; i++) {
			assert_true(w->n_looks < LOOKS_MAX);
			w->looks[w->n_looks++] = w->wall_min - w->power_min;
		}
	if (due_min > 0)
		leap(w, due_min);
	assert_true(age_now_min(w->age) >= before_min);
	sweep(w);
}

static void pass(struct world *w, int64_t minutes)
{
	w->power_min += minutes;
	w->boot_min += minutes;
	w->wall_min += minutes;
	w->since_open_min += minutes;
	w->since_save_min += minutes;
}

static void run(struct world *w, int64_t minutes)
{
	while (minutes-- > 0) {
		pass(w, 1);
		look(w, 1);
		if (w->since_save_min >= SAVE_MIN) {
			assert_int_equal(age_save(w->age), 0);
			w->save_gap_min = w->since_save_min;
			w->since_save_min = 0;
			w->n_looks_before = w->n_looks_saved;
			w->n_looks_saved = w->n_looks;
			file_copy(w, false);
		}
	}
}

/* Off for a while; `cut`: without a last save. */
static void restart(struct world *w, bool cut, bool reboot)
{
	const int64_t most_min = w->since_save_min;

	age_free(w->age);
	if (cut) {
		file_copy(w, true);
		w->lost_min += most_min;
		w->n_looks = w->n_looks_saved;
	}
	if (reboot) {
		w->wall_min += pick(w, 3) ? pick(w, 5) : pick(w, 4 * DAY_MIN);
		w->boot_min = pick(w, 3);
	}
	world_open(w);
}

/* One byte of the newer record: the older one stands, one save older. */
static void damage(struct world *w)
{
	char *newer;
	uint64_t seqs[2];

	file_copy(w, false);
	memcpy(&seqs[0], w->file + 16, 8);
	memcpy(&seqs[1], w->file + 4096 + 16, 8);
	newer = w->file + (seqs[1] > seqs[0] ? 4096 : 0);
	newer[pick(w, 288)] ^= 1 << pick(w, 8);
	w->n_looks_saved = w->n_looks_before;
	w->lost_min += w->save_gap_min;
	restart(w, true, true);
}

static void step(struct world *w)
{
	const int64_t jumps_min[] = { YEARS_MIN, -YEARS_MIN, 3 * DAY_MIN, -3 * DAY_MIN };
	int64_t minutes;

	switch (pick(w, 12)) {
	case 0:
		restart(w, false, false);
		break;
	case 1:
		restart(w, false, true);
		break;
	case 2:
		restart(w, true, true);
		break;
	case 3:
		damage(w);
		break;
	case 4:
	case 5:
		w->wall_min += jumps_min[pick(w, 4)];
		break;
	case 6:
		minutes = pick(w, 2 * DAY_MIN);
		pass(w, minutes);
		look(w, minutes);
		break;
	case 7:
		if (pick(w, 2)) {
			w->old = w->now;
		} else if (w->old.newest_min > 0) {
			w->now = w->old;
			restart(w, pick(w, 2), true);
		}
		break;
	default:
		keep(w);
		run(w, pick(w, 4) ? 1 + pick(w, 300) : 1 + pick(w, 36 * 60));
	}
	sweep(w);
}

static int sequences(void)
{
	const char *text = getenv("CUBBY_AGE_SEQUENCES");

	return text ? atoi(text) : 2000;
}

static void test_r29_model(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	uint64_t erased = 0, early = 0, kept = 0, leapt = 0;
	const int n = sequences();

	assert_non_null(w);
	world_clock = (struct clock){ world_wall, world_boot, w };
	for (int i = 0; i < n; i++) {
		memset(w, 0, sizeof(*w));
		w->room = *state;
		w->seed = 0x9e3779b97f4a7c15u * (uint64_t)(i + 1);
		w->proved_min = INT64_MIN / 2;
		/* power_min and the clock's own value begin alike. */
		w->power_min = T0_MIN;
		w->wall_min = T0_MIN;
		w->boot_min = 1;
		world_open(w);
		w->now.newest_min = T0_MIN;
		for (int s = 0; s < STEPS; s++)
			step(w);
		age_free(w->age);
		erased += w->erased;
		early += w->early;
		kept += w->kept;
		leapt += w->now.leapt_min > 0;
	}
	print_message("# %d sequences: %llu kept, %llu erased, %llu of these by an accepted wall "
		      "clock; %llu ended with a leap\n", n, (unsigned long long)kept,
		      (unsigned long long)erased, (unsigned long long)early,
		      (unsigned long long)leapt);
	if (n >= 500) {
		assert_true(kept > 1000 && erased > 500);
		assert_true(early > 10);
	}
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_r29_model, room_make, room_drop),
	};

	if (crypt_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("age model", tests, NULL, NULL);
}
