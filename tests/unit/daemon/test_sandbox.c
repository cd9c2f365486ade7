/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper can no longer do once it has confined itself; and its state directory. */

#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "crypt/secret.h"
#include "sandbox.h"
#include "state.h"

#define ALL (SANDBOX_NO_NEW_PRIVS | SANDBOX_NOT_DUMPABLE | SANDBOX_SECCOMP | SANDBOX_LANDLOCK)

static char dir[] = "/tmp/cubby-sandbox-XXXXXX";
static struct why why;

/* Runs `check` in a process that is confined to `dir`; it returns the number of what went wrong. */
static void confined(int (*check)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		unsigned held = 0;
		int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (sandbox_enter(fd, &held, &why))
			_exit(101);
		if (held != ALL)
			_exit(102);
		_exit(check());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int check_network(void)
{
	static const int families[] = {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK, AF_ALG};

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		for (int type = SOCK_STREAM; type <= SOCK_RAW; type++)
			if (socket(families[i], type, 0) >= 0 || errno != EAFNOSUPPORT)
				return 1 + (int)i;
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ? 0 : 20;
}

static void test_r26_no_socket_but_unix_ones(void **state)
{
	confined(check_network);
}

static int check_files(void)
{
	char path[128];

	if (open("/tmp/cubby-elsewhere", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 ||
	    errno != EACCES)
		return 1;
	if (open("/dev/shm/cubby-elsewhere", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0)
		return 2;
	if (open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0)
		return 3;
	if (mkdir("/tmp/cubby-elsewhere", 0700) == 0)
		return 4;
	snprintf(path, sizeof(path), "%s/inside", dir);
	if (open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) < 0)
		return 5;
	if (rename(path, "/tmp/cubby-elsewhere") == 0)
		return 6;
	if (unlink(path) < 0)
		return 7;
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 ? 0 : 8;
}

static void test_r5_no_file_elsewhere(void **state)
{
	confined(check_files);
}

/* Confined by something else before, in which landlock_create_ruleset ends with `error`. */
static int enter_where_landlock_ends(int error, unsigned *ret_held)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), SCMP_SYS(landlock_create_ruleset), 0) ||
	    seccomp_load(filter))
		_exit(103);
	return sandbox_enter(fd, ret_held, &why);
}

static int check_forbidden(void)
{
	unsigned held = 0;

	if (enter_where_landlock_ends(EPERM, &held) != ANSWER_FAILED)
		return 1;
	return strstr(why.text, "landlock_create_ruleset") ? 0 : 2;
}

static int check_old_kernel(void)
{
	unsigned held = 0;

	if (enter_where_landlock_ends(ENOSYS, &held) != 0)
		return 1;
	return held == (ALL & ~SANDBOX_LANDLOCK) ? 0 : 2;
}

/* As a kernel from before seccomp(), or valgrind: the filter goes by prctl(), or there is none. */
static int enter_without_seccomp(bool prctl_too, unsigned *ret_held)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0);

	for (int i = 0; !r && prctl_too && i < 2; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
				     SCMP_A0(SCMP_CMP_EQ, i ? PR_SET_SECCOMP : PR_GET_SECCOMP));
	/* The library remembers what this kernel has. */
	if (r || seccomp_load(filter) || seccomp_reset(NULL, 0))
		_exit(103);
	return sandbox_enter(fd, ret_held, &why);
}

static int check_no_seccomp_call(void)
{
	unsigned held = 0;

	return enter_without_seccomp(false, &held) != 0 ? 1 : held == ALL ? 0 : 2;
}

static int check_no_seccomp(void)
{
	unsigned held = 0;

	if (enter_without_seccomp(true, &held) != 0)
		return 1;
	return held == (ALL & ~SANDBOX_SECCOMP) ? 0 : 2;
}

static void alone(int (*check)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_r5_a_filter_in_the_way_is_refused_an_old_kernel_is_not(void **state)
{
	alone(check_forbidden);
	alone(check_old_kernel);
}

static void test_r26_an_old_kernel_takes_what_it_knows(void **state)
{
	alone(check_no_seccomp_call);
	alone(check_no_seccomp);
}

/* The verifier reads the disk, not the page cache. */
static int check_read_back(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? 1 : posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 ? 0 : 2;
}

static void test_r8_the_page_cache_can_be_dropped(void **state)
{
	confined(check_read_back);
}

static int check_core(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur || limit.rlim_max)
		return 1;
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 2;
	return umask(0) == 077 ? 0 : 3;
}

static void test_r7_no_core(void **state)
{
	confined(check_core);
}

static int check_programs(void)
{
	char *const arguments[] = {(char[]){"true"}, NULL};

	/* Under the sanitizers only Landlock stands in the way. */
	execve("/bin/true", arguments, arguments + 1);
#ifdef __SANITIZE_ADDRESS__
	return errno == EACCES ? 0 : 1;
#else
	if (errno != ENOSYS)
		return 1;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 || errno != ENOSYS)
		return 2;
	if (fork() >= 0 || errno != ENOSYS)
		return 3;
	return unshare(CLONE_NEWUSER) < 0 && errno == ENOSYS ? 0 : 4;
#endif
}

static void test_no_new_program_and_no_other_process(void **state)
{
	confined(check_programs);
}

static void test_the_directory_is_made_closed_to_others(void **state)
{
	_cleanup_(state_freep) struct state *opened = NULL;
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/state", dir);
	assert_int_equal(state_open(path, &opened, &why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	rmdir(path);
}

/* And left as it is: with --state-dir /tmp, closing it would lock everybody else out. */
static void test_a_directory_open_to_others_is_refused(void **state)
{
	struct state *opened = NULL;
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/open", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_answer(state_open(path, &opened, &why), ANSWER_FAILED, why);
	assert_non_null(strstr(why.text, "chmod 0700"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_null(opened);
	rmdir(path);
}

static void test_a_directory_that_is_not_one_is_refused(void **state)
{
	struct state *opened = NULL;
	char path[128], link[128];

	snprintf(path, sizeof(path), "%s/file", dir);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_answer(state_open(path, &opened, &why), ANSWER_FAILED, why);
	unlink(path);
	snprintf(link, sizeof(link), "%s/link", dir);
	/* To a directory of the test's own: a broken guard closes what it points to. */
	assert_int_equal(symlink(dir, link), 0);
	assert_answer(state_open(link, &opened, &why), ANSWER_FAILED, why);
	unlink(link);
	snprintf(path, sizeof(path), "%s/no/such", dir);
	assert_answer(state_open(path, &opened, &why), ANSWER_FAILED, why);
	assert_null(opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r26_no_socket_but_unix_ones),
		cmocka_unit_test(test_r5_no_file_elsewhere),
		cmocka_unit_test(test_r5_a_filter_in_the_way_is_refused_an_old_kernel_is_not),
		cmocka_unit_test(test_r26_an_old_kernel_takes_what_it_knows),
		cmocka_unit_test(test_r8_the_page_cache_can_be_dropped),
		cmocka_unit_test(test_r7_no_core),
		cmocka_unit_test(test_no_new_program_and_no_other_process),
		cmocka_unit_test(test_the_directory_is_made_closed_to_others),
		cmocka_unit_test(test_a_directory_open_to_others_is_refused),
		cmocka_unit_test(test_a_directory_that_is_not_one_is_refused),
	};
	int failed;

	if (crypt_init() || !mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
