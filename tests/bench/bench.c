/* SPDX-License-Identifier: Apache-2.0 */
/* The cupboard that is measured. */

#include "bench.h"

#include <time.h>

#include "store/leap.h"
#include "store/household.h"

double bench_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

void bench_print(const char *name, const double *ms, size_t n)
{
	printf("\"%s\": [", name);
	for (size_t i = 0; i < n; i++)
		printf("%s%.6f", i ? ", " : "", ms[i]);
	printf("]");
}

void bench_need(int r, const char *what, const struct why *why)
{
	if (r == 0)
		return;
	fprintf(stderr, "bench: %s: answer %d%s%s\n", what, r, why ? ": " : "",
		why ? why->text : "");
	exit(1);
}

void bench_room_make(const char *dir)
{
	struct house *house = NULL;

	bench_need(house_make((void **)&house), "a household", NULL);
	house_setup(house);
	house_add(house, "mia", "child");
	house_close(house);
	if (rename(house->dir, dir) < 0)
		bench_need(-errno, dir, NULL);
}

static int erasure_logged(void *context, const struct erasure_job *job)
{
	struct bench_room *room = context;
	struct access_entry entry = { .what = erasure_reason_name(job->reason), .uid = job->uid,
				      .outcome = erasure_state_name(job->state),
				      .items = (int64_t)job->items };

	return access_log_append(room->log, &entry);
}

static int erasure_head(void *context, uint64_t *ret_seq, uint8_t ret_hash[static 32])
{
	return access_log_head(((struct bench_room *)context)->log, ret_seq, ret_hash);
}

static void room_stores(struct bench_room *room)
{
	struct vault_used used = { 0 };
	int64_t newest_min, leapt_min;

	bench_need(store_open(room->dir, &room->store, &room->why), "store", &room->why);
	bench_need(store_slots_used(room->store, &used), "slots", NULL);
	bench_need(vault_open(room->dir, &used, &room->vault, &room->why), "vault", &room->why);
	vault_used_clear(&used);
	bench_need(store_newest_min(room->store, &newest_min), "store", NULL);
	bench_need(store_leapt_min(room->store, &leapt_min), "store", NULL);
	bench_need(age_open(room->dir, room->clock, newest_min, leapt_min, &room->age,
			    &room->why), "age clock", &room->why);
}

void bench_room_open(const char *dir, struct bench_room *room)
{
	struct secret *master = NULL;
	struct profile *profiles = NULL;
	size_t n = 0;

	const struct clock *clock = room->clock ? room->clock : &clock_system;

	*room = (struct bench_room){ .dir = dir, .clock = clock };
	bench_need(crypt_init(), "libsodium", NULL);
	bench_need(loop_new(&room->loop), "loop", NULL);
	room_stores(room);
	struct archive_config archive = { room->store, room->vault, room->age, 0, 0 };
	bench_need(archive_new(&archive, &room->archive), "archive", NULL);
	struct alerts_config alerts = { .store = room->store, .age = room->age };
	bench_need(alerts_new(&alerts, &room->alerts), "alerts", NULL);
	struct access_log_config log = { room->store, room->vault, room->age, room->clock,
					 room->alerts, room->loop };
	bench_need(access_log_new(&log, &room->log), "log", NULL);
	bench_need(secret_random(KEY_BYTES, &master), "key", NULL);
	bench_need(device_from(master, &room->device), "key", NULL);
	secret_free(master);
	bench_need(box_keypair_new(&room->home), "key", NULL);
	struct erasure_config erasure = {
		.dir = dir, .clock = room->clock, .age = room->age, .store = room->store,
		.vault = room->vault, .archive = room->archive, .device = room->device->sign,
		.hooks = { .log = erasure_logged, .log_head = erasure_head, .context = room },
	};
	bench_need(erasure_new(&erasure, &room->erasure, &room->why), "erasure", &room->why);
	bench_need(store_profiles(room->store, &profiles, &n), "profiles", NULL);
	if (n > 0)
		room->mia = profiles[0];
	free(profiles);
}

void bench_room_close(struct bench_room *room)
{
	erasure_free(room->erasure);
	box_keypair_free(room->home);
	device_free(room->device);
	access_log_free(room->log);
	alerts_free(room->alerts);
	archive_free(room->archive);
	age_free(room->age);
	vault_free(room->vault);
	store_free(room->store);
	loop_free(room->loop);
}

void bench_room_keep(struct bench_room *room, struct archive_draft *draft,
		     const struct envelope_header *header, struct archive_body *bodies, unsigned n)
{
	struct archive_keep keep = { .profile = room->mia.id, .uid = 900, .header = *header,
				     .bodies = bodies, .n_bodies = n };
	struct access_within logged = {
		.log = room->log,
		.entry = { .what = "keep", .uid = 900, .outcome = "done",
			   .method = "Intake.Commit", .profile = &room->mia, .item = &draft->id },
	};
	const struct archive_within within = { access_log_within, &logged };

	bench_need(archive_commit(room->archive, draft, &keep, &within, &room->why), "keep",
		   &room->why);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} rows[] = { { "keep", bench_keep }, { "single", bench_single }, { "seed", bench_seed },
		     { "list", bench_list }, { "remove", bench_remove },
		     { "files", bench_files }, { "bus", bench_bus },
		     { "append", bench_append }, { "size", bench_size }, { "plain", bench_plain },
		     { "database", bench_database }, { "directory", bench_directory },
		     { "entries", bench_entries } };

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(rows); i++)
		if (strcmp(argv[1], rows[i].name) == 0)
			return rows[i].run(argc - 2, argv + 2);
	fprintf(stderr, "usage: bench-rows ROW ...; script/bench calls it\n");
	return 2;
}
