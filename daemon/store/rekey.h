/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of the household's changes of keys, and of what is still sealed to older ones. */

#include "crypt/envelope.h"
#include "store/store.h"

#define REKEY_ID_BYTES 8		/* of a public key, as headers name it */
#define REKEY_BOX_BYTES (KEY_BYTES + BOX_OVERHEAD_BYTES)

struct rekey_row {
	uint32_t number;
	const char *statement;
	uint8_t home_id[REKEY_ID_BYTES];
	uint8_t release_id[REKEY_ID_BYTES];
	uint8_t former_home[REKEY_BOX_BYTES];
	uint8_t former_release[REKEY_BOX_BYTES];
	bool moved;
};

int store_rekey_insert(struct store *store, const struct rekey_row *row, int64_t now_min);
/* Oldest first. Ends early with what `each` returns if that is not 0. */
int store_rekeys(struct store *store, int (*each)(void *context, const struct rekey_row *row),
		 void *context);
/* Nothing is sealed to a key older than the last change's. */
int store_rekey_moved(struct store *store);

/* Headers of items (release: of copies) that are sealed to another key than this, behind the row
 * `after`, at most `max`. */
int store_headers_old(struct store *store, bool release, const uint8_t key_id[REKEY_ID_BYTES],
		      int64_t after, unsigned max,
		      int (*each)(void *context, int64_t row, const struct id *id,
				  const struct envelope_header *header), void *context);
int store_headers_count(struct store *store, bool release, const uint8_t key_id[REKEY_ID_BYTES],
			uint64_t *ret_n);
/* Only where another key than that of `header` is there now; otherwise nothing happens. */
int store_header_replace(struct store *store, bool release, const struct id *id,
			 const struct envelope_header *header);
