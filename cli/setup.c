/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby setup`: makes the household. The recovery code is shown or stored once, nowhere else. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "prompt.h"
#include "render.h"
#include "verb.h"

/* Where the recovery code goes before anything is sent to the keeper. */
struct keeping {
	const char *path;		/* NULL: to be printed */
	int fd;
	char code[CUBBY_RECOVERY_TEXT];
};

static int code_keep(void *context, const char *code)
{
	struct keeping *keeping = context;
	char line[CUBBY_RECOVERY_TEXT + 1];
	int n, r;

	n = snprintf(line, sizeof(line), "%s\n", code);
	if (n < 0 || (size_t)n >= sizeof(line))
		return -EOVERFLOW;
	snprintf(keeping->code, sizeof(keeping->code), "%s", code);
	r = keeping->path ? file_write(keeping->fd, line, (size_t)n) : 0;
	secret_wipe(line, sizeof(line));
	if (r == 0 && keeping->path && fsync(keeping->fd) < 0 && errno != EINVAL)
		r = -errno;
	return r;
}

static int keeping_open(struct hand *hand, struct keeping *keeping)
{
	keeping->path = hand->command.value[OPTION_RECOVERY_FILE];
	if (!keeping->path)
		return 0;
	keeping->fd = open(keeping->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			   0600);
	if (keeping->fd >= 0)
		return 0;
	if (errno == EEXIST)
		return hand_fail(hand, EXIT_GENERAL,
				 "%s exists; name a new file for the recovery code", keeping->path);
	return hand_fail(hand, EXIT_GENERAL, "cannot write the recovery code to %s (%s)",
			 keeping->path, strerror(errno));
}

/* Even with -q: it is shown only now. NULL: it is in a file. */
static void code_print(const char *code)
{
	if (code)
		printf("Recovery code (write it down; it is not shown again):\n\n    %s\n\n", code);
}

static int setup_tell(struct hand *hand, const char *parent, const struct keeping *keeping)
{
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	const char *code = keeping->path ? NULL : keeping->code;
	char household[CUBBY_KEY_TEXT];
	int r = cubby_status(hand->cubby, &status);

	if (r == 0)
		r = cubby_household_key(hand->cubby, household);
	if (r != 0) {
		/* The household is there all the same, and this is its only code. */
		code_print(code);
		return hand_refused(hand, r);
	}
	if (hand->json) {
		r = render_json(json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "parent", parent,
					  "device_key", status->device_key, "household_key",
					  household, "recovery_code", code, "recovery_file",
					  keeping->path));
		return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
	}
	hand_say(hand, "The household is made; its first parent is %s.", parent);
	hand_say(hand, "Device key (checks receipts):        %s", status->device_key);
	hand_say(hand, "Household key (for the ear to pin):  %s", household);
	if (keeping->path)
		hand_say(hand, "Recovery code written to %s; keep it away from this machine.",
			 keeping->path);
	code_print(code);
	hand_say(hand,
		 "Next:  cubby profile add NAME --child                a profile for your child");
	hand_say(hand,
		 "       cubby consent grant NAME audio transcript    what may be kept, if any");
	hand_say(hand,
		 "       cubby doctor                                 is everything in place?");
	return 0;
}

static int setup_possible(struct hand *hand, const char *parent)
{
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	int r;

	if (!parent || !*parent)
		return hand_fail(hand, EXIT_USAGE, "say who you are: cubby setup --parent NAME");
	r = cubby_status(hand->cubby, &status);
	if (r != 0)
		return hand_refused(hand, r);
	if (status->household)
		return hand_fail(hand, EXIT_GENERAL,
				 "there is a household already; nothing was changed. 'cubby "
				 "status' shows it");
	return 0;
}

int verb_setup(struct hand *hand)
{
	_cleanup_(secret_freep) struct secret *passphrase = NULL;
	struct keeping keeping = { .fd = -1 };
	const char *parent = hand->command.value[OPTION_PARENT];
	sigset_t held, before;
	int r;

	r = setup_possible(hand, parent);
	if (r == 0)
		r = prompt_passphrase(hand, true, &passphrase);
	if (r != 0)
		return r;
	r = cubby_passphrase_check(hand->cubby, (const char *)passphrase->bytes);
	if (r != 0)
		return hand_refused(hand, r);
	/* From here to the keeper's answer Ctrl-C waits: a code without a household, or a household
	 * without its code, would be half done. */
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, &before);
	r = keeping_open(hand, &keeping);
	if (r == 0) {
		r = cubby_setup(hand->cubby, parent, (const char *)passphrase->bytes, code_keep,
				&keeping);
		/* When no answer came, the household may exist: then the code is all there is. */
		if (r == CUBBY_TIMEOUT || r == CUBBY_NO_DAEMON)
			code_print(keeping.path || !keeping.code[0] ? NULL : keeping.code);
		else if (r != 0 && keeping.path)
			unlink(keeping.path);
		r = r == 0 ? setup_tell(hand, parent, &keeping) : hand_refused(hand, r);
	}
	fflush(stdout);
	sigprocmask(SIG_SETMASK, &before, NULL);
	secret_wipe(keeping.code, sizeof(keeping.code));
	cleanup_close(&keeping.fd);
	return r;
}
