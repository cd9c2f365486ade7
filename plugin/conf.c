/* SPDX-License-Identifier: Apache-2.0 */

/* Reading configuration. A line that is not understood stops the program that reads it: what was
 * misspelt must not be as if it were not there. */

#include "conf.h"

#include <ini.h>
#include <string.h>

struct reading {
	conf_take_fn *take_line;
	void *context;
	struct why why;
	int r;
};

static int line_take(void *context, const char *section, const char *name, const char *value)
{
	struct reading *reading = context;

	/* libinih goes on behind a line that it could not take; the first one counts. */
	if (reading->r == 0)
		reading->r = reading->take_line(reading->context, section, name, value,
						&reading->why);
	return reading->r == 0;
}

int conf_read(const char *path, conf_take_fn *take_line, void *context, struct why *why)
{
	struct reading reading = { .take_line = take_line, .context = context };
	int line = ini_parse(path, line_take, &reading);

	if (line == -1)
		return answer_why(why, ANSWER_NOT_FOUND, "%s cannot be read: %s", path,
				  strerror(errno));
	if (line < 0)
		return fault_origin(-ENOMEM);
	if (reading.r < 0)
		return fault_trace(reading.r);
	if (line > 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "%s:%d: %.400s", path, line,
				  reading.r ? reading.why.text : "not \"name = value\"");
	return 0;
}
