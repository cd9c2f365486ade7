/* SPDX-License-Identifier: Apache-2.0 */
/* Starts what libcubby talks to: the real things. Everything is in one directory below /tmp and
 * goes with the test. */

#include "unit/client/world.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "support/bus_fixture.h"

/* "nobody", whom the bus knows; the group makes the role. */
#define SOME_UID 65534
#define SOME_GID 65534

static struct bus_fixture bus;
static char dir[] = "/tmp/cubby-test-client-XXXXXX";
static char code[CUBBY_RECOVERY_TEXT];
static char parents_group[64];
static gid_t parents_gid;
static pid_t keeper;
static unsigned states;

const char *world_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* As root any group will do; another user is in its own, and cannot be anybody else. */
static void groups_choose(void)
{
	const struct group *group = geteuid() == 0 ? getgrnam("users") : getgrgid(getegid());

	assert_non_null(group);
	snprintf(parents_group, sizeof(parents_group), "%s", group->gr_name);
	parents_gid = group->gr_gid;
}

static void keeper_start(void)
{
	char state[128], config[128];
	FILE *file;

	snprintf(state, sizeof(state), "%s/state%u", dir, states);
	snprintf(config, sizeof(config), "%s/cubbyd.conf", dir);
	file = fopen(config, "w");
	assert_non_null(file);
	fprintf(file, "[groups]\nparents = %s\near = audio\n", parents_group);
	if (getenv("CUBBY_WORLD_CONFIG"))
		fputs(getenv("CUBBY_WORLD_CONFIG"), file);
	fclose(file);
	mkdir(state, 0700);
	keeper = fork();
	if (keeper == 0) {
		int null = open(world_path("cubbyd.log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, STDERR_FILENO);
		dup2(null, STDOUT_FILENO);
		execl(getenv("CUBBYD"), "cubbyd", "--foreground", "--state-dir", state, "--config",
		      config, "--bus", bus.address, NULL);
		_exit(127);
	}
	assert_true(keeper > 0);
}

static void keeper_wait(void)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int status;

	for (int i = 0; i < 1000; i++) {
		_cleanup_(cubby_freep) struct cubby *cubby = world_stranger("waiting");
		struct cubby_status *seen = NULL;

		if (cubby_status(cubby, &seen) == 0) {
			cubby_status_free(seen);
			/* The probe pins nothing for the tests. */
			assert_int_equal(unlink(world_path("waiting/" PIN_FILE)), 0);
			return;
		}
		if (waitpid(keeper, &status, WNOHANG) == keeper)
			break;
		nanosleep(&pause, NULL);
	}
	fail_msg("cubbyd did not come up; see %s", world_path("cubbyd.log"));
}

static void keeper_stop(void)
{
	if (keeper > 0) {
		kill(keeper, SIGTERM);
		waitpid(keeper, NULL, 0);
	}
	keeper = 0;
}

void world_restart(bool afresh)
{
	keeper_stop();
	states += afresh;
	if (afresh)
		code[0] = '\0';
	keeper_start();
	keeper_wait();
}

void world_freeze(bool frozen)
{
	assert_int_equal(kill(keeper, frozen ? SIGSTOP : SIGCONT), 0);
}

static const char tamper[] =
	"import sqlite3, sys\n"
	"sys.path.insert(0, '" TESTS_SUPPORT "')\n"
	"import pages\n"
	"c = sqlite3.connect(sys.argv[1])\n"
	"triggers = c.execute(\"SELECT name, sql FROM sqlite_master WHERE type = "
	"'trigger'\").fetchall()\n"
	"for name, sql in triggers: c.execute('DROP TRIGGER ' + name)\n"
	"changed = c.execute(sys.argv[2]).rowcount\n"
	"for name, sql in triggers: c.execute(sql)\n"
	"c.commit()\n"
	"c.close()\n"
	"pages.sums_put(sys.argv[1])\n"
	"sys.exit(0 if changed == 1 else 1)\n";

void world_between(void (*change)(const char *state, void *context), void *context)
{
	char state[128];

	keeper_stop();
	snprintf(state, sizeof(state), "%s/state%u", dir, states);
	change(state, context);
	keeper_start();
	keeper_wait();
}

static void sql_run(const char *state, void *sql)
{
	char path[160];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/cubby.db", state);
	pid = fork();
	if (pid == 0) {
		execlp("python3", "python3", "-c", tamper, path, sql, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

void world_tamper(const char *sql)
{
	world_between(sql_run, (void *)(uintptr_t)sql);
}

int world_start(void **state)
{
	if (!getenv("CUBBYD") || crypt_init() < 0 || !mkdtemp(dir) ||
	    bus_fixture_start(&bus, NULL) < 0)
		return -1;
	groups_choose();
	keeper_start();
	keeper_wait();
	return 0;
}

int world_stop(void **state)
{
	char command[128];

	keeper_stop();
	bus_fixture_stop(&bus);
	/* What is left behind is there to be read. */
	if (getenv("CUBBY_TEST_KEEP"))
		return 0;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct cubby *session_as(const char *home, gid_t gid)
{
	struct cubby_options options = CUBBY_OPTIONS_INIT;
	struct cubby *cubby = NULL;
	bool changed;

	options.address = bus.address;
	options.state_dir = world_path(home);
	options.timeout_ms = 60000;
	assert_int_equal(cubby_new(&options, &cubby), 0);
	changed = bus_fixture_become(SOME_UID, gid);
	assert_cubby(cubby, cubby_connect(cubby));
	if (changed)
		bus_fixture_become_self();
	return cubby;
}

struct cubby *world_parent(const char *home)
{
	return session_as(home, parents_gid);
}

void world_become_parent(void)
{
	setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address, 1);
	if (geteuid() == 0 && (setgroups(1, &parents_gid) < 0 || setgid(parents_gid) < 0 ||
			       setuid(SOME_UID) < 0))
		_exit(126);
}

struct cubby *world_stranger(const char *home)
{
	return session_as(home, SOME_GID);
}

static int code_keep(void *context, const char *text)
{
	snprintf(code, sizeof(code), "%s", text);
	return 0;
}

const char *world_code(void)
{
	if (!code[0]) {
		_cleanup_(cubby_freep) struct cubby *cubby = world_parent("home");

		assert_cubby(cubby, cubby_setup(cubby, "Anna", WORLD_PASSPHRASE, code_keep, NULL));
	}
	return code;
}

struct cubby *world_proved(const char *home, unsigned secrets)
{
	struct cubby_proof proof = CUBBY_PROOF_INIT;
	struct cubby *cubby;

	proof.recovery_code = world_code();
	cubby = world_parent(home);
	assert_cubby(cubby, cubby_prove(cubby, &proof, secrets));
	return cubby;
}
