/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files of the state directory that nobody else may read, replace or point elsewhere. */

#include <stdbool.h>
#include "base/fault.h"

/* Opens the directory. ANSWER_FAILED with the remedy: not a directory, not ours, open to others. */
int secure_dir_open(const char *dir, int *ret_fd, struct why *why);
/* 0: a regular file of ours alone, or (ret_there false) not there. ANSWER_FAILED with the remedy:
 * a link, another owner, more than one name, or a mode open to others. Never opens the file. */
int secure_file_check(int dir_fd, const char *dir, const char *name, bool *ret_there,
		      struct why *why);
