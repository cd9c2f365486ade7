/* SPDX-License-Identifier: Apache-2.0 */

/* Confines the keeper: no network (R26), no writing outside the state directory (R5), no core
 * (R7), no new program. What is claimed here is what was tried and refused by the kernel. */

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
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

/*
 * What the keeper calls once it is confined, found by tracing it, and what another C library would
 * call in its place. Everything else does not exist for it: no other programs or processes, no
 * mounts, no keys, no clocks to set. Names this libseccomp does not know are skipped.
 */
static const char *const allowed_calls[] = {
	/* memory */
	"brk", "madvise", "mlock", "mlock2", "mmap", "mprotect", "mremap", "munlock", "munmap",
	/* files of the state directory, and reading elsewhere */
	"access", "arm_fadvise64_64", "close", "close_range", "dup", "dup2", "dup3", "faccessat",
	"faccessat2", "fadvise64", "fadvise64_64", "fallocate", "fchmod", "fchown", "fcntl",
	"fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate", "getcwd", "getdents64",
	"lseek", "lstat", "memfd_create", "mkdir", "mkdirat", "newfstatat", "open", "openat",
	"pread64", "preadv", "pwrite64", "pwritev", "read", "readlink", "readlinkat", "readv",
	"rename", "renameat", "renameat2", "stat", "statfs", "statx", "sync_file_range",
	"truncate", "umask", "unlink", "unlinkat", "utimensat", "write", "writev",
	/* waiting */
	"clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create1", "epoll_ctl",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd2", "gettimeofday", "nanosleep",
	"pipe2", "poll", "ppoll", "pselect6", "select", "time", "timerfd_create",
	"timerfd_settime",
	/* the bus and the service manager; which families, see seccomp_fill() */
	"connect", "getpeername", "getsockname", "getsockopt", "recvfrom", "recvmmsg", "recvmsg",
	"sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
	/* itself */
	"arch_prctl", "exit", "exit_group", "futex", "get_robust_list", "getegid", "geteuid",
	"getgid", "getgroups", "getpid", "getppid", "getrandom", "getresgid", "getresuid",
	"getrlimit", "getrusage", "gettid", "getuid", "membarrier", "prctl", "prlimit64",
	"restart_syscall", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
	"rt_sigreturn", "rt_sigtimedwait", "sched_getaffinity", "sched_yield", "set_robust_list",
	"set_tid_address", "setrlimit", "sigaltstack", "sysinfo", "tgkill", "uname",
	/* as others have them on other architectures */
	"_llseek", "_newselect", "clock_getres_time64", "fchown32", "getegid32", "geteuid32",
	"getgid32", "getgroups32", "getresgid32", "getresuid32", "getuid32", "recvmmsg_time64",
	"rt_sigtimedwait_time64", "sync_file_range2", "timerfd_settime64", "truncate64",
	"clock_gettime64", "clock_nanosleep_time64", "fcntl64", "fstat64", "fstatat64",
	"fstatfs64", "ftruncate64", "futex_time64", "lstat64", "mmap2", "ppoll_time64",
	"pselect6_time64", "recv", "send", "sigreturn", "stat64", "statfs64", "ugetrlimit",
	"utimensat_time64",
};

#ifdef __SANITIZE_ADDRESS__
/* The leak check at the end is another process that traces this one. */
#define OTHERWISE SCMP_ACT_ALLOW
#else
/* As if the kernel were older: libraries know what to do without. */
#define OTHERWISE SCMP_ACT_ERRNO(ENOSYS)
#endif

static int seccomp_fill(scmp_filter_ctx filter)
{
	static const char *const sockets[] = {"socket", "socketpair"};
	int r;

	for (size_t i = 0; OTHERWISE != SCMP_ACT_ALLOW && i < ARRAY_SIZE(allowed_calls); i++) {
		int number = seccomp_syscall_resolve_name(allowed_calls[i]);

		if (number == __NR_SCMP_ERROR)
			continue;
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
		/* -EDOM, -EINVAL: not a call of this architecture. */
		if (r && r != -EDOM && r != -EINVAL)
			return fault_origin(r);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		int number = seccomp_syscall_resolve_name(sockets[i]);

		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), number, 1,
				     SCMP_A0(SCMP_CMP_NE, AF_UNIX));
		if (!r && OTHERWISE != SCMP_ACT_ALLOW)
			r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
					     SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
		if (r)
			return fault_origin(r);
	}
	return 0;
}

static int seccomp_enter(struct why *why)
{
	scmp_filter_ctx filter = seccomp_init(OTHERWISE);
	int r;

	if (!filter)
		return fault_origin(-ENOMEM);
	/* Else everything that the kernel says is -ECANCELED. */
	r = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	r = r ? fault_origin(r) : fault_trace(seccomp_fill(filter));
	if (r) {
		seccomp_release(filter);
		return r;
	}
	r = seccomp_load(filter);
	if (r == -ENOSYS || r == -EOPNOTSUPP)
		log_warning("this kernel takes no seccomp filter: %s; the keeper could open "
			    "network sockets",
			    strerror(-r));
	else if (r)
		r = in_the_way("seccomp", -r, why);
	seccomp_release(filter);
	return r < 0 ? 0 : r;
}

static bool socket_refused(int family)
{
	_cleanup_(cleanup_close) int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 && errno == EAFNOSUPPORT;
}

/* An empty path is no program: where the call were allowed, the kernel would say ENOENT. */
static bool new_program_refused(void)
{
	char *const none[] = {NULL};

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
	r = seccomp_enter(why);
	if (r)
		return fault_trace(r);
	*ret_held = sandbox_try();
	return 0;
}
