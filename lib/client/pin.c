/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the public keys this client has seen. Nothing secret and nothing of a child may be written
 * here, and a file that is there but unreadable must never count as "first use". */

#include "client/pin.h"

#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/id.h"
#include "crypt/statement.h"

#define PIN_FILE_MAX_BYTES 16384

int pin_path(const char *dir, const char *name, char **ret)
{
	if (asprintf(ret, "%s/%s", dir, name) < 0)
		return fault_origin(-ENOMEM);
	return 0;
}

int pin_dir_make(const char *dir, struct why *why)
{
	_cleanup_(cleanup_free) char *path = strdup(dir);

	if (!path)
		return fault_origin(-ENOMEM);
	for (char *p = path + 1;; p++) {
		char end = *p;

		if (end && end != '/')
			continue;
		*p = 0;
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return answer_why(why, ANSWER_FAILED,
					  "cannot make the directory %s (%s); set XDG_STATE_HOME "
					  "to one "
					  "that you may write to", path, strerror(errno));
		if (!end)
			return 0;
		*p = end;
	}
}

/* 0, ANSWER_NOT_FOUND when the member is absent, ANSWER_FAILED when it is no key. */
static int pin_get(const json_t *body, const char *member, void *ret_key)
{
	const json_t *value = json_object_get(body, member);

	if (!value)
		return ANSWER_NOT_FOUND;
	if (!json_is_string(value) || !hex_parse(json_string_value(value), ret_key, 32))
		return ANSWER_FAILED;
	return 0;
}

static int pins_parse(const char *text, size_t n, struct pins *ret)
{
	_cleanup_(statement_json_freep) json_t *body = json_loadb(text, n,
								  JSON_REJECT_DUPLICATES, NULL);
	struct pins pins = { 0 };
	int sign, box, founder;

	if (!json_is_object(body))
		return ANSWER_FAILED;
	sign = pin_get(body, "device_sign", pins.device_sign);
	box = pin_get(body, "device_box", pins.device_box);
	founder = pin_get(body, "founder", pins.founder_key);
	if (json_object_get(body, "keys")) {
		pins.keys.number = (uint32_t)json_integer_value(json_object_get(body,
										"keys_number"));
		if (pin_get(body, "keys", pins.keys.hash) != 0 || pins.keys.number == 0)
			return ANSWER_FAILED;
	}
	if (sign != box || sign == ANSWER_FAILED || founder == ANSWER_FAILED)
		return ANSWER_FAILED;
	pins.device = sign == 0;
	pins.founder = founder == 0;
	*ret = pins;
	return 0;
}

int pins_read(const char *dir, struct pins *ret, struct why *why)
{
	_cleanup_(cleanup_free) char *path = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	size_t n;
	int r;

	r = pin_path(dir, PIN_FILE, &path);
	if (r < 0)
		return fault_trace(r);
	r = file_read_path(path, PIN_FILE_MAX_BYTES, &text, &n);
	if (r == ANSWER_NOT_FOUND) {
		memset(ret, 0, sizeof(*ret));
		return 0;
	}
	if (r == 0)
		r = pins_parse(text, n, ret);
	if (r != 0)
		return answer_why(why, ANSWER_FAILED,
				  "the pinned keys in %s cannot be read; if you know why, move "
				  "the file "
				  "away, and the keys of today are pinned anew", path);
	return 0;
}

int pins_write(const char *dir, const struct pins *pins, struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = json_object();
	_cleanup_(cleanup_free) char *path = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	char hex[65];
	int r;

	if (!body)
		return fault_origin(-ENOMEM);
	if (pins->device && (json_object_set_new(body, "device_sign",
				json_string(hex_text(pins->device_sign, 32, hex))) < 0 ||
			     json_object_set_new(body, "device_box",
				json_string(hex_text(pins->device_box, 32, hex))) < 0))
		return fault_origin(-ENOMEM);
	if (pins->founder && json_object_set_new(body, "founder",
				json_string(hex_text(pins->founder_key, 32, hex))) < 0)
		return fault_origin(-ENOMEM);
	if (pins->keys.number > 0 &&
	    (json_object_set_new(body, "keys", json_string(hex_text(pins->keys.hash, 32,
								     hex))) < 0 ||
	     json_object_set_new(body, "keys_number", json_integer(pins->keys.number)) < 0))
		return fault_origin(-ENOMEM);
	text = json_dumps(body, JSON_INDENT(2));
	if (!text)
		return fault_origin(-ENOMEM);
	r = pin_path(dir, PIN_FILE, &path);
	if (r < 0)
		return fault_trace(r);
	r = pin_dir_make(dir, why);
	if (r != 0)
		return fault_trace(r);
	r = file_replace(path, text, strlen(text), 0600);
	if (r < 0)
		return answer_why(why, ANSWER_FAILED,
				  "cannot write %s (%s); set XDG_STATE_HOME to a directory that "
				  "you may "
				  "write to", path, strerror(-r));
	return 0;
}
