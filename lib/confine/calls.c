/* SPDX-License-Identifier: Apache-2.0 */
/* One list for all, and what each adds. A name that is not in it can be forgotten, never allowed by
 * mistake: a library that is refused finds another way, or the tests find it. */

#include "confine/calls.h"

#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"

/* Found by tracing, and by what another C library would call in its place. Names that this
 * libseccomp or architecture does not know are skipped. */
static const char *const allowed_calls[] = {
	/* memory */
	"brk", "madvise", "mlock", "mlock2", "mmap", "mprotect", "mremap", "munlock", "munmap",
	/* files: what may be written or made, Landlock says */
	"access", "close", "close_range", "dup", "dup2", "dup3", "faccessat", "faccessat2",
	"fcntl", "fstat", "fstatfs", "ftruncate", "getcwd", "getdents64", "lseek", "lstat",
	"memfd_create", "mkdir", "mkdirat", "newfstatat", "open", "openat", "pread64", "preadv",
	"pwrite64", "pwritev", "read", "readlink", "readlinkat", "readv", "stat", "statfs",
	"statx", "umask", "write", "writev",
	/* waiting */
	"clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create1", "epoll_ctl",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd2", "gettimeofday", "nanosleep",
	"pipe2", "poll", "ppoll", "pselect6", "select", "time", "timerfd_create",
	"timerfd_settime",
	/* the bus, sound and service manager; which families, see filter_fill() */
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
	"_llseek", "_newselect", "clock_getres_time64", "clock_gettime64",
	"clock_nanosleep_time64", "fcntl64", "fstat64", "fstatat64", "fstatfs64", "ftruncate64",
	"futex_time64", "getegid32", "geteuid32", "getgid32", "getgroups32", "getresgid32",
	"getresuid32", "getuid32", "lstat64", "mmap2", "ppoll_time64", "pselect6_time64", "recv",
	"recvmmsg_time64", "rt_sigtimedwait_time64", "send", "sigreturn", "stat64", "statfs64",
	"timerfd_settime64", "ugetrlimit",
};

#ifdef __SANITIZE_ADDRESS__
/* The leak check at the end is another process that traces this one. */
#define OTHERWISE SCMP_ACT_ALLOW
#else
/* As if the kernel were older: libraries know what to do without. */
#define OTHERWISE SCMP_ACT_ERRNO(ENOSYS)
#endif

/* -EDOM, -EINVAL: not a call of this architecture. */
static int rule(int r)
{
	return r == 0 || r == -EDOM || r == -EINVAL ? 0 : fault_origin(r);
}

static int names_allow(scmp_filter_ctx filter, const char *const *names, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);

		if (number != __NR_SCMP_ERROR)
			r = rule(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0));
	}
	return fault_trace(r);
}

/* clone3() has its flags in memory, where no filter sees them: libraries take clone() instead. */
static int threads_allow(scmp_filter_ctx filter)
{
	return rule(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)));
}

static int sockets_allow(scmp_filter_ctx filter)
{
	static const char *const calls[] = { "socket", "socketpair" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(calls); i++) {
		int number = seccomp_syscall_resolve_name(calls[i]);

		r = rule(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), number, 1,
					  SCMP_A0(SCMP_CMP_NE, AF_UNIX)));
		if (r == 0 && OTHERWISE != SCMP_ACT_ALLOW)
			r = rule(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
						  SCMP_A0(SCMP_CMP_EQ, AF_UNIX)));
	}
	return fault_trace(r);
}

static int filter_fill(scmp_filter_ctx filter, const char *const *more, size_t n, bool threads)
{
	int r = sockets_allow(filter);

	if (r < 0 || OTHERWISE == SCMP_ACT_ALLOW)
		return fault_trace(r);
	r = names_allow(filter, allowed_calls, ARRAY_SIZE(allowed_calls));
	if (r == 0)
		r = names_allow(filter, more, n);
	if (r == 0 && threads)
		r = threads_allow(filter);
	return fault_trace(r);
}

static int filter_load(scmp_filter_ctx filter, struct why *why)
{
	int r = seccomp_load(filter);

	/* By prctl(), which has no other word for it. */
	if (r == -EINVAL && prctl(PR_GET_SECCOMP) < 0)
		r = -ENOSYS;
	if (r == -ENOSYS || r == -EOPNOTSUPP) {
		log_warning("this kernel takes no seccomp filter: %s; network sockets are not "
			    "refused", strerror(-r));
		return 0;
	}
	if (r)
		return answer_why(why, ANSWER_FAILED, "it cannot confine itself: seccomp was "
				  "refused (%s); allow that call where it is started "
				  "(SystemCallFilter= of its unit, or the container's profile)",
				  strerror(-r));
	return 0;
}

int calls_confine(const char *const *more, size_t n, bool threads, struct why *why)
{
	scmp_filter_ctx filter = seccomp_init(OTHERWISE);
	int r;

	if (!filter)
		return fault_origin(-ENOMEM);
	/* Else everything that the kernel says is -ECANCELED. */
	r = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	/* Mathematics libraries make threads before main(). What knows no seccomp() knows none of
	 * them: it is loaded by prctl(), for this one. */
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == -EOPNOTSUPP)
		r = 0;
	r = r ? fault_origin(r) : fault_trace(filter_fill(filter, more, n, threads));
	if (r == 0)
		r = filter_load(filter, why);
	seccomp_release(filter);
	return fault_trace(r);
}
