/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A sealed item as it is handed over: header, parts, and the memfd that holds exactly the parts. It
 * comes from another process; nothing it says of itself is believed before it is checked. */

#include "archive.h"

struct delivery_part {
	int kind;		/* 0: a name that is no kind */
	uint64_t offset;
	uint64_t bytes;
};

struct delivery {
	const void *header;
	size_t n_header;
	struct delivery_part parts[KIND_MAX];
	size_t n_parts;		/* as told; may be more than fit above */
	int bodies_fd;		/* borrowed */
};

struct delivered {
	struct envelope_header header;
	struct archive_body bodies[KIND_MAX];
	unsigned n_bodies;
	void *map;
	size_t n_map;
};

/*
 * Checks everything that can be checked without a key, and maps the bodies. `recipient`: the
 * household key the header must be sealed to. ANSWER_INVALID_ARGUMENT.
 */
int delivery_check(const struct delivery *delivery, const struct archive_draft *draft,
		   const uint8_t recipient[static BOX_PUBLIC_BYTES], struct delivered *ret,
		   struct why *why);
void delivered_clear(struct delivered *delivered);
