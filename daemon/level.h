/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What overwriting in place achieves on the storage under a directory: docs/ERASURE.md. */

enum level {
	LEVEL_E0, /* made inaccessible: the storage may keep old copies of what is overwritten */
	LEVEL_E1, /* overwritten in place on the block device */
	LEVEL_E2, /* the same on managed flash */
};

/* Never fails: whatever cannot be found out counts as E0. */
enum level level_find(const char *dir);
const char *level_name(enum level level);
