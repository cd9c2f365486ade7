/* SPDX-License-Identifier: Apache-2.0 */
/* Answers have names, faults leave a trail. The trail names places in the source and errno texts,
 * never a value that came from a person or the bus. */

#include "base/fault.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/words.h"

static const char *const answer_names[] = {
	[ANSWER_NOT_AUTHORIZED] = "NotAuthorized",
	[ANSWER_LOCKED] = "Locked",
	[ANSWER_NOT_FOUND] = "NotFound",
	[ANSWER_EXISTS] = "Exists",
	[ANSWER_INVALID_ARGUMENT] = "InvalidArgument",
	[ANSWER_NO_CONSENT] = "NoConsent",
	[ANSWER_QUOTA_EXCEEDED] = "QuotaExceeded",
	[ANSWER_RATE_LIMITED] = "RateLimited",
	[ANSWER_BUSY] = "Busy",
	[ANSWER_FAILED] = "Failed",
	[ANSWER_NO_DAEMON] = "NoDaemon",
	[ANSWER_TIMEOUT] = "Timeout",
};

const char *answer_name(int answer)
{
	/* Whatever has no name of its own is a failure without detail. */
	if (answer < ANSWER_NOT_AUTHORIZED || (size_t)answer >= ARRAY_SIZE(answer_names))
		return answer_names[ANSWER_FAILED];
	return answer_names[answer];
}

int answer_from_name(const char *name)
{
	for (int answer = ANSWER_NOT_AUTHORIZED; name && answer <= ANSWER_TIMEOUT; answer++)
		if (strcmp(answer_names[answer], name) == 0)
			return answer;
	return 0;
}

int answer_why(struct why *why, int answer, const char *format, ...)
{
	va_list arguments;

	if (!why)
		return answer;
	va_start(arguments, format);
	vsnprintf(why->text, sizeof(why->text), _(format), arguments);
	va_end(arguments);
	return answer;
}

int fault_note(int r, const char *file, int line, const char *function, int origin)
{
	if (r >= 0)
		return r;
	/* Meson gives paths relative to the build directory. */
	while (strncmp(file, "../", 3) == 0)
		file += 3;
	if (origin)
		log_error("fault: %s in %s (%s:%d)", strerror(-r), function, file, line);
	else
		log_error("fault: passed %s (%s:%d)", function, file, line);
	return r;
}
