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

/* The master key sealed with a credential of 32 bytes, as wrap_seal() does it: worth nothing where
 * that is not. */
#define DEVICE_SEALED_BYTES 72
int device_seal(const struct secret *master, const struct secret *credential,
		uint8_t ret_sealed[static DEVICE_SEALED_BYTES]);
/* ANSWER_INVALID_ARGUMENT: another credential, or changed. */
int device_unseal(const uint8_t sealed[static DEVICE_SEALED_BYTES],
		  const struct secret *credential, struct secret **ret_master);

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
