/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A parent's doors, made here and sealed to the keeper. */

#include "client/session.h"
#include "crypt/door.h"

/* What stands behind a door; borrowed. */
struct doors_secrets {
	const struct box_keypair *home;
	const struct box_keypair *release;
	const struct sign_keypair *sign;
};

/* Doors as JSON in a box, as Parents.Setup, Add and ChangeDoor take them. passphrase or code NULL:
 * no such door. */
int doors_seal(struct cubby *cubby, const struct doors_secrets *secrets, const char *passphrase,
	       const char *code, uint8_t **ret_box, size_t *ret_n);
