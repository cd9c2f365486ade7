/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the verbs of an export share. Functions return 0 or an exit code, after telling. */

#include "dataset.h"
#include "hand.h"

/* An approval is for a purpose and a recipient. */
int export_words_check(struct hand *hand);
/* Goes on with what was begun in the directory, or begins a new export. */
int export_take_up(struct hand *hand, struct dataset *dataset, const char *format,
		   const char *encoding, struct cubby_export **ret);
/* Tells of -errno from a dataset; always an exit code. */
int export_write_failed(struct hand *hand, const char *path, int r);
