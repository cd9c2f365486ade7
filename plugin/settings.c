/* SPDX-License-Identifier: Apache-2.0 */

/* The ear's settings. A line that is not understood stops the ear: a pin that was misspelt must
 * not be no pin. */

#include "settings.h"

#include <ini.h>
#include <string.h>
#include <unistd.h>
#include "base/id.h"

struct reading {
	struct settings *settings;
	char problem[256];
};

static int line_read(void *context, const char *section, const char *name, const char *value)
{
	struct reading *reading = context;
	struct settings *settings = reading->settings;

	if (*section || strcmp(name, "household_key") != 0) {
		snprintf(reading->problem, sizeof(reading->problem),
			 "unknown setting \"%.100s\"; known is household_key", name);
		return 0;
	}
	if (strlen(value) != 2 * SIGN_PUBLIC_BYTES ||
	    !hex_parse(value, settings->household_key, SIGN_PUBLIC_BYTES)) {
		snprintf(reading->problem, sizeof(reading->problem),
			 "household_key must be the 64 hex digits that \"cubby setup\" printed");
		return 0;
	}
	settings->pinned = true;
	return 1;
}

int settings_read(const char *path, struct settings *ret, struct why *why)
{
	struct settings settings = { 0 };
	struct reading reading = { .settings = &settings };
	const char *file = path ? path : SETTINGS_PATH;
	int line;

	if (!path && access(file, F_OK) < 0 && errno == ENOENT) {
		*ret = settings;
		return 0;
	}
	line = ini_parse(file, line_read, &reading);
	if (line < 0)
		return answer_why(why, ANSWER_NOT_FOUND, "%s cannot be read: %s", file,
				  strerror(errno));
	if (line > 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "%s:%d: %s", file, line,
				  reading.problem[0] ? reading.problem : "not \"name = value\"");
	*ret = settings;
	return 0;
}
