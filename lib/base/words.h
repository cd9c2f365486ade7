/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Text for people, in their language where there is a translation (cli/po). What programs read,
 * JSON and names of errors, never goes through here: it is the same everywhere.
 *
 * hand_say(), hand_fail(), answer_why(), erase_confirm() and page_add() translate their format
 * themselves; anything else that is shown is marked. A program without setlocale(), like the
 * keeper, speaks English. */

#include <libintl.h>

#define WORDS_DOMAIN "cubby"

/* Not "". */
#define _(text) dgettext(WORDS_DOMAIN, (text))
/* Marked here, translated where it is shown. */
#define N_(text) text
/* As many as n: words_n("%u item", "%u items", n). */
#define words_n(one, many, n) dngettext(WORDS_DOMAIN, (one), (many), (n))
