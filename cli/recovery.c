/* SPDX-License-Identifier: Apache-2.0 */
/* Hands a recovery code to the parent. It is shown or stored once, nowhere else. */

#include "recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/words.h"
#include "crypt/secret.h"
#include "qr.h"

static int file_new(struct hand *hand, const char *path, int *ret_fd)
{
	*ret_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*ret_fd >= 0)
		return 0;
	if (errno == EEXIST)
		return hand_fail(hand, EXIT_GENERAL,
				 "%s exists; name a new file for the recovery code", path);
	return hand_fail(hand, EXIT_GENERAL, "cannot write the recovery code to %s (%s)", path,
			 strerror(errno));
}

int recovery_open(struct hand *hand, enum option option, struct recovery *recovery)
{
	const char *path = hand->command.value[option];
	const char *qr_path = hand->command.value[OPTION_QR];
	int r = path ? file_new(hand, path, &recovery->fd) : 0;

	if (r == 0)
		recovery->path = path;
	if (r == 0 && qr_path) {
		r = file_new(hand, qr_path, &recovery->qr_fd);
		if (r == 0)
			recovery->qr_path = qr_path;
		else
			recovery_drop(recovery);
	}
	return r;
}

void recovery_drop(struct recovery *recovery)
{
	if (recovery->path)
		unlink(recovery->path);
	if (recovery->qr_path)
		unlink(recovery->qr_path);
}

/* What is written must be on the disk before the keeper takes the code. */
static int file_fill(int fd, const void *bytes, size_t n)
{
	int r = file_write(fd, bytes, n);

	if (r == 0 && fsync(fd) < 0 && errno != EINVAL)
		r = -errno;
	return r;
}

int recovery_keep(void *context, const char *code)
{
	struct recovery *recovery = context;
	_cleanup_(secret_freep) struct secret *png = NULL;
	char line[CUBBY_RECOVERY_TEXT + 1];
	int n, r;

	n = snprintf(line, sizeof(line), "%s\n", code);
	if (n < 0 || (size_t)n >= sizeof(line))
		return -EOVERFLOW;
	snprintf(recovery->code, sizeof(recovery->code), "%s", code);
	r = recovery->path ? file_fill(recovery->fd, line, (size_t)n) : 0;
	secret_wipe(line, sizeof(line));
	if (r == 0 && recovery->qr_path)
		r = qr_png(code, &png);
	if (r == 0 && recovery->qr_path)
		r = file_fill(recovery->qr_fd, png->bytes, png->n);
	return r;
}

void recovery_print(const char *code)
{
	if (!code)
		return;
	printf(_("Recovery code (write it down; it is not shown again):\n\n    %s\n\n"), code);
	/* For a camera; where it cannot be drawn the words are enough. */
	if (isatty(STDOUT_FILENO) && strcmp(nl_langinfo(CODESET), "UTF-8") == 0 &&
	    qr_print(stdout, code) == 0)
		putchar('\n');
}

void recovery_clear(struct recovery *recovery)
{
	secret_wipe(recovery->code, sizeof(recovery->code));
	cleanup_close(&recovery->fd);
	cleanup_close(&recovery->qr_fd);
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
