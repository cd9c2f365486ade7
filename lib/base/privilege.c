/* SPDX-License-Identifier: Apache-2.0 */
/* Must come before any filter of system calls, which leaves these calls out. */

#include "base/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fault.h"

/* Its unit has left it none, and refuses the call that would set none. */
static int capabilities_drop(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct had[_LINUX_CAPABILITY_U32S_3] = {{0}};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &header, had) == 0 && !had[0].permitted && !had[1].permitted)
		return 0;
#ifdef __SANITIZE_ADDRESS__
	/* The leak check at the end traces this process. */
	return 0;
#endif
	return syscall(SYS_capset, &header, none) < 0 ? fault_origin(-errno) : 0;
}

int privilege_drop(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fault_origin(-errno);
	return fault_trace(capabilities_drop());
}
