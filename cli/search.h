/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Looking for words in what was said. */

#include <stdbool.h>

/* Is `needle` in `text`, upper or lower case alike? Nothing of the text is copied. */
bool text_contains(const char *text, const char *needle);
