/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the keeper says, in the parent's language. It speaks English, as every program without a
 * person in front of it; a sentence that is known here is said again in the language of this
 * process, with the values that were in it, and any other stays as it came. */

#define SAID_TEXT 1024

/* Returns `text`, or `room`. */
const char *said(const char *text, char room[static SAID_TEXT]);
