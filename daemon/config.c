/* SPDX-License-Identifier: Apache-2.0 */

/* Reads cubbyd.conf. Nothing is guessed and nothing is ignored: what is not understood stops the
 * keeper before it touches the store, naming file and line. */

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "config.h"
#include "crypt/terms.h"


struct key {
	const char *section;
	const char *name;
	int (*set)(struct config *config, const struct key *key, const char *value,
		   struct why *why);
	int kind;
	uint64_t min, max;
	size_t offset;
};

static int key_set_keep(struct config *config, const struct key *key, const char *value,
			struct why *why)
{
	uint32_t keep_s;
	uint32_t max_s = kind_keep_max_s(key->kind);

	if (!config_duration(value, &keep_s) || keep_s < 60 || keep_s > max_s)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not a time to keep %s; write a duration from 1m to "
				  "%ud, for instance 12h or %ud (nothing is kept for ever)",
				  value, key->name, max_s / 86400, max_s / 86400);
	config->keep_max_s[key->kind] = keep_s;
	return 0;
}

static int key_set_days(struct config *config, const struct key *key, const char *value,
			struct why *why)
{
	uint32_t s;

	if (!config_duration(value, &s) || s % 86400 || s / 86400 < key->min ||
	    s / 86400 > key->max)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not a value for %s; write whole days from "
				  "%" PRIu64 "d to %" PRIu64 "d (no profile is kept for ever)",
				  value, key->name, key->min, key->max);
	*(uint32_t *)((char *)config + key->offset) = s / 86400;
	return 0;
}

static int key_set_number(struct config *config, const struct key *key, const char *value,
			  struct why *why)
{
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || *end || errno || number < key->min ||
	    number > key->max)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not a value for %s; write a whole number from "
				  "%" PRIu64 " to %" PRIu64,
				  value, key->name, key->min, key->max);
	if (key->offset == offsetof(struct config, items_per_min))
		config->items_per_min = number;
	else if (key->offset == offsetof(struct config, quota_bytes))
		config->quota_bytes = number << 20;
	else
		config->quota_items = number;
	return 0;
}

static int key_set_group(struct config *config, const struct key *key, const char *value,
			 struct why *why)
{
	size_t n = strlen(value);

	if (!n || n >= CONFIG_GROUP_MAX || strspn(value, "abcdefghijklmnopqrstuvwxyz"
						  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != n)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%.40s\" is not the name of a group; write one of 1 to %d "
				  "letters, digits, \"-\", \"_\" or \".\"",
				  value, CONFIG_GROUP_MAX - 1);
	memcpy((char *)config + key->offset, value, n + 1);
	return 0;
}

static const struct key keys[] = {
	{"retention", "audio", key_set_keep, KIND_AUDIO},
	{"retention", "transcript", key_set_keep, KIND_TRANSCRIPT},
	{"retention", "location", key_set_keep, KIND_LOCATION},
	{"retention", "inactive", key_set_days, 0, 1, TERMS_INACTIVE_DAYS_MAX,
	 offsetof(struct config, inactive_days)},
	{"retention", "notice", key_set_days, 0, 1, TERMS_NOTICE_DAYS_MAX,
	 offsetof(struct config, notice_days)},
	{"quota", "items", key_set_number, 0, 1, 1000000, offsetof(struct config, quota_items)},
	{"quota", "megabytes", key_set_number, 0, 1, 1048576, offsetof(struct config, quota_bytes)},
	{"groups", "ear", key_set_group, 0, 0, 0, offsetof(struct config, ear_group)},
	{"groups", "parents", key_set_group, 0, 0, 0, offsetof(struct config, parents_group)},
	{"bus", "rate", key_set_number, 0, 1, 6000, offsetof(struct config, items_per_min)},
};

struct reading {
	FILE *file;
	int line;			/* of the last line handed to inih */
	int error_line;
	struct why error;
	struct config *config;
	unsigned seen;			/* a bit for each of keys[] */
};

static void reading_refuse(struct reading *reading, const char *text)
{
	if (reading->error_line)
		return;
	reading->error_line = reading->line;
	answer_why(&reading->error, ANSWER_INVALID_ARGUMENT, "%s", text);
}

static bool section_known(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].section) == n && !memcmp(keys[i].section, name, n))
			return true;
	return false;
}

/* inih tells of a section only with its first key, and of no line numbers: both are seen here. */
static char *reading_line(char *buffer, int n, void *stream)
{
	struct reading *reading = stream;
	const char *text, *end;
	size_t length;
	struct why why;

	if (!fgets(buffer, n, reading->file))
		return NULL;
	reading->line++;
	length = strlen(buffer);
	if (length + 1 == (size_t)n && buffer[length - 1] != '\n')
		reading_refuse(reading, "the line is longer than 198 characters");
	text = buffer + strspn(buffer, " \t");
	end = strchr(text, ']');
	if (text[0] == '[' && end && !section_known(text + 1, end - text - 1)) {
		answer_why(&why, 1, "there is no section [%.*s]; known are [retention], [quota], "
			   "[groups] and [bus]", (int)(end - text - 1 > 40 ? 40 : end - text - 1),
			   text + 1);
		reading_refuse(reading, why.text);
	}
	return buffer;
}

static int reading_key(void *context, const char *section, const char *name, const char *value)
{
	struct reading *reading = context;
	struct why why;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].section, section) || strcmp(keys[i].name, name))
			continue;
		if (reading->seen & 1u << i) {
			answer_why(&why, 1, "%s is given twice", name);
			reading_refuse(reading, why.text);
		} else if (keys[i].set(reading->config, &keys[i], value, &why)) {
			reading_refuse(reading, why.text);
		}
		reading->seen |= 1u << i;
		return !reading->error_line;
	}
	answer_why(&why, 1, "there is no key \"%.40s\" in [%.40s]; see cubbyd.conf(5)", name,
		   section);
	reading_refuse(reading, why.text);
	return 0;
}

void config_default(struct config *ret)
{
	struct terms terms;

	terms_default(&terms);
	*ret = (struct config){
		.inactive_days = terms.inactive_days,
		.notice_days = terms.notice_days,
		.quota_items = 100000,
		.quota_bytes = 4096ull << 20,
		.ear_group = "cubby-ear",
		.parents_group = "cubby-parents",
		.items_per_min = 120,
	};
	memcpy(ret->keep_max_s, terms.keep_max_s, sizeof(ret->keep_max_s));
}

int config_load(const char *path, bool must_exist, struct config *ret, struct why *why)
{
	_cleanup_(cleanup_fclose) FILE *file = fopen(path, "re");
	struct config config;
	struct reading reading = {.config = &config};
	int line;

	config_default(&config);
	if (!file && errno == ENOENT && !must_exist) {
		*ret = config;
		return 0;
	}
	if (!file)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "cannot read %s: %s; make it "
				  "readable for the user cubby, or leave out --config", path,
				  strerror(errno));
	reading.file = file;
	line = ini_parse_stream(reading_line, &reading, reading_key, &reading);
	if (line < 0 || ferror(file))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "cannot read %s to its end", path);
	if (line && (!reading.error_line || line < reading.error_line)) {
		reading.error_line = line;
		answer_why(&reading.error, ANSWER_INVALID_ARGUMENT,
			   "this is neither [section] nor key = value");
	}
	if (reading.error_line)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "%s:%d: %.400s", path,
				  reading.error_line, reading.error.text);
	*ret = config;
	return 0;
}

bool config_duration(const char *text, uint32_t *ret_s)
{
	static const struct {
		char unit;
		uint32_t s;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	uint64_t number = 0;
	const char *digit = text;

	for (; isdigit((unsigned char)*digit) && number <= UINT32_MAX; digit++)
		number = number * 10 + (*digit - '0');
	if (digit == text || !number || !digit[0] || digit[1])
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (units[i].unit != digit[0] || number * units[i].s > UINT32_MAX)
			continue;
		*ret_s = number * units[i].s;
		return true;
	}
	return false;
}
