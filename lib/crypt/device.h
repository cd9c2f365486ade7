/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The keeper's own key: 32 random bytes in `device.key`, from which come the Ed25519 pair that
 * signs receipts and checkpoints and the X25519 pair that proofs are sealed to (libsodium
 * crypto_kdf, context "cubbydev", numbers 1 and 2). Clients pin the signing half. */

#include "crypt/box.h"
#include "crypt/statement.h"

#define DEVICE_STATEMENT "cubby-device-1"

struct device {
	struct sign_keypair *sign;
	struct box_keypair *box;
};

int device_from(const struct secret *master, struct device **ret);
struct device *device_free(struct device *device);
CLEANUP_DEFINE(struct device *, device_free)

/* What Status.Identity says: both public halves, signed. */
int device_statement(const struct device *device, char **ret_text);
/* `pinned` is the signing key of the device one knows; NULL on first use.
 * ANSWER_INVALID_ARGUMENT: not such a statement, or of another device. */
int device_verify(const char *text, const uint8_t *pinned,
		  uint8_t ret_sign[static SIGN_PUBLIC_BYTES],
		  uint8_t ret_box[static BOX_PUBLIC_BYTES], struct why *why);
