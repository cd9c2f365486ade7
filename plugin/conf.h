/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Configuration files, line by line. This file's .c alone includes <ini.h>. */

#include "base/fault.h"

/* One "name = value" of [section] ("" before the first). Anything but 0 stops, and is handed on. */
typedef int conf_take_fn(void *context, const char *section, const char *name, const char *value,
			 struct why *why);

/* ANSWER_NOT_FOUND: it cannot be read. ANSWER_INVALID_ARGUMENT: names file and line, and says what
 * `take_line` said, or that the line is not "name = value". */
int conf_read(const char *path, conf_take_fn *take_line, void *context, struct why *why);
