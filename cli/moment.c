/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes times and durations. Nothing here may turn a time it did not understand into
 * one it guessed: deletions and retention hang on it. */

#include "moment.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/words.h"

#define DAY_S 86400
#define DURATION_MAX_S (100ull * 365 * DAY_S)

static const struct {
	const char *name;
	uint32_t unit_s;
} units[] = {
	{ "s", 1 }, { "sec", 1 }, { "second", 1 }, { "seconds", 1 },
	{ "m", 60 }, { "min", 60 }, { "minute", 60 }, { "minutes", 60 },
	{ "h", 3600 }, { "hour", 3600 }, { "hours", 3600 },
	{ "d", DAY_S }, { "day", DAY_S }, { "days", DAY_S },
	{ "w", 7 * DAY_S }, { "week", 7 * DAY_S }, { "weeks", 7 * DAY_S },
};

static uint32_t unit_find(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == n && strncasecmp(units[i].name, name, n) == 0)
			return units[i].unit_s;
	return 0;
}

/* One "12 hours"; moves *text on. False when it is not one. */
static bool term_parse(const char **text, uint64_t *ret_s)
{
	const char *p = *text;
	uint64_t number = 0;
	uint32_t unit_s;
	size_t n = 0;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		number = number * 10 + (uint64_t)(*p - '0');
		if (number > DURATION_MAX_S)
			return false;
	}
	while (*p == ' ')
		p++;
	while (isalpha((unsigned char)p[n]))
		n++;
	unit_s = unit_find(p, n);
	if (!unit_s)
		return false;
	*text = p + n;
	*ret_s = number * unit_s;
	return true;
}

static bool terms_parse(const char **text, uint64_t *ret_s)
{
	uint64_t sum_s = 0, term_s;
	const char *p = *text;

	do {
		if (!term_parse(&p, &term_s))
			return false;
		sum_s += term_s;
		if (sum_s > DURATION_MAX_S)
			return false;
	} while (isdigit((unsigned char)*p));
	*text = p;
	*ret_s = sum_s;
	return true;
}

int duration_parse(const char *text, uint32_t *ret_s, struct why *why)
{
	const char *p = text;
	uint64_t sum_s;

	if (strcasecmp(text, "forever") == 0 || strcasecmp(text, "never") == 0 ||
	    strcasecmp(text, "unlimited") == 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "'%s' is not possible: nothing is kept for ever; name a time, "
				  "for instance 30d", text);
	if (!terms_parse(&p, &sum_s) || *p)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "'%s' is not a duration; write for instance 12h, 7d or 2w", text);
	if (sum_s == 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "a duration of 0 is not possible; write for instance 12h or 7d");
	*ret_s = (uint32_t)(sum_s > UINT32_MAX ? UINT32_MAX : sum_s);
	return 0;
}

static int64_t midnight(int64_t now_s, int days_back)
{
	time_t now = (time_t)now_s;
	struct tm tm;

	localtime_r(&now, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= days_back;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

/* "Z", "+02:00", "+0200", "-05": seconds east. False when it is none of them. */
static bool zone_parse(const char *text, int *ret_east_s)
{
	int hours, minutes = 0, used = 0;
	char sign;

	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
		*ret_east_s = 0;
		return true;
	}
	if (strlen(text) > 6 || sscanf(text, "%c%2d%n", &sign, &hours, &used) != 2 ||
	    (sign != '+' && sign != '-') || !isdigit((unsigned char)text[1]) || used != 3)
		return false;
	text += used;
	if (*text == ':')
		text++;
	if (*text && (sscanf(text, "%2d%n", &minutes, &used) != 1 || used != 2 || text[used]))
		return false;
	if (hours > 14 || minutes < 0 || minutes > 59)
		return false;
	*ret_east_s = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

static bool iso_parse(const char *text, int64_t *ret_s)
{
	struct tm tm = { .tm_isdst = -1 }, back;
	int year, month, used = 0, east_s;
	time_t value;

	for (size_t i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? text[i] != '-' : !isdigit((unsigned char)text[i]))
			return false;
	if (sscanf(text, "%4d-%2d-%2d", &year, &month, &tm.tm_mday) != 3)
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	text += 10;
	if (*text == 'T' || *text == 't' || *text == ' ') {
		if (!isdigit((unsigned char)text[1]) ||
		    sscanf(text + 1, "%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &used) != 2 || used != 5)
			return false;
		text += 1 + used;
		if (*text == ':') {
			if (!isdigit((unsigned char)text[1]) ||
			    sscanf(text + 1, "%2d%n", &tm.tm_sec, &used) != 1 || used != 2)
				return false;
			text += 1 + used;
		}
	}
	back = tm;
	value = timegm(&back);
	/* The 31st of February is not a time. */
	if (back.tm_mday != tm.tm_mday || back.tm_mon != tm.tm_mon || back.tm_hour != tm.tm_hour ||
	    back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
		return false;
	if (!*text)
		value = mktime(&tm);
	else if (zone_parse(text, &east_s))
		value -= east_s;
	else
		return false;
	if (value <= 0)
		return false;
	*ret_s = (int64_t)value;
	return true;
}

static bool ago_parse(const char *text, int64_t now_s, int64_t *ret_s)
{
	uint64_t back_s;

	if (!terms_parse(&text, &back_s))
		return false;
	while (*text == ' ')
		text++;
	if (strcasecmp(text, "ago") != 0 || (int64_t)back_s >= now_s)
		return false;
	*ret_s = now_s - (int64_t)back_s;
	return true;
}

int moment_parse(const char *text, int64_t now_s, int64_t *ret_s, struct why *why)
{
	if (strcasecmp(text, "now") == 0)
		*ret_s = now_s;
	else if (strcasecmp(text, "today") == 0)
		*ret_s = midnight(now_s, 0);
	else if (strcasecmp(text, "yesterday") == 0)
		*ret_s = midnight(now_s, 1);
	else if (!iso_parse(text, ret_s) && !ago_parse(text, now_s, ret_s))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "'%s' is not a time; write for instance 2026-05-31, "
				  "2026-05-31T07:30, yesterday or '2h ago'", text);
	return 0;
}

char *moment_iso(int64_t time_s, char text[static MOMENT_TEXT])
{
	time_t time = (time_t)time_s;
	struct tm tm;

	if (!gmtime_r(&time, &tm) || strftime(text, MOMENT_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		text[0] = 0;
	return text;
}

char *moment_local(int64_t time_s, char text[static MOMENT_TEXT])
{
	time_t time = (time_t)time_s;
	struct tm tm;

	if (!localtime_r(&time, &tm) || strftime(text, MOMENT_TEXT, "%Y-%m-%d %H:%M", &tm) == 0)
		text[0] = 0;
	return text;
}

char *duration_text(int64_t duration_s, char text[static MOMENT_TEXT])
{
	long long n = (long long)duration_s;

	if (n >= DAY_S && n % DAY_S >= 3600 && n < 10 * DAY_S)
		snprintf(text, MOMENT_TEXT, _("%lld d %lld h"), n / DAY_S, n % DAY_S / 3600);
	else if (n >= DAY_S)
		snprintf(text, MOMENT_TEXT, _("%lld d"), n / DAY_S);
	else if (n >= 3600 && n % 3600 >= 60)
		snprintf(text, MOMENT_TEXT, _("%lld h %lld min"), n / 3600, n % 3600 / 60);
	else if (n >= 3600)
		snprintf(text, MOMENT_TEXT, _("%lld h"), n / 3600);
	else if (n >= 60)
		snprintf(text, MOMENT_TEXT, _("%lld min"), n / 60);
	else
		snprintf(text, MOMENT_TEXT, _("%lld s"), n);
	return text;
}

char *moment_until(int64_t time_s, int64_t now_s, char text[static MOMENT_TEXT])
{
	char duration[MOMENT_TEXT];
	int64_t left_s = time_s - now_s;

	if (left_s <= 0) {
		snprintf(text, MOMENT_TEXT, "%s", _("now"));
		return text;
	}
	/* One unit is enough here: the nearest, so that 7 days begin with "in 7 d". */
	if (left_s >= DAY_S)
		left_s = (left_s + DAY_S / 2) / DAY_S * DAY_S;
	else if (left_s >= 3600)
		left_s = (left_s + 1800) / 3600 * 3600;
	snprintf(text, MOMENT_TEXT, _("in %.24s"), duration_text(left_s, duration));
	return text;
}
