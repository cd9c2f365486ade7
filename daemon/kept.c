/* SPDX-License-Identifier: Apache-2.0 */
/* An item as the keeper may know it. */

#include "kept.h"

#include <stdlib.h>

struct archive_copy *archive_copies_free(struct archive_copy *copies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(copies[i].purpose);
		free(copies[i].recipient);
	}
	free(copies);
	return NULL;
}
