/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a function's int says.
 *
 *   0         done
 *   negative  a fault (-errno): never matched, always passed on with fault_trace(), so that the
 *             log shows the way it came
 *   positive  an answer, documented beside the prototype, that every caller handles
 *
 * Answers that may reach a person or the bus are those of enum answer; whoever gives one also
 * fills in a struct why: what was wrong, naming the value, and what to do about it.
 */

#include <errno.h>

enum answer {
	ANSWER_NOT_AUTHORIZED = 1,	/* the caller has not the role, or not the proof */
	ANSWER_LOCKED,			/* too many wrong passphrases: wait */
	ANSWER_NOT_FOUND,
	ANSWER_EXISTS,
	ANSWER_INVALID_ARGUMENT,
	ANSWER_NO_CONSENT,
	ANSWER_QUOTA_EXCEEDED,
	ANSWER_RATE_LIMITED,
	ANSWER_BUSY,
	ANSWER_FAILED,
	ANSWER_BUS_LAST = ANSWER_FAILED,
	/* These two are never sent; a client gives them for what the bus told it. */
	ANSWER_NO_DAEMON,
	ANSWER_TIMEOUT,
};

/* "NotFound" for ANSWER_NOT_FOUND: the last part of the D-Bus error name. Never NULL. */
const char *answer_name(int answer);
/* 0 for an unknown name. */
int answer_from_name(const char *name);

struct why {
	char text[512];
};

/* Writes the text and returns `answer`. `why` may be NULL. */
__attribute__((format(printf, 3, 4)))
int answer_why(struct why *why, int answer, const char *format, ...);

/* fault_origin(-ENOMEM): a fault begins here. fault_trace(r): it passed here; returns r. */
#define fault_origin(error) fault_note((error), __FILE__, __LINE__, __func__, 1)
#define fault_trace(r) fault_note((r), __FILE__, __LINE__, __func__, 0)

int fault_note(int r, const char *file, int line, const char *function, int origin);
