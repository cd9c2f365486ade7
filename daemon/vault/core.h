/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the vault share. Nobody else includes this. */

#include "vault/vault.h"

struct numbers {
	uint32_t *list;
	size_t n, room;
};

struct vault {
	int fd;
	uint32_t n_pages;
	struct numbers fresh;	/* free, with a key that nobody saw and that is on the disk */
	struct numbers stale;	/* free, with an old key or none */
};

enum slot_state { SLOT_OWNED, SLOT_ERASED, SLOT_OTHERS };

int vault_sync(struct vault *vault);
/* The key that the slot holds, and whose it is. */
int vault_look(struct vault *vault, const struct vault_slot *slot, const struct id *owner, int kind,
	       uint8_t ret_key[static KEY_BYTES], enum slot_state *ret);
