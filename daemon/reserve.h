/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Room on the disk that is kept for erasing: a parent can delete when there is no space left. */

#include <stdbool.h>
#include "base/cleanup.h"
#include "base/fault.h"

#define RESERVE_FILE "reserve.bin"
#define RESERVE_BYTES (8 << 20)

struct reserve;

/* Makes the file where there is room for it; a full disk is not a fault. ANSWER_FAILED as for
 * secure_file_check. */
int reserve_open(const char *dir, struct reserve **ret, struct why *why);
struct reserve *reserve_free(struct reserve *reserve);
CLEANUP_DEFINE(struct reserve *, reserve_free)

/* Gives the room to whoever writes next, if the disk has less left than that. */
int reserve_release(struct reserve *reserve);
/* Takes it back when there is enough again. */
int reserve_restore(struct reserve *reserve);
