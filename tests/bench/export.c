/* SPDX-License-Identifier: Apache-2.0 */
/* What an export costs beside copying the files it writes, and beside opening the same items
 * without writing: a real keeper on a private bus.
 *
 *	bench-export CUBBY [ITEMS [SECONDS]]
 *
 * with the keeper's program in CUBBYD; prints one line of JSON. */

#include "unit/client/world.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "seed.h"
#include "sound/sound.h"

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct cubby *proved(unsigned secrets)
{
	return world_proved("home", secrets);
}

static void items_make(size_t items, size_t frames)
{
	struct cubby *cubby = proved(CUBBY_SECRET_HOME);
	struct seed seed = { .items = items, .frames = frames, .purpose = "bench",
			     .recipient = "bench" };
	char profile[CUBBY_ID_TEXT];
	struct household household;

	assert_cubby(cubby, cubby_profile_add(cubby, "Anna", false, profile));
	assert_true(id_parse(profile, &seed.profile));
	household = cubby->household;
	seed.household = &household;
	cubby_free(cubby);
	world_between(seed_items, &seed);
}

/* Runs the command; seconds and the most memory it had. */
static double command_run(const char *command, long *ret_kib)
{
	const double begun_s = now_s();
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		world_become_parent();
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s: status %d", command, status);
	*ret_kib = usage.ru_maxrss;
	return now_s() - begun_s;
}

/* Everything opened, nothing written. */
static double open_all(size_t *ret_items)
{
	struct cubby_export_options options = CUBBY_EXPORT_OPTIONS_INIT;
	struct cubby *cubby = proved(CUBBY_SECRET_RELEASE);
	static const char *const lines[] = { "x\n" };
	struct cubby_export *export;
	size_t n, all = 0;
	double begun_s;

	options.purpose = options.recipient = "bench";
	options.format = "hf";
	options.encoding = "flac";
	begun_s = now_s();
	assert_cubby(cubby, cubby_export_begin(cubby, &options, &export));
	do {
		assert_cubby(cubby, cubby_export_page(export, &n));
		for (size_t i = 0; i < n; i++, all++) {
			struct cubby_written written = CUBBY_WRITTEN_INIT;
			_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
			char token[CUBBY_ID_TEXT];

			assert_cubby(cubby, cubby_export_open(export, i, token, &opened));
			written.token = token;
			written.file = "x";
			written.file_bytes = 1;
			written.samples = opened->samples;
			written.frames = 1;
			written.lines = lines;
			assert_cubby(cubby, cubby_export_wrote(export, &written));
		}
		if (n > 0)
			assert_cubby(cubby, cubby_export_synced(export));
	} while (n > 0);
	begun_s = now_s() - begun_s;
	cubby_export_free(export);
	cubby_free(cubby);
	*ret_items = all;
	return begun_s;
}

static const char *cubby_program;
static size_t bench_items = 500;
static double bench_seconds = 2;

static void bench(void **state)
{
	const size_t frames = (size_t)(bench_seconds * SOUND_RATE_HZ);
	double export_s, copy_s, sync_s, open_s;
	char command[1024];
	size_t opened;
	long kib, unused;

	world_code();
	items_make(bench_items, frames);
	open_s = open_all(&opened);
	assert_int_equal(opened, bench_items);
	assert_int_equal(mkdir(world_path("out"), 0777), 0);
	assert_int_equal(chmod(world_path(""), 0755), 0);
	assert_int_equal(chmod(world_path("out"), 0777), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", world_path("out/xdg"), 1), 0);
	snprintf(command, sizeof(command), "printf '%%s\\n' '%s' > %s/code", world_code(),
		 world_path("out"));
	command_run(command, &unused);
	snprintf(command, sizeof(command),
		 "cd %s && %s export create set --format hf --recovery-file code > log",
		 world_path("out"), cubby_program);
	export_s = command_run(command, &kib);
	snprintf(command, sizeof(command), "cd %s && cp -r set copy", world_path("out"));
	copy_s = command_run(command, &unused);
	snprintf(command, sizeof(command), "cd %s && cp -r set again && sync -f again",
		 world_path("out"));
	sync_s = command_run(command, &unused);
	fprintf(stderr,
		"{\"items\": %zu, \"seconds_each\": %.1f, \"export_s\": %.2f, \"cp_s\": %.2f, "
		"\"cp_sync_s\": %.2f, \"open_s\": %.2f, \"export_max_kib\": %ld}\n",
		bench_items, bench_seconds, export_s, copy_s, sync_s, open_s, kib);
	snprintf(command, sizeof(command), "cd %s && rm -rf set copy again", world_path("out"));
	command_run(command, &unused);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bench) };

	if (argc < 2)
		return 2;
	cubby_program = argv[1];
	if (argc > 2)
		bench_items = strtoul(argv[2], NULL, 10);
	if (argc > 3)
		bench_seconds = strtod(argv[3], NULL);
	return cmocka_run_group_tests_name("bench-export", tests, world_start, world_stop);
}
