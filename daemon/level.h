/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What overwriting a file in place achieves on the storage below it: docs/ERASURE.md. */

enum level {
	LEVEL_E0, /* made inaccessible: the storage may keep old copies of what is overwritten */
	LEVEL_E1, /* overwritten in place on the block device */
	LEVEL_E2, /* the same on managed flash */
};

/* Never fails: whatever cannot be found out counts as E0. */
enum level level_find(const char *file);
/* From where the kernel's device tree has the block device (the target of its link in
 * /sys/dev/block), and from the character in its queue/rotational, or 0. */
enum level level_of_device(const char *place, char rotational);
const char *level_name(enum level level);
