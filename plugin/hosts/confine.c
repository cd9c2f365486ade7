/* SPDX-License-Identifier: Apache-2.0 */

/* Confines a host of the ear: what is heard leaves this process through the sound server's and the
 * bus's unix sockets and its own standard output, and by no other way (R26). */

#include "hosts/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"

static int filter_fill(scmp_filter_ctx filter)
{
	static const int programs[] = {
		SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev),
#ifndef __SANITIZE_ADDRESS__
		/* The leak check at the end traces this process. */
		SCMP_SYS(ptrace),
#endif
	};
	int r;

	r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
			     SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(programs); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), programs[i], 0);
	return r == 0 ? 0 : fault_origin(r);
}

int confine_enter(void)
{
	const struct rlimit none = { 0, 0 };
	scmp_filter_ctx filter;
	int r;

	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fault_origin(-errno);
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return fault_origin(-ENOMEM);
	r = filter_fill(filter);
	if (r == 0 && (r = seccomp_load(filter)) != 0) {
		log_warning("this kernel takes no seccomp filter (%s); network sockets are not "
			    "refused", strerror(-r));
		r = 0;
	}
	seccomp_release(filter);
	return r;
}
