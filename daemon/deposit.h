/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What archive.c and deposit.c share. */

#include "archive.h"
#include "store/item.h"

struct archive {
	struct archive_config config;
	/* What the disk carries; read again when an erasure has changed it. */
	uint64_t items, bytes;
	bool counted;			/* items and bytes are what is kept, */
	bool less;			/* ... or less: something was erased since */
	uint64_t lost;		/* parts without their key, at start */
};

/* ANSWER_QUOTA_EXCEEDED names the limit. */
int archive_room(struct archive *archive, uint64_t more_items, uint64_t more_bytes,
		 struct why *why);
