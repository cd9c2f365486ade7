/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What this client has seen before and holds on to: the keeper's public keys, the founding
 * parent's, and which change of the household's keys was the last. Nothing secret, in pins.json of
 * the state directory. */

#include <stdbool.h>
#include "base/fault.h"
#include "crypt/box.h"
#include "crypt/rekey.h"

#define PIN_FILE "pins.json"

struct pins {
	bool device;			/* the next two are known */
	uint8_t device_sign[SIGN_PUBLIC_BYTES];
	uint8_t device_box[BOX_PUBLIC_BYTES];
	bool founder;
	uint8_t founder_key[SIGN_PUBLIC_BYTES];
	struct rekey_mark keys;		/* the newest change of keys; number 0: none */
};

/* A directory without pins gives empty ones. ANSWER_FAILED: a file that cannot be understood; it is
 * never taken for an empty one. */
int pins_read(const char *dir, struct pins *ret, struct why *why);
/* Makes the directory (0700) when it is not there. */
int pins_write(const char *dir, const struct pins *pins, struct why *why);
/* Makes `dir` and its parents. */
int pin_dir_make(const char *dir, struct why *why);
/* "dir/name"; the caller frees it. */
int pin_path(const char *dir, const char *name, char **ret);
