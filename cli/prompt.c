/* SPDX-License-Identifier: Apache-2.0 */
/* Talks to the person at the terminal. A passphrase goes from the terminal or a file straight into
 * locked memory; it is never echoed, never an argument, and the terminal is always given back as it
 * was. */

#include "prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <termios.h>

#include "base/cleanup.h"
#include "base/words.h"
#include "progress.h"

/* At a terminal, to choose one. */
#define TRIES 3

#define PASSPHRASE_MAX_BYTES 1024

static const int prompt_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
static volatile sig_atomic_t prompt_signal;

static void signal_note(int number)
{
	prompt_signal = number;
}

/* One line, or up to the end, without the line end. -1 with errno, EMSGSIZE when it is too long.
 * waiting: NULL, or the signals to let in while there is nothing to read and at no other moment, so
 * that none is missed between a look at prompt_signal and the wait. */
static ssize_t line_read(int fd, uint8_t *buffer, size_t room, const sigset_t *waiting)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	size_t n = 0;
	ssize_t got;

	for (;;) {
		if (waiting && ppoll(&ready, 1, NULL, waiting) < 0) {
			if (errno == EINTR && !prompt_signal)
				continue;
			return -1;
		}
		got = read(fd, buffer + n, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0 || buffer[n] == '\n')
			break;
		if (++n >= room) {
			errno = EMSGSIZE;
			return -1;
		}
	}
	if (n > 0 && buffer[n - 1] == '\r')
		n--;
	buffer[n] = 0;
	return (ssize_t)n;
}

/* A secret of exactly the text's size and its NUL. */
static int secret_line(struct hand *hand, int fd, const char *source, struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *buffer = NULL;
	ssize_t n;

	if (secret_new(PASSPHRASE_MAX_BYTES + 1, &buffer) != 0)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	n = line_read(fd, buffer->bytes, PASSPHRASE_MAX_BYTES, NULL);
	if (n < 0 && errno == EMSGSIZE)
		return hand_fail(hand, EXIT_GENERAL, "what %s holds is longer than %d bytes",
				 source,
				 PASSPHRASE_MAX_BYTES);
	if (n < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot read %s (%s)", source,
				 strerror(errno));
	if (n == 0)
		return hand_fail(hand, EXIT_GENERAL, "%s is empty; it should hold one line",
				 source);
	if (secret_from(buffer->bytes, (size_t)n + 1, ret) != 0)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	return 0;
}

int prompt_secret_file(struct hand *hand, const char *path, struct secret **ret)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot open %s (%s)", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRGRP | S_IROTH)))
		fprintf(stderr, _("cubby: warning: others may read %s; run 'chmod 600' on it\n"),
			path);
	return secret_line(hand, fd, path, ret);
}

/* Echo off, signals noted: read, then everything back as it was, then the signal for real. */
static ssize_t tty_read_hidden(int tty, const char *question, uint8_t *buffer, size_t room)
{
	struct sigaction note = { .sa_handler = signal_note }, old[ARRAY_SIZE(prompt_signals)];
	struct termios shown, hidden;
	sigset_t held, before;
	ssize_t n = -1;
	bool quiet;

	prompt_signal = 0;
	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(prompt_signals); i++) {
		sigaddset(&held, prompt_signals[i]);
		sigaction(prompt_signals[i], &note, &old[i]);
	}
	sigprocmask(SIG_BLOCK, &held, &before);
	quiet = tcgetattr(tty, &shown) == 0;
	if (quiet) {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
		hidden.c_lflag |= ECHONL;
		quiet = tcsetattr(tty, TCSAFLUSH, &hidden) == 0;
	}
	/* A terminal that would show the passphrase does not get it. */
	if (quiet && dprintf(tty, "%s", question) > 0) {
		n = line_read(tty, buffer, room, &before);
		tcsetattr(tty, TCSAFLUSH, &shown);
	}
	for (size_t i = 0; i < ARRAY_SIZE(prompt_signals); i++)
		sigaction(prompt_signals[i], &old[i], NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (prompt_signal) {
		dprintf(tty, "\n");
		secret_wipe(buffer, room);
		raise(prompt_signal);
	}
	return n;
}

static int tty_secret(struct hand *hand, int tty, const char *question, struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *buffer = NULL;
	ssize_t n;

	if (secret_new(PASSPHRASE_MAX_BYTES + 1, &buffer) != 0)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	n = tty_read_hidden(tty, question, buffer->bytes, PASSPHRASE_MAX_BYTES);
	if (n <= 0)
		return hand_fail(hand, EXIT_NOT_AUTHORIZED, "no passphrase was given");
	if (secret_from(buffer->bytes, (size_t)n + 1, ret) != 0)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	return 0;
}

static int tty_new(struct hand *hand, int tty, struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *first = NULL;
	_cleanup_(secret_freep) struct secret *second = NULL;
	int r = tty_secret(hand, tty, _("Passphrase: "), &first);

	if (r == 0)
		r = prompt_check(hand, first);
	if (r == 0)
		r = tty_secret(hand, tty, _("Once more:  "), &second);
	if (r != 0)
		return r;
	if (first->n != second->n || !crypt_equal(first->bytes, second->bytes, first->n))
		return hand_fail(hand, EXIT_GENERAL, "the two were not the same");
	*ret = take(first);
	return 0;
}

/* Asked again where it was weak or not typed the same; not where nothing was typed. */
static int tty_choose(struct hand *hand, int tty, struct secret **ret)
{
	char words[CUBBY_SUGGESTION_TEXT];
	int r = EXIT_GENERAL;

	cubby_passphrase_suggest(words);
	dprintf(tty, _("Choose a passphrase: four different words or more are good, like: %s\n"),
		words);
	for (int i = 0; i < TRIES && r == EXIT_GENERAL; i++)
		r = tty_new(hand, tty, ret);
	return r;
}

static int tty_passphrase(struct hand *hand, bool new, struct secret **ret)
{
	_cleanup_(cleanup_close) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty < 0)
		return hand_fail(hand, EXIT_NOT_AUTHORIZED,
				 new ? _("this needs a new passphrase, and there is no terminal "
					 "to ask; use --new-passphrase-fd N or "
					 "--new-passphrase-file F")
				     : _("this needs your passphrase, and there is no terminal to "
					 "ask; use --passphrase-fd N or --passphrase-file F"));
	return new ? tty_choose(hand, tty, ret) : tty_secret(hand, tty, _("Passphrase: "), ret);
}

/* The descriptor that the option names; negative: it names none. */
static int given_descriptor(const struct hand *hand, enum option option)
{
	const char *text = hand->command.value[option];
	char *end = NULL;
	long fd = text ? strtol(text, &end, 10) : -1;

	return text && *text && !*end && fd >= 0 && fd <= 1 << 20 && fcntl((int)fd, F_GETFD) >= 0
		? (int)fd : -1;
}

void prompt_guard(const struct hand *hand)
{
	static const enum option options[] = { OPTION_PASSPHRASE_FD, OPTION_NEW_PASSPHRASE_FD };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const int fd = given_descriptor(hand, options[i]);

		if (fd > STDERR_FILENO)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
}

/* From where the options say. Returns an exit code; *ret stays NULL where they say nothing. */
static int given_passphrase(struct hand *hand, enum option fd_option, enum option file_option,
			    const char *path_else, struct secret **ret)
{
	const char *fd_text = hand->command.value[fd_option];
	const char *path = hand->command.value[file_option];

	if (fd_text && path)
		return hand_fail(hand, EXIT_USAGE, "--%s and --%s do not go together; give one",
				 option_table[fd_option].name, option_table[file_option].name);
	if (fd_text) {
		const int fd = given_descriptor(hand, fd_option);

		if (fd < 0)
			return hand_fail(hand, EXIT_USAGE, "--%s: '%s' is not an open descriptor",
					 option_table[fd_option].name, fd_text);
		return secret_line(hand, fd, _("the passphrase descriptor"), ret);
	}
	if (!path)
		path = path_else;
	return path && *path ? prompt_secret_file(hand, path, ret) : 0;
}

int prompt_passphrase(struct hand *hand, struct secret **ret)
{
	int r = given_passphrase(hand, OPTION_PASSPHRASE_FD, OPTION_PASSPHRASE_FILE,
				 getenv("CUBBY_PASSPHRASE_FILE"), ret);

	return r != 0 || *ret ? r : tty_passphrase(hand, false, ret);
}

int prompt_check(struct hand *hand, const struct secret *passphrase)
{
	char words[CUBBY_SUGGESTION_TEXT];
	int r = cubby_passphrase_check(hand->cubby, (const char *)passphrase->bytes);

	if (r == 0)
		return 0;
	cubby_passphrase_suggest(words);
	return hand_fail(hand, exit_code_of(r), "%s. Drawn for you: %s", cubby_why(hand->cubby),
			 words);
}

int prompt_new_passphrase(struct hand *hand, bool first, struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *passphrase = NULL;
	int r;

	r = first ? given_passphrase(hand, OPTION_PASSPHRASE_FD, OPTION_PASSPHRASE_FILE,
				     getenv("CUBBY_PASSPHRASE_FILE"), &passphrase)
		  : given_passphrase(hand, OPTION_NEW_PASSPHRASE_FD, OPTION_NEW_PASSPHRASE_FILE,
				     NULL, &passphrase);
	if (r == 0 && passphrase)
		r = prompt_check(hand, passphrase);
	else if (r == 0)
		r = tty_passphrase(hand, true, &passphrase);
	if (r == 0)
		*ret = take(passphrase);
	return r;
}

bool prompt_possible(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static bool is_one_of(const char *answer, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(answer, *words) == 0)
			return true;
	return false;
}

bool prompt_confirm(const char *question, const char *wanted)
{
	uint8_t answer[256];
	ssize_t n;

	fflush(stdout);
	fprintf(stderr, "%s", question);
	n = line_read(STDIN_FILENO, answer, sizeof(answer) - 1, NULL);
	if (n < 0)
		return false;
	if (strcmp(wanted, "y") == 0)
		return is_one_of((char *)answer, (const char *[]){ "y", "yes", _("y"), _("yes"),
								   NULL });
	return strcmp((char *)answer, wanted) == 0;
}

bool prompt_text(const char *question, char *answer, size_t room)
{
	ssize_t n;

	fflush(stdout);
	fprintf(stderr, "%s", question);
	memset(answer, 0, room);
	n = line_read(STDIN_FILENO, (uint8_t *)answer, room - 1, NULL);
	return n >= 0;
}

bool prompt_given(struct hand *hand)
{
	const char *path = getenv("CUBBY_PASSPHRASE_FILE");

	return hand->command.value[OPTION_PASSPHRASE_FD] ||
	       hand->command.value[OPTION_PASSPHRASE_FILE] ||
	       hand->command.value[OPTION_RECOVERY_FILE] || (path && *path);
}

static int reseal_draw(void *context, uint64_t done, uint64_t total)
{
	progress_draw(context, done, total);
	return 0;
}

int prompt_reseal(struct hand *hand)
{
	int r = cubby_reseal(hand->cubby, reseal_draw, hand);

	progress_end(hand);
	return r == 0 ? 0 : hand_fail(hand, exit_code_of(r), "sealing what is kept to the new keys "
				      "is not finished, and goes on with the next passphrase: %s",
				      cubby_why(hand->cubby));
}

int prompt_proof(struct hand *hand, unsigned secrets)
{
	_cleanup_(secret_freep) struct secret *opener = NULL;
	struct cubby_proof proof = CUBBY_PROOF_INIT;
	const char *recovery = hand->command.value[OPTION_RECOVERY_FILE];
	int r;

	/* Nobody should type a passphrase only to hear that there is no keeper. */
	r = hand_household(hand);
	if (r != 0)
		return r;
	proof.parent = hand->command.value[OPTION_PARENT];
	if (recovery)
		r = prompt_secret_file(hand, recovery, &opener);
	else
		r = prompt_passphrase(hand, &opener);
	if (r != 0)
		return r;
	if (recovery)
		proof.recovery_code = (const char *)opener->bytes;
	else
		proof.passphrase = (const char *)opener->bytes;
	r = cubby_prove(hand->cubby, &proof, secrets);
	if (r != 0)
		return hand_refused(hand, r);
	/* What an earlier removal of a parent left undone; what was asked for now comes anyway. */
	if (secrets & CUBBY_SECRET_HOME)
		(void)prompt_reseal(hand);
	return 0;
}
