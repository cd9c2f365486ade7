/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What every unit test includes: cmocka wants four headers before its own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"

/* An answer, and that it was explained to a person. */
#define assert_answer(r, answer, why)                                                             \
	do {                                                                                      \
		assert_int_equal((r), (answer));                                                  \
		assert_true((why).text[0] != '\0');                                               \
	} while (0)
