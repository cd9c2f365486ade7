/* SPDX-License-Identifier: Apache-2.0 */
/* The table of docs/SANDBOX.md: each row is tried by a process without confinement, by one that has
 * entered the keeper's, and by one that has entered that of the ears' programs. With the argument
 * --table it prints the table. */

#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "hosts/confine.h"
#include "sandbox.h"

#define USER 61027

static char dir[] = "/tmp/cubby-evidence-XXXXXX";
static struct why why;

/* Each returns 0 where it was let through, otherwise the errno. */
static int opened(int fd)
{
	return fd < 0 ? errno : 0;
}

static int done(long r)
{
	return r < 0 ? errno : 0;
}

static int create_inside(void)
{
	char path[128];
	int r;

	snprintf(path, sizeof(path), "%s/inside", dir);
	r = opened(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	unlink(path);
	return r;
}

static int create_elsewhere(void)
{
	char path[128];
	int r;

	snprintf(path, sizeof(path), "/tmp/%s-elsewhere", dir + 5);
	r = opened(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	unlink(path);
	return r;
}

static int create_in_shm(void)
{
	char path[128];
	int r;

	snprintf(path, sizeof(path), "/dev/shm/%s", dir + 5);
	r = opened(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	unlink(path);
	return r;
}

static int write_device(void)
{
	return opened(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

static int read_elsewhere(void)
{
	return opened(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int socket_unix(void)
{
	return opened(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int socket_inet(void)
{
	return opened(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int socket_inet6(void)
{
	return opened(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int socket_netlink(void)
{
	return opened(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int socket_packet(void)
{
	return opened(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

/* Only comes back where it was refused; /bin/true says 0, too. */
static int program(void)
{
	char *const arguments[] = {(char[]){"true"}, NULL};

	return done(execve("/bin/true", arguments, arguments + 1));
}

static int process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return done(pid);
}

static int trace(void)
{
	return done(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int namespace_new(void)
{
	return done(unshare(CLONE_NEWNS));
}

static int mount_new(void)
{
	return done(mount("none", dir, "tmpfs", 0, NULL));
}

/* Of what is done through such a ring no filter of system calls hears. */
static int ring(void)
{
	return done(syscall(SYS_io_uring_setup, 0, NULL));
}

/* One that nobody can set: where this is let through, the time stays as it is. */
static int clock_set(void)
{
	return done(clock_settime(CLOCK_MONOTONIC, &(struct timespec){0}));
}

static int user_other(void)
{
	return done(syscall(SYS_setresuid, USER, USER, USER));
}

static int core(void)
{
	struct rlimit limit = {1, 1};

	getrlimit(RLIMIT_CORE, &limit);
	return limit.rlim_max ? 0 : EFBIG;
}

static int capability(void)
{
	char set[64] = "", line[128];
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file) && sscanf(line, "CapPrm: %63s", set) != 1)
		;
	return set[0] && strspn(set, "0") == strlen(set) ? EPERM : 0;
}

enum confinement { NONE = -1, KEEPER, EAR, CONFINEMENTS };

static const struct attempt {
	const char *what;
	int (*run)(void);
	struct {
		int refused;	/* errno; 0: it is to be let through */
		const char *word;
	} by[CONFINEMENTS];
} attempts[] = {
	{"make a file in the state directory", create_inside,
	 {{0, "allowed"}, {EACCES, "EACCES (Landlock)"}}},
	{"make a file in /tmp", create_elsewhere,
	 {{EACCES, "EACCES (Landlock)"}, {EACCES, "EACCES (Landlock)"}}},
	{"make a file in /dev/shm", create_in_shm,
	 {{EACCES, "EACCES (Landlock)"}, {EACCES, "EACCES (Landlock)"}}},
	{"open /dev/null for writing", write_device,
	 {{EACCES, "EACCES (Landlock)"}, {EACCES, "EACCES (Landlock)"}}},
	{"read a file that everybody may read", read_elsewhere,
	 {{0, "allowed"}, {0, "allowed"}}},
	{"a unix socket", socket_unix, {{0, "allowed"}, {0, "allowed"}}},
	{"an IPv4 socket", socket_inet,
	 {{EAFNOSUPPORT, "EAFNOSUPPORT (seccomp)"}, {EAFNOSUPPORT, "EAFNOSUPPORT (seccomp)"}}},
	{"an IPv6 socket", socket_inet6,
	 {{EAFNOSUPPORT, "EAFNOSUPPORT (seccomp)"}, {EAFNOSUPPORT, "EAFNOSUPPORT (seccomp)"}}},
	{"a netlink socket", socket_netlink,
	 {{EAFNOSUPPORT, "EAFNOSUPPORT (seccomp)"}, {EAFNOSUPPORT, "EAFNOSUPPORT (seccomp)"}}},
	{"a packet socket", socket_packet,
	 {{EAFNOSUPPORT, "EAFNOSUPPORT (seccomp)"}, {EAFNOSUPPORT, "EAFNOSUPPORT (seccomp)"}}},
	{"start another program", program,
	 {{ENOSYS, "ENOSYS (seccomp)"}, {ENOSYS, "ENOSYS (seccomp)"}}},
	{"start another process", process,
	 {{ENOSYS, "ENOSYS (seccomp)"}, {ENOSYS, "ENOSYS (seccomp)"}}},
	{"trace", trace,
	 {{ENOSYS, "ENOSYS (seccomp)"}, {ENOSYS, "ENOSYS (seccomp)"}}},
	{"a new mount namespace", namespace_new,
	 {{ENOSYS, "ENOSYS (seccomp)"}, {ENOSYS, "ENOSYS (seccomp)"}}},
	{"mount a file system", mount_new,
	 {{ENOSYS, "ENOSYS (seccomp)"}, {ENOSYS, "ENOSYS (seccomp)"}}},
	{"a ring of calls (io_uring)", ring,
	 {{ENOSYS, "ENOSYS (seccomp)"}, {ENOSYS, "ENOSYS (seccomp)"}}},
	{"set the clock", clock_set,
	 {{ENOSYS, "ENOSYS (seccomp)"}, {ENOSYS, "ENOSYS (seccomp)"}}},
	{"become another user", user_other,
	 {{ENOSYS, "ENOSYS (seccomp)"}, {ENOSYS, "ENOSYS (seccomp)"}}},
	{"keep a capability of root's", capability,
	 {{EPERM, "none left"}, {EPERM, "none left"}}},
	{"leave a core dump", core,
	 {{EFBIG, "0 bytes, hard limit"}, {EFBIG, "0 bytes, hard limit"}}},
};

/* What `run` comes to in a process of its own. */
static int tried(int (*run)(void), enum confinement by)
{
	pid_t pid = fork();
	unsigned held = 0;
	int status = 0, fd;

	assert_true(pid >= 0);
	if (pid == 0) {
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if ((by == KEEPER && sandbox_enter(fd, &held, &why)) ||
		    (by == EAR && confine_enter(&why)))
			_exit(255);
		_exit(run());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_r5_r26_each_row_holds(void **state)
{
#ifdef __SANITIZE_ADDRESS__
	skip();		/* The filter is another one there: sandbox.c. */
#endif
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
		for (int by = KEEPER; by < CONFINEMENTS; by++) {
			const int r = tried(attempts[i].run, by);

			if (r != attempts[i].by[by].refused)
				print_message("%d, %s: %s\n", by, attempts[i].what, strerror(r));
			assert_int_equal(r, attempts[i].by[by].refused);
		}
}

/* Without confinement the same attempts are not refused in this way: the rows tell something. */
static void test_without_confinement_nothing_of_it_is_refused_so(void **state)
{
	static int (*const anybodys[])(void) = {
		create_elsewhere, create_in_shm, write_device, socket_inet, socket_netlink, program,
		process, trace,
	};

	for (size_t i = 0; i < ARRAY_SIZE(anybodys); i++)
		assert_int_equal(tried(anybodys[i], NONE), 0);
	assert_int_equal(tried(capability, NONE) == 0, geteuid() == 0);
}

/* Two processes of one user: the one must not look into the other. */
static void test_r7_the_same_user_cannot_look_into_it(void **state)
{
	int ready[2];
	unsigned held;
	pid_t keeper, other;
	int status = 0;
	char path[64], byte = 0;

	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe(ready), 0);
	keeper = fork();
	if (keeper == 0) {
		int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER) ||
		    sandbox_enter(fd, &held, &why) || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			poll(NULL, 0, 1000);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	other = fork();
	if (other == 0) {
		if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
			_exit(1);
		if (ptrace(PTRACE_ATTACH, keeper, NULL, NULL) == 0 || errno != EPERM)
			_exit(2);
		snprintf(path, sizeof(path), "/proc/%d/mem", (int)keeper);
		_exit(open(path, O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES ? 3 : 0);
	}
	assert_int_equal(waitpid(other, &status, 0), other);
	kill(keeper, SIGKILL);
	waitpid(keeper, NULL, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void table_print(FILE *file)
{
	fprintf(file, "| attempt | cubbyd | cubby-listen, cubby-wyoming |\n|---|---|---|\n");
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
		fprintf(file, "| %s | %s | %s |\n", attempts[i].what, attempts[i].by[KEEPER].word,
			attempts[i].by[EAR].word);
}

static void test_the_table_of_the_documentation_is_this_one(void **state)
{
	char *text = calloc(1, 65536), *table = NULL;
	FILE *file = fopen(SANDBOX_DOC, "r");
	size_t n = 0;
	FILE *memory = open_memstream(&table, &n);

	assert_non_null(file);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	table_print(memory);
	fclose(memory);
	assert_non_null(strstr(text, table));
	free(table);
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r5_r26_each_row_holds),
		cmocka_unit_test(test_without_confinement_nothing_of_it_is_refused_so),
		cmocka_unit_test(test_r7_the_same_user_cannot_look_into_it),
		cmocka_unit_test(test_the_table_of_the_documentation_is_this_one),
	};
	int failed;

	if (argc > 1 && !strcmp(argv[1], "--table")) {
		table_print(stdout);
		return 0;
	}
	if (!mkdtemp(dir))
		return 1;
	chmod(dir, 0755);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
