/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files that a parent asked for by name. */

#include <stddef.h>
#include <sys/types.h>

/* Writes the whole file or leaves what was there: a sibling is written, synced and renamed. "-" is
 * standard output; a device or pipe is written to directly. 0 or -errno (told by the caller, no
 * fault). Signals that end the program wait meanwhile. */
int output_write(const char *path, const void *bytes, size_t n, mode_t mode);
