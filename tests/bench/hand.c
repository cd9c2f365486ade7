/* SPDX-License-Identifier: Apache-2.0 */
/* What a parent waits for with many items, with a real keeper on a private bus: the first page of
 * "cubby list" beside a program that does nothing but the call for it, a search in all transcripts,
 * and new household keys after a parent was removed.
 *
 *	bench-hand CUBBY [ITEMS [RUNS [page|search|keys...]]]
 *
 * with the keeper's program in CUBBYD; prints one line of JSON. "bar": the terminal showed how far
 * the search was. The search proves by recovery code, so that its memory is without that of the
 * passphrase's check. script/bench --only hand runs it. */

#include "unit/client/world.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "bus/client.h"
#include "seed.h"
#include "sound/sound.h"

#define RUNS_MAX 100

static const char *cubby_program, *self;
static size_t bench_items = 10000;
static unsigned bench_runs = 15;
static char **parts;		/* asked for; none: all */

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool wanted(const char *part)
{
	for (char **one = parts; *one; one++)
		if (strcmp(*one, part) == 0)
			return true;
	return !*parts;
}

static void samples_print(const char *name, const double *all, unsigned n)
{
	printf(", \"%s\": [", name);
	for (unsigned i = 0; i < n; i++)
		printf("%s%.2f", i ? ", " : "", all[i]);
	printf("]");
}

/* The call for the first page, and nothing else, in a program of its own. */
static int bare(void)
{
	struct bus_client *client = NULL;
	struct message *request = NULL, *reply = NULL;
	struct why why;
	int r = bus_client_open(NULL, &client, &why);

	if (r == 0)
		r = bus_request_new(client, NULL, "Archive", "List", &request);
	for (int i = 0; r == 0 && i < 2; i++) {
		r = message_open(request, 'a', "{sv}");
		if (r == 0)
			r = message_close(request);
	}
	if (r == 0)
		r = bus_call(client, request, BUS_TIMEOUT_MS, &reply, &why);
	if (r == 0)
		puts("bare");
	return r != 0;
}

/* Until the program has written `lines` lines; then it is not listened to any more. */
static double lines_ms(const char *const *command, unsigned lines)
{
	const double begun_ms = now_ms();
	double passed_ms;
	int ends[2], status;
	unsigned seen = 0;
	char bytes[4096];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		world_become_parent();
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv(command[0], (char *const *)(uintptr_t)command);
		_exit(127);
	}
	close(ends[1]);
	while (seen < lines) {
		ssize_t n = read(ends[0], bytes, sizeof(bytes));

		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			seen += bytes[i] == '\n';
	}
	passed_ms = now_ms() - begun_ms;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return passed_ms;
}

static void page_measure(void)
{
	const char *const list[] = { cubby_program, "list", NULL }, *const call[] = { self, NULL };
	double ours[RUNS_MAX], theirs[RUNS_MAX];

	for (unsigned i = 0; i < bench_runs; i++) {
		ours[i] = lines_ms(list, 50);
		theirs[i] = lines_ms(call, 1);
	}
	samples_print("list_ms", ours, bench_runs);
	samples_print("call_ms", theirs, bench_runs);
}

static void search_measure(void)
{
	const double begun_ms = now_ms();
	struct rusage usage;
	char bytes[4096], command[512];
	bool bar = false;
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), other, status;
	pid_t pid;

	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	other = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	assert_true(other >= 0);
	assert_int_equal(fchmod(other, 0666), 0);
	snprintf(command, sizeof(command),
		 "exec %s list --grep nothing-like-it --recovery-file %s >/dev/null", cubby_program,
		 world_path("out/code"));
	pid = fork();
	if (pid == 0) {
		world_become_parent();
		dup2(other, STDERR_FILENO);
		close(terminal);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(other);
	for (ssize_t n; (n = read(terminal, bytes, sizeof(bytes))) > 0;)
		bar |= memchr(bytes, '%', (size_t)n) != NULL;
	close(terminal);
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	printf(", \"search_ms\": %.0f, \"search_mib\": %.1f, \"bar\": %s", now_ms() - begun_ms,
	       (double)usage.ru_maxrss / 1024, bar ? "true" : "false");
}

static void alerts_count(void)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_parent("home");
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	unsigned n = 0;

	assert_cubby(cubby, cubby_status(cubby, &status));
	for (const char *const *alert = status->alerts; *alert; alert++)
		n += strstr(*alert, "opened") != NULL;
	printf(", \"alerts\": %u", n);
}

static int code_drop(void *context, const char *code)
{
	return 0;
}

static void keys_measure(void)
{
	_cleanup_(cubby_freep) struct cubby *cubby =
		world_proved("home", CUBBY_SECRET_HOME | CUBBY_SECRET_RELEASE | CUBBY_SECRET_SIGN);
	double begun_ms, switched_ms;

	assert_cubby(cubby, cubby_parent_add(cubby, "Ben", WORLD_PASSPHRASE, code_drop, NULL));
	begun_ms = now_ms();
	assert_cubby(cubby, cubby_parent_remove(cubby, "Ben"));
	switched_ms = now_ms();
	assert_cubby(cubby, cubby_reseal(cubby, NULL, NULL));
	printf(", \"switch_ms\": %.0f, \"reseal_ms\": %.0f", switched_ms - begun_ms,
	       now_ms() - switched_ms);
}

static void items_make(void)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", CUBBY_SECRET_HOME);
	struct seed seed = { .items = bench_items, .frames = SOUND_RATE_HZ / 10 };
	char profile[CUBBY_ID_TEXT], command[512];
	struct household household;

	assert_cubby(cubby, cubby_profile_add(cubby, "Anna", false, profile));
	assert_true(id_parse(profile, &seed.profile));
	household = cubby->household;
	seed.household = &household;
	assert_int_equal(mkdir(world_path("out"), 0777), 0);
	assert_int_equal(chmod(world_path(""), 0755), 0);
	assert_int_equal(chmod(world_path("out"), 0777), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", world_path("out/xdg"), 1), 0);
	snprintf(command, sizeof(command), "printf '%%s\\n' '%s' > %s", world_code(),
		 world_path("out/code"));
	assert_int_equal(system(command), 0);
	world_between(seed_items, &seed);
}

static void bench(void **state)
{
	world_code();
	items_make();
	printf("{\"items\": %zu", bench_items);
	if (wanted("page"))
		page_measure();
	if (wanted("search")) {
		search_measure();
		alerts_count();
	}
	if (wanted("keys"))
		keys_measure();
	puts("}");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bench) };

	if (argc < 2)
		return bare();
	self = argv[0];
	cubby_program = argv[1];
	if (argc > 2)
		bench_items = strtoul(argv[2], NULL, 10);
	if (argc > 3)
		bench_runs = (unsigned)strtoul(argv[3], NULL, 10) % RUNS_MAX;
	parts = argv + (argc > 4 ? 4 : argc);
	return cmocka_run_group_tests_name("bench-hand", tests, world_start, world_stop);
}
