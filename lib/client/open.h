/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Opening and sealing of whole items, shared by archive, import and export. */

#include "client/session.h"
#include "crypt/envelope.h"

/* What a reply holds of one item, before anything is opened. */
struct sealed {
	struct envelope_header header;
	struct {
		enum kind kind;
		uint64_t offset, n;	/* in the bodies */
	} parts[KIND_MAX];
	size_t n_parts;
	size_t first_key;		/* of its parts, among the keys */
};

/* Ciphertext and slot keys, of one item or of several. */
struct sealed_bodies {
	uint8_t *bytes;
	size_t n;
	struct secret *keys;		/* KEY_BYTES for each part, in that order */
};

/* The pieces of a reply, in their order. ANSWER_INVALID_ARGUMENT: not of the shape of the XML. */
int sealed_header(struct message *reply, struct sealed *sealed);
int sealed_parts(struct message *reply, struct sealed *sealed);
/* `reply_pair` is what the slot keys were sealed to. */
int bodies_read(struct message *reply, const struct box_keypair *reply_pair, size_t max_bytes,
		struct sealed_bodies *ret);
void sealed_bodies_clear(struct sealed_bodies *bodies);
int sealed_check(const struct sealed *sealed, const struct sealed_bodies *bodies);
/* Opens everything in it. release: it is an approved copy. */
int opened_make(struct cubby *cubby, const struct sealed *sealed,
		const struct sealed_bodies *bodies, const struct id *id,
		bool release, struct cubby_opened **ret);

/* One kind of an item to be sealed. */
struct content {
	enum kind kind;
	const void *bytes;
	size_t n;
};

/* Seals `contents` under the slot keys in `sealed_keys` (in that order) and appends header, parts
 * and bodies, as Commit and Approve take them. */
int contents_append(struct cubby *cubby, struct message *request, const struct id *id,
		    const uint8_t recipient[static BOX_PUBLIC_BYTES],
		    const struct box_keypair *reply_pair, const void *sealed_keys, size_t n_sealed,
		    const struct content *contents, size_t n);
