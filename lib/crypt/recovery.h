/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The text of a recovery code, for door.c: its form is documented in crypt/door.h. */

#include "base/fault.h"
#include "crypt/secret.h"

#define RECOVERY_BYTES 16

/* ANSWER_INVALID_ARGUMENT: not a code, or one with a typing error. */
int recovery_parse(const char *text, uint8_t ret_code[static RECOVERY_BYTES], struct why *why);
