/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Opening and sealing of whole items, shared by archive, import and export. */

#include "client/session.h"
#include "crypt/envelope.h"

/* Reads the reply of Archive.Open or Export.Open and opens everything in it. `reply_pair` is what
 * the slot keys were sealed to. */
int opened_read(struct cubby *cubby, struct message *reply, const struct id *id,
		const struct box_keypair *reply_pair, const struct box_keypair *recipient,
		struct cubby_opened **ret);

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
