/* SPDX-License-Identifier: Apache-2.0 */

/* Linked into every program that is built to be measured (script/coverage), in front of open() and
 * syscall(). The counters are written at the end, by whoever the program is by then: a keeper that
 * confined itself may write below the build directory, too, and its files are everybody's. It must
 * change nothing else, and nothing of it is in what is installed. */

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WRITES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)
#define TRUNCATE (1ull << 14)

int __real_open(const char *path, int flags, ...);
long __real_syscall(long number, ...);
int __wrap_open(const char *path, int flags, ...);
long __wrap_syscall(long number, ...);

int __wrap_open(const char *path, int flags, ...)
{
	const char *end = strrchr(path, '.');
	mode_t mode = 0;
	va_list list;
	int fd;

	if (flags & O_CREAT) {
		va_start(list, flags);
		mode = va_arg(list, mode_t);
		va_end(list);
	}
	fd = __real_open(path, flags, mode);
	if (fd >= 0 && end && strcmp(end, ".gcda") == 0)
		(void)fchmod(fd, 0666);
	return fd;
}

static void counters_allow(int ruleset)
{
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = WRITES,
		.parent_fd = __real_open(BUILD, O_PATH | O_CLOEXEC),
	};
	const long abi = __real_syscall(SYS_landlock_create_ruleset, NULL, 0,
					LANDLOCK_CREATE_RULESET_VERSION);

	if (abi >= 3)
		beneath.allowed_access |= TRUNCATE;
	__real_syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	close(beneath.parent_fd);
}

long __wrap_syscall(long number, ...)
{
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_landlock_restrict_self)
		counters_allow((int)a[0]);
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
