/* SPDX-License-Identifier: Apache-2.0 */

/* Confines a host of the ear: what is heard leaves this process through the sound server's and the
 * bus's unix sockets and its own standard output, and by no other way (R26). */

#include "hosts/confine.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/privilege.h"
#include "confine/calls.h"

/* What they call beyond lib/confine/calls.c: to let clients in, and in mathematics libraries. */
static const char *const allowed_calls[] = {
	"accept", "accept4", "getcpu", "sched_getparam", "sched_getscheduler",
};

/* Rights of later kernels, which older headers do not name. */
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define NET_BIND_TCP (1ull << 0)
#define NET_CONNECT_TCP (1ull << 1)

#define FS_WRITE (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
		  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
		  LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
		  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
		  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
		  LANDLOCK_ACCESS_FS_MAKE_SYM)

static int landlock_enter(void)
{
	/* As the kernel has it since ABI 4; a shorter one is taken by older kernels. */
	struct {
		uint64_t fs, net;
	} ruleset = { .fs = FS_WRITE };
	_cleanup_(cleanup_close) int fd = -1;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 0) {
		log_warning("this kernel has no Landlock (%s); files and outgoing connections are "
			    "not refused", strerror(errno));
		return 0;
	}
	ruleset.fs |= (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0);
	if (abi >= 4)
		ruleset.net = NET_BIND_TCP | NET_CONNECT_TCP;
	fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset,
			  abi >= 4 ? sizeof(ruleset) : sizeof(ruleset.fs), 0);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return fault_origin(-errno);
	return 0;
}

int confine_enter(struct why *why)
{
	int r = privilege_drop();

	if (r == 0)
		r = landlock_enter();
	if (r == 0)
		r = calls_confine(allowed_calls, ARRAY_SIZE(allowed_calls), true, why);
	return fault_trace(r);
}
