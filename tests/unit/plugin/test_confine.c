/* SPDX-License-Identifier: Apache-2.0 */
/* What the hosts of the ear can no longer do once they have confined themselves, tried. */

#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "hosts/confine.h"

static struct why why;

/* Runs `check` in a process of its own; it returns the number of what went wrong. */
static void in_process(int (*check)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int (*confined_check)(void);

static int confined_run(void)
{
	return confine_enter(&why) ? 101 : confined_check();
}

static void confined(int (*check)(void))
{
	confined_check = check;
	in_process(confined_run);
}

static int check_network(void)
{
	static const int families[] = { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		for (int type = SOCK_STREAM; type <= SOCK_RAW; type++)
			if (socket(families[i], type, 0) >= 0 || errno != EAFNOSUPPORT)
				return 1 + (int)i;
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ? 0 : 20;
}

static void test_r26_the_ear_has_no_socket_but_unix_ones(void **state)
{
	confined(check_network);
}

/* With a socket from before, as a listener has them: neither out nor anywhere else. */
static int check_server(void)
{
	const struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(9),
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr *address = (const struct sockaddr *)&there;
	char path[] = "/tmp/cubby-test-XXXXXX";
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || confine_enter(&why))
		return 101;
	if (check_network())
		return 1;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 0)
		return 0;	/* a kernel without; the program warned */
	if (mkstemp(path) >= 0 || errno != EACCES || open("/dev/null", O_WRONLY) >= 0)
		return 2;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 4)
		return 0;
	if (connect(fd, address, sizeof(there)) == 0 || errno != EACCES)
		return 3;
	return bind(fd, address, sizeof(there)) == 0 || errno != EACCES ? 4 : 0;
}

static void test_r26_a_listening_host_makes_no_connection_and_no_file(void **state)
{
	in_process(check_server);
}

static int check_programs(void)
{
	char *const arguments[] = { (char[]){ "true" }, NULL };

	/* Under the sanitizers only Landlock stands in the way. */
	execve("/bin/true", arguments, arguments + 1);
#ifdef __SANITIZE_ADDRESS__
	return errno == EACCES ? 0 : 1;
#else
	if (errno != ENOSYS)
		return 1;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 || errno != ENOSYS)
		return 2;
	return fork() >= 0 || errno != ENOSYS ? 3 : 0;
#endif
}

static void test_the_ear_starts_no_program_and_traces_none(void **state)
{
	confined(check_programs);
}

/* What a thread that was there before makes of it, once it may go on. */
static void *network_of_thread(void *context)
{
	char byte;

	if (read(*(int *)context, &byte, 1) != 1)
		return (void *)(intptr_t)30;
	return (void *)(intptr_t)check_network();
}

/* Of all threads, also those that mathematics libraries and sanitizers make before main(). */
static int threads_confined(void)
{
	char path[300], line[200];
	DIR *tasks = opendir("/proc/self/task");
	unsigned confined = 0, all = 0;

	for (struct dirent *task; tasks && (task = readdir(tasks));) {
		FILE *status;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
		status = task->d_name[0] == '.' ? NULL : fopen(path, "re");
		all += status != NULL;
		while (status && fgets(line, sizeof(line), status))
			confined += strcmp(line, "Seccomp:\t2\n") == 0;
		if (status)
			fclose(status);
	}
	if (tasks)
		closedir(tasks);
	return all >= 2 && confined == all ? 0 : 31;
}

static int check_thread(void)
{
	pthread_t before, after;
	void *answer = NULL;
	int ends[2], r;

	if (pipe(ends) < 0 || pthread_create(&before, NULL, network_of_thread, &ends[0]) ||
	    confine_enter(&why))
		return 101;
	r = threads_confined();
	if (write(ends[1], "", 1) != 1 || pthread_join(before, &answer) || answer)
		return r ? r : 32;
	/* And more can be made. */
	if (write(ends[1], "", 1) != 1 ||
	    pthread_create(&after, NULL, network_of_thread, &ends[0]) ||
	    pthread_join(after, &answer) || answer)
		return r ? r : 33;
	return r;
}

static void test_r26_threads_from_before_are_confined(void **state)
{
	in_process(check_thread);
}

static int check_core(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur || limit.rlim_max)
		return 1;
	return prctl(PR_GET_DUMPABLE) == 0 ? 0 : 2;
}

static void test_r7_the_ear_leaves_no_core(void **state)
{
	confined(check_core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r26_the_ear_has_no_socket_but_unix_ones),
		cmocka_unit_test(test_r26_a_listening_host_makes_no_connection_and_no_file),
		cmocka_unit_test(test_r26_threads_from_before_are_confined),
		cmocka_unit_test(test_the_ear_starts_no_program_and_traces_none),
		cmocka_unit_test(test_r7_the_ear_leaves_no_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
