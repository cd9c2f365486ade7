/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An image file as a mounted file system, through a loop device that ends with its mount. */

#include <stdint.h>

struct mounted {
	const char *dir;
	int loop_fd;
};

/* Negative errno. Loop devices are handed out by the kernel one at a time; who loses a race tries
 * the next. */
int mounted_make(int image_fd, const char *type, const char *options, const char *dir,
		 struct mounted *ret);
int mounted_end(struct mounted *mounted);
