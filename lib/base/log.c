/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics for whoever runs a program. No words, sound, keys or hashes of them ever come here
 * (R16); what does come is one line, whatever it holds. */

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *log_program = "cubby";
static enum log_level log_threshold = LOG_LEVEL_INFO;
static bool log_prefixed;

/* JOURNAL_STREAM is "device:inode" of the stream the service manager reads; a child whose stderr
 * was redirected still inherits the variable, so it counts only while it names our stderr. */
static bool log_to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	uintmax_t device, inode;

	if (!stream || sscanf(stream, "%ju:%ju", &device, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_open(const char *program, enum log_level level)
{
	log_program = program;
	log_threshold = level;
	log_prefixed = log_to_journal();
}

void log_message(enum log_level level, const char *format, ...)
{
	char line[1024];
	int saved_errno = errno;
	int n, start;
	va_list arguments;

	if (level > log_threshold)
		return;
	if (log_prefixed)
		start = snprintf(line, sizeof(line), "<%d>", (int)level);
	else
		start = snprintf(line, sizeof(line), "%s: ", log_program);
	if (start < 0 || (size_t)start > sizeof(line) / 2)
		start = 0;
	errno = saved_errno;
	va_start(arguments, format);
	n = vsnprintf(line + start, sizeof(line) - 1 - (size_t)start, format, arguments);
	va_end(arguments);
	if (n < 0)
		n = 0;
	if ((size_t)n > sizeof(line) - 2 - (size_t)start)
		n = (int)(sizeof(line) - 2 - (size_t)start);
	/* A value with a line break in it must not be able to forge a line of its own. */
	for (int i = start; i < start + n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[start + n] = '\n';
	/* One write, so that lines of several threads do not mix. There is nobody left to tell
	 * when it fails. */
	if (write(STDERR_FILENO, line, (size_t)(start + n) + 1) < 0)
		errno = saved_errno;
	errno = saved_errno;
}
