/* SPDX-License-Identifier: Apache-2.0 */
/* A private PulseAudio with a room to speak into; nothing of it outlives the test. */

#include "support/pulse_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS 10000

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec) { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void quiet(void)
{
	int fd = open("/dev/null", O_RDWR);

	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

static pid_t spawn(const char *const *argv)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	quiet();
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static int run(const char *const *argv)
{
	pid_t pid = spawn(argv);
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	if (!WIFEXITED(status))
		return -EIO;
	return WEXITSTATUS(status) == 127 ? -ENOENT : WEXITSTATUS(status) ? -EIO : 0;
}

static int server_wait(struct pulse_fixture *pulse)
{
	for (int waited = 0; waited < START_MS; waited += 50) {
		int status;

		if (waitpid(pulse->pid, &status, WNOHANG) == pulse->pid) {
			pulse->pid = 0;
			return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EIO;
		}
		if (pulse_fixture_control("info", NULL, NULL) == 0)
			return 0;
		pause_ms(50);
	}
	return -ETIMEDOUT;
}

int pulse_fixture_restart(struct pulse_fixture *pulse)
{
	char protocol[160];
	const char *const argv[] = {
		"pulseaudio",
		"-n",
		"--daemonize=no",
		"--exit-idle-time=-1",
		"--use-pid-file=no",
		"--disable-shm=yes",
		"--realtime=no",
		"--high-priority=no",
		"-L",
		protocol,
		"-L",
		"module-null-sink sink_name=room rate=16000 channels=1 format=s16le norewinds=1",
		NULL,
	};

	snprintf(protocol, sizeof(protocol),
		 "module-native-protocol-unix socket=%s/native auth-anonymous=1", pulse->directory);
	pulse->pid = spawn(argv);
	return pulse->pid < 0 ? -errno : server_wait(pulse);
}

int pulse_fixture_start(struct pulse_fixture *pulse)
{
	char server[96];

	*pulse = (struct pulse_fixture) { .directory = "/tmp/cubby-pulse-XXXXXX" };
	if (!mkdtemp(pulse->directory))
		return -errno;
	snprintf(server, sizeof(server), "unix:%s/native", pulse->directory);
	setenv("PULSE_SERVER", server, 1);
	setenv("HOME", pulse->directory, 1);
	setenv("XDG_RUNTIME_DIR", pulse->directory, 1);
	setenv("PULSE_RUNTIME_PATH", pulse->directory, 1);
	return pulse_fixture_restart(pulse);
}

void pulse_fixture_kill(struct pulse_fixture *pulse)
{
	char socket[96];

	if (pulse->pid <= 0)
		return;
	kill(pulse->pid, SIGKILL);
	waitpid(pulse->pid, NULL, 0);
	pulse->pid = 0;
	snprintf(socket, sizeof(socket), "%s/native", pulse->directory);
	unlink(socket);
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	return remove(path);
}

void pulse_fixture_stop(struct pulse_fixture *pulse)
{
	pulse_fixture_kill(pulse);
	if (pulse->directory[0])
		nftw(pulse->directory, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
	pulse->directory[0] = '\0';
}

int pulse_fixture_say(const char *path)
{
	return run((const char *const[]) { "paplay", "--device=room", path, NULL });
}

int pulse_fixture_control(const char *verb, const char *first, const char *second)
{
	return run((const char *const[]) { "pactl", verb, first, second, NULL });
}
