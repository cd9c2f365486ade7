/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The checkpoint of the access log that this client saw last, as the keeper signed it: log.json of
 * the state directory. It counts only under the pinned key. */

#include "client/session.h"
#include "crypt/checkpoint.h"

#define LOG_SEEN_FILE "log.json"

/* ANSWER_NOT_FOUND: none yet. ANSWER_FAILED: a file that cannot be understood; it is never taken
 * for none. */
int log_seen_read(struct cubby *cubby, struct checkpoint *ret);
int log_seen_write(struct cubby *cubby, const char *statement);
/* cubby_log_look() inside another call. */
int log_look(struct cubby *cubby, char ret_problem[static CUBBY_LOG_PROBLEM_TEXT]);
