/* SPDX-License-Identifier: Apache-2.0 */

/* Confines the keeper: no network (R26), no writing outside the state directory (R5), no core
 * (R7), no new program. What is claimed here is what was tried and refused by the kernel. */

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/privilege.h"
#include "confine/calls.h"
#include "sandbox.h"

/* Rights that came after ABI 1; older headers do not name them. */
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)

#define FS_WRITE                                                                                  \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                          \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                          \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                              \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                            \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

const char *sandbox_name(unsigned bit)
{
	switch (bit) {
	case SANDBOX_NO_NEW_PRIVS:
		return "no-new-privs";
	case SANDBOX_NOT_DUMPABLE:
		return "not-dumpable";
	case SANDBOX_SECCOMP:
		return "seccomp";
	case SANDBOX_LANDLOCK:
		return "landlock";
	}
	return NULL;
}

/* A kernel that could confine, and something that forbids to ask it: not a reason to go without. */
static int in_the_way(const char *call, int error, struct why *why)
{
	return answer_why(why, ANSWER_FAILED, "the keeper cannot confine itself: %s was refused "
			  "(%s); allow that call where cubbyd is started (SystemCallFilter= of its "
			  "unit, or the container's profile)", call, strerror(error));
}

static int landlock_enter(int state_dir_fd, struct why *why)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct landlock_ruleset_attr ruleset = {0};
	struct landlock_path_beneath_attr beneath = {.parent_fd = state_dir_fd};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	/* Not in this kernel, or not turned on. */
	if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
		log_warning("this kernel has no Landlock: %s; the keeper could write outside its "
			    "state directory", strerror(errno));
		return 0;
	}
	if (abi < 0)
		return in_the_way("landlock_create_ruleset", errno, why);
	beneath.allowed_access =
		FS_WRITE | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0);
	ruleset.handled_access_fs = beneath.allowed_access | LANDLOCK_ACCESS_FS_EXECUTE;
	fd = syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0)
		return in_the_way("landlock_create_ruleset", errno, why);
	if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0 ||
	    syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return in_the_way("landlock_restrict_self", errno, why);
	return 0;
}

/* What it calls beyond lib/confine/calls.c, found by tracing it, and by what other C libraries and
 * architectures would call in its place: to write and sync its files. */
static const char *const allowed_calls[] = {
	"arm_fadvise64_64", "fadvise64", "fadvise64_64", "fallocate", "fchmod", "fchown",
	"fchown32", "fdatasync", "flock", "fsync", "rename", "renameat", "renameat2",
	"sync_file_range", "sync_file_range2", "truncate", "truncate64", "unlink", "unlinkat",
	"utimensat", "utimensat_time64",
};

static bool socket_refused(int family)
{
	_cleanup_(cleanup_close) int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 && errno == EAFNOSUPPORT;
}

/* An empty path is no program: where the call were allowed, the kernel would say ENOENT. */
static bool new_program_refused(void)
{
	char *const none[] = {(char[]){""}, NULL};

#ifdef __SANITIZE_ADDRESS__
	return true;
#endif
	return execve("", none, none) < 0 && errno == ENOSYS;
}

static unsigned sandbox_try(void)
{
	_cleanup_(cleanup_close) int fd = -1;
	unsigned held = 0;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		held |= SANDBOX_NO_NEW_PRIVS;
	if (prctl(PR_GET_DUMPABLE) == 0)
		held |= SANDBOX_NOT_DUMPABLE;
	if (prctl(PR_GET_SECCOMP) == 2 && socket_refused(AF_INET) && socket_refused(AF_INET6) &&
	    socket_refused(AF_NETLINK) && new_program_refused())
		held |= SANDBOX_SECCOMP;
	/* Everybody may write to /dev/null, except who is confined. */
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		held |= SANDBOX_LANDLOCK;
	return held;
}

int sandbox_enter(int state_dir_fd, unsigned *ret_held, struct why *why)
{
	int r;

	umask(077);
	r = privilege_drop();
	if (!r)
		r = landlock_enter(state_dir_fd, why);
	if (r)
		return fault_trace(r);
	r = calls_confine(allowed_calls, ARRAY_SIZE(allowed_calls), false, why);
	if (r)
		return fault_trace(r);
	*ret_held = sandbox_try();
	return 0;
}
