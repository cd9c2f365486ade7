/* SPDX-License-Identifier: Apache-2.0 */
/* The drill passes when all is well, and fails for a canary that stays and for each kind of orphan:
 * a row, a body, a slot, a file. */

#include "keeper_room.h"


#include "drill.h"
#include "lost.h"
#include "outside.h"
#include "store/drill.h"
#include "store/alert.h"

static void sql_run(struct cupboard *c, const char *sql)
{
	char path[320];
	sqlite3 *db = NULL;

	cupboard_shut(c);
	assert_int_equal(outside_open(room_path(c->room, "cubby.db", path), &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	cupboard_open(c);
}

struct drilled {
	struct alerts *alerts;
	struct drill *drill;
	char found[1100];
	unsigned ended;
};

static void drilled_end(void *context, const char *found)
{
	struct drilled *drilled = context;

	snprintf(drilled->found, sizeof(drilled->found), "%s", found);
	drilled->ended++;
}

/* The newest job there is. */
static void job_tell(struct cupboard *c, struct drilled *drilled)
{
	struct erasure_job *job = NULL;

	for (int64_t number = 20; number > 0 && !job; number--)
		if (erasure_find(c->erasure, number, &job) != 0)
			job = NULL;
	assert_non_null(job);
	assert_true(drill_owns(drilled->drill, job->number));
	drill_job_ended(drilled->drill, job);
	erasure_job_free(job);
}

static void drill_open(struct cupboard *c, struct drilled *drilled)
{
	const struct alerts_config alerts = { c->store, c->age, NULL, NULL };
	struct drill_config config = {
		.dir = c->room->dir, .store = c->store, .vault = c->vault, .age = c->age,
		.archive = c->archive, .erasure = c->erasure, .ended = drilled_end,
		.context = drilled,
	};

	assert_int_equal(alerts_new(&alerts, &drilled->alerts), 0);
	config.alerts = drilled->alerts;
	assert_int_equal(drill_new(&config, &drilled->drill), 0);
}

static void drill_finish(struct cupboard *c, struct drilled *drilled)
{
	uint64_t partial = 9;

	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	job_tell(c, drilled);
	while (drill_step(drilled->drill) == DRILL_MORE)
		;
	assert_int_equal(drilled->ended, 1);
	assert_false(drill_under_way(drilled->drill));
}

static void drill_shut(struct drilled *drilled)
{
	drill_free(drilled->drill);
	alerts_free(drilled->alerts);
}

/* A whole drill; the alerts that stand after it, " kind" each. */
static void drill_do(struct cupboard *c, struct drilled *drilled, char alerts[static 64])
{
	struct alert_row *rows = NULL;
	size_t n = 0;

	drill_open(c, drilled);
	assert_int_equal(drill_begin(drilled->drill, &c->why), 0);
	assert_int_equal(drill_begin(drilled->drill, &c->why), ANSWER_BUSY);
	drill_finish(c, drilled);
	assert_int_equal(store_alerts(c->store, &rows, &n), 0);
	alerts[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strncat(alerts, " ", 63 - strlen(alerts));
		strncat(alerts, rows[i].kind, 63 - strlen(alerts));
	}
	free(rows);
	drill_shut(drilled);
}

static void test_r32_a_drill_passes_and_leaves_nothing(void **state)
{
	struct cupboard *c = *state;
	struct drilled drilled = { 0 };
	_cleanup_(cleanup_free) char *found = NULL;
	struct archive_count count;
	const struct archive_selection everything = { .all = true };
	struct kept kept;
	int64_t ended_min = 0;
	char alerts[64];

	assert_int_equal(cupboard_keep(c, &child_id, 2 | 4, 5000, &kept), 0);
	drill_do(c, &drilled, alerts);
	assert_string_equal(drilled.found, "");
	assert_string_equal(alerts, "");
	assert_int_equal(store_drill(c->store, &ended_min, &found), 0);
	assert_true(ended_min >= T0_MIN);
	assert_string_equal(found, "");
	assert_int_equal(archive_count(c->archive, &everything, &count, &c->why), 0);
	assert_int_equal(count.items, 1);
	assert_int_equal(room_count(c->room, "slots.bin", kept.keys->bytes, KEY_BYTES), 1);
	secret_free(kept.keys);
}

static void finds(void **state, const char *expected, const char *expected_alerts)
{
	struct drilled drilled = { 0 };
	char alerts[64];

	drill_do(*state, &drilled, alerts);
	assert_string_equal(drilled.found, expected);
	assert_string_equal(alerts, expected_alerts);
}

static void test_r32_an_orphan_body_is_found(void **state)
{
	sql_run(*state, "INSERT INTO body (sealed) VALUES (randomblob(5000))");
	finds(state, "cubby.db: 1 bodies that no part names", " stores-disagree");
}

static void test_r32_an_orphan_row_is_found(void **state)
{
	sql_run(*state, "INSERT INTO body VALUES (70, zeroblob(64));"
			" INSERT INTO part (item, kind, "
			"slot, slot_tag, made_min, expires_min, bytes, hash, body) VALUES (99, 1, "
			"900, zeroblob(16), 29999990, 30000100, 64, zeroblob(32), 70)");
	finds(state, "cubby.db: 1 parts of no item", " stores-disagree");
}

static void test_r32_an_item_without_parts_is_found(void **state)
{
	sql_run(*state, "INSERT INTO item VALUES (99, randomblob(16), 1, 30000000, 1, "
			"zeroblob(89))");
	finds(state, "cubby.db: 1 items without a part", " stores-disagree");
}

static void test_r32_a_slot_with_another_key_is_found(void **state)
{
	struct cupboard *c = *state;
	struct kept kept;

	assert_int_equal(cupboard_keep(c, &child_id, 2, 5000, &kept), 0);
	sql_run(c, "UPDATE part SET slot_tag = randomblob(16)");
	finds(state, "slots.bin: 1 slots hold another key than their row's", " stores-disagree");
	secret_free(kept.keys);
}

/* The log's slot is named by a row like any other, and is not looked for among lost keys. */
static void test_r32_the_logs_slot_is_known(void **state)
{
	struct cupboard *c = *state;
	struct kept kept;

	assert_int_equal(cupboard_keep(c, &child_id, 2, 5000, &kept), 0);
	/* Its tag does not fit, as when it is behind its row. */
	assert_int_equal(lost_owner(c->store, c->vault, 60), ANSWER_NOT_FOUND);
	sql_run(c, "INSERT INTO log_slot VALUES (1, 60, randomblob(16), randomblob(16), 7)");
	assert_int_equal(lost_owner(c->store, c->vault, 60), 0);
	assert_int_equal(archive_lost(c->archive), 0);
	sql_run(c, "UPDATE log_slot SET slot = (SELECT slot FROM part)");
	finds(state, "cubby.db: 1 slots that two rows name\n"
		     "slots.bin: 1 slots hold another key than their row's", " stores-disagree");
	secret_free(kept.keys);
}

static void test_r32_a_lost_key_is_found(void **state)
{
	static const uint8_t zeros[KEY_BYTES];
	struct cupboard *c = *state;
	struct kept kept;
	char path[320], *slots, *key;
	const size_t n = (size_t)room_size(c->room, "slots.bin");
	int fd;

	assert_int_equal(cupboard_keep(c, &child_id, 2, 5000, &kept), 0);
	slots = malloc(n);
	fd = open(room_path(c->room, "slots.bin", path), O_RDONLY);
	assert_int_equal(pread(fd, slots, n, 0), n);
	close(fd);
	key = memmem(slots, n, kept.keys->bytes, KEY_BYTES);
	assert_non_null(key);
	room_write(c->room, "slots.bin", key - slots, zeros, KEY_BYTES);
	free(slots);
	finds(state, "slots.bin: 1 keys are gone whose rows are not erased", " stores-disagree");
	secret_free(kept.keys);
}

static void test_r32_a_canary_that_stays_is_found(void **state)
{
	struct cupboard *c = *state;
	struct drilled drilled = { 0 };
	char path[320], *slots;
	off_t n;
	int fd;

	drill_open(c, &drilled);
	assert_int_equal(drill_begin(drilled.drill, &c->why), 0);
	n = room_size(c->room, "slots.bin");
	slots = malloc((size_t)n);
	fd = open(room_path(c->room, "slots.bin", path), O_RDONLY);
	assert_int_equal(pread(fd, slots, (size_t)n, 0), n);
	close(fd);
	room_write(c->room, "reserve.bin", 5000, slots, (size_t)n);
	free(slots);
	drill_finish(c, &drilled);
	assert_string_equal(drilled.found, "reserve.bin still holds something of the canary");
	drill_shut(&drilled);
}

static void test_r5_a_file_that_is_no_store_fails_the_drill(void **state)
{
	struct cupboard *c = *state;

	room_write(c->room, "cache.json", 0, "{}", 2);
	finds(state, "a file in the state directory is no store of the keeper: cache.json",
	      " drill-failed");
}

static void test_what_a_crash_left_of_a_drill_goes_at_the_start(void **state)
{
	struct cupboard *c = *state;
	struct drilled drilled = { 0 };
	uint64_t partial;
	struct id id;

	sql_run(c, "INSERT INTO profile (id, name, type, created_min) VALUES (randomblob(16), "
		   "char(1) || 'left', 'child', 1)");
	drill_open(c, &drilled);
	assert_int_equal(drill_clean(drilled.drill), 0);
	assert_int_equal(erasure_finish(c->erasure, &partial), 0);
	assert_int_equal(store_canary_left(c->store, &id), ANSWER_NOT_FOUND);
	drill_shut(&drilled);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, cupboard_make, cupboard_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_r32_a_drill_passes_and_leaves_nothing),
		CASE(test_r32_an_orphan_body_is_found),
		CASE(test_r32_an_orphan_row_is_found),
		CASE(test_r32_an_item_without_parts_is_found),
		CASE(test_r32_a_slot_with_another_key_is_found),
		CASE(test_r32_the_logs_slot_is_known),
		CASE(test_r32_a_lost_key_is_found),
		CASE(test_r32_a_canary_that_stays_is_found),
		CASE(test_r5_a_file_that_is_no_store_fails_the_drill),
		CASE(test_what_a_crash_left_of_a_drill_goes_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
