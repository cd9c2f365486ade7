/* SPDX-License-Identifier: Apache-2.0 */
/* A long access log, made by the keeper's own code. */

#include "unit/client/log_fill.h"

#include "unit/test.h"

#include "log.h"
#include "store/slot.h"

void log_fill_append(struct access_log *log, struct store *store, unsigned n)
{
	struct profile profile = { 0 };
	struct access_entry entry = { .what = "open", .uid = 1000, .outcome = "done",
				      .method = "Archive.Open", .profile = &profile,
				      .item = &profile.id };
	struct store *transaction;

	assert_int_equal(store_begin(store, &transaction), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(access_log_append(log, &entry), 0);
	assert_int_equal(store_commit(transaction), 0);
}

void log_fill(const char *state, unsigned n,
	      void (*append)(struct access_log *log, struct store *store, unsigned n))
{
	struct vault_used used = { 0 };
	struct alerts_config alerts = { 0 };
	struct access_log_config config = { .clock = &clock_system };
	struct access_log *log;
	struct why why;

	assert_int_equal(store_open(state, &config.store, &why), 0);
	assert_int_equal(store_slots_used(config.store, &used), 0);
	assert_int_equal(vault_open(state, &used, &config.vault, &why), 0);
	vault_used_clear(&used);
	assert_int_equal(age_open(state, &clock_system, 0, 0, &config.age, &why), 0);
	alerts.store = config.store;
	alerts.age = config.age;
	assert_int_equal(alerts_new(&alerts, &config.alerts), 0);
	assert_int_equal(access_log_new(&config, &log), 0);
	append(log, config.store, n);
	access_log_free(log);
	alerts_free(config.alerts);
	age_free(config.age);
	vault_free(config.vault);
	store_free(config.store);
}
