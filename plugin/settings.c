/* SPDX-License-Identifier: Apache-2.0 */

/* The ear's settings. A line that is not understood stops the ear: a pin that was misspelt must
 * not be no pin. */

#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/id.h"
#include "conf.h"

static int leave_take(struct settings *settings, const char *value, struct why *why)
{
	settings->adults_may_leave = strcmp(value, "adults") == 0;
	if (!settings->adults_may_leave && strcmp(value, "never") != 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "audio_may_leave_device must be "
				  "\"never\" or \"adults\", not \"%.100s\"", value);
	return 0;
}

/* Less hears the phrase all the time, and more never. */
static int threshold_take(struct settings *settings, const char *value, struct why *why)
{
	char *end;

	settings->wake_threshold = strtod(value, &end);
	if (end == value || *end ||
	    !(settings->wake_threshold >= 1e-100 && settings->wake_threshold <= 1e100))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "wake_threshold must be a number "
				  "from 1e-100 to 1e100, not \"%.100s\"; script/calibrate-wake "
				  "finds one", value);
	return 0;
}

/* Whoever starts the ear somewhere else must not get other words. */
static int words_take(struct settings *settings, const char *value, struct why *why)
{
	if (*value != '/' || strlen(value) >= sizeof(settings->words))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "words must be the whole path of a "
				  "dictionary, not \"%.100s\"", value);
	strcpy(settings->words, value);
	return 0;
}

static int forget_take(struct settings *settings, const char *name, const char *value,
		       struct why *why)
{
	static const char *const names[FORGET_SPANS] = {
		[FORGET_LAST] = "forget_last", [FORGET_TEN_MINUTES] = "forget_ten_minutes",
		[FORGET_TODAY] = "forget_today",
	};

	for (enum forget_span span = 0; span < FORGET_SPANS; span++)
		if (strcmp(name, names[span]) == 0)
			return forget_phrases_set(&settings->forget, span, value, why);
	return answer_why(why, ANSWER_INVALID_ARGUMENT, "unknown setting \"%.100s\"; known are "
			  "household_key, audio_may_leave_device, wake_threshold, words, "
			  "forget_last, forget_ten_minutes and forget_today", name);
}

static int line_take(void *context, const char *section, const char *name, const char *value,
		     struct why *why)
{
	struct settings *settings = context;

	if (*section == '\0' && strcmp(name, "audio_may_leave_device") == 0)
		return leave_take(settings, value, why);
	if (*section == '\0' && strcmp(name, "wake_threshold") == 0)
		return threshold_take(settings, value, why);
	if (*section == '\0' && strcmp(name, "words") == 0)
		return words_take(settings, value, why);
	if (*section)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "unknown section [%.100s]; there "
				  "are none", section);
	if (strcmp(name, "household_key") != 0)
		return forget_take(settings, name, value, why);
	if (strlen(value) != 2 * SIGN_PUBLIC_BYTES ||
	    !hex_parse(value, settings->household_key, SIGN_PUBLIC_BYTES))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "household_key must be the 64 hex "
				  "digits that \"cubby setup\" printed");
	settings->pinned = true;
	return 0;
}

int settings_read(const char *path, struct settings *ret, struct why *why)
{
	struct settings settings = { 0 };
	const char *file = path ? path : SETTINGS_PATH;
	int r = 0;

	forget_phrases_default(&settings.forget);
	if (path || access(file, F_OK) == 0 || errno != ENOENT)
		r = conf_read(file, line_take, &settings, why);
	if (r == 0)
		*ret = settings;
	return r;
}
