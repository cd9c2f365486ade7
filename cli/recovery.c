/* SPDX-License-Identifier: Apache-2.0 */
/* Hands a recovery code to the parent. It is shown or stored once, nowhere else. */

#include "recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "crypt/secret.h"

int recovery_open(struct hand *hand, enum option option, struct recovery *recovery)
{
	recovery->path = hand->command.value[option];
	if (!recovery->path)
		return 0;
	recovery->fd = open(recovery->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			    0600);
	if (recovery->fd >= 0)
		return 0;
	if (errno == EEXIST)
		return hand_fail(hand, EXIT_GENERAL,
				 "%s exists; name a new file for the recovery code",
				 recovery->path);
	return hand_fail(hand, EXIT_GENERAL, "cannot write the recovery code to %s (%s)",
			 recovery->path, strerror(errno));
}

int recovery_keep(void *context, const char *code)
{
	struct recovery *recovery = context;
	char line[CUBBY_RECOVERY_TEXT + 1];
	int n, r;

	n = snprintf(line, sizeof(line), "%s\n", code);
	if (n < 0 || (size_t)n >= sizeof(line))
		return -EOVERFLOW;
	snprintf(recovery->code, sizeof(recovery->code), "%s", code);
	r = recovery->path ? file_write(recovery->fd, line, (size_t)n) : 0;
	secret_wipe(line, sizeof(line));
	if (r == 0 && recovery->path && fsync(recovery->fd) < 0 && errno != EINVAL)
		r = -errno;
	return r;
}

void recovery_print(const char *code)
{
	if (code)
		printf("Recovery code (write it down; it is not shown again):\n\n    %s\n\n", code);
}

void recovery_clear(struct recovery *recovery)
{
	secret_wipe(recovery->code, sizeof(recovery->code));
	cleanup_close(&recovery->fd);
}

void recovery_signals_hold(sigset_t *ret_before)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, ret_before);
}
