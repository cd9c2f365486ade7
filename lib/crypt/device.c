/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's two keys from one file. Neither private half leaves this room's types. */

#include "crypt/device.h"

#include <sodium.h>
#include <string.h>

#include "base/id.h"
#include "crypt/door.h"

#define DEVICE_MEMBERS 4
#define DEVICE_CONTEXT "cubbydev"
#define DEVICE_SEAL "cubby.device-key"

enum device_key { DEVICE_KEY_SIGN = 1, DEVICE_KEY_BOX = 2 };

_Static_assert(sizeof(DEVICE_CONTEXT) - 1 == crypto_kdf_CONTEXTBYTES, "libsodium wants it whole");
_Static_assert(KEY_BYTES == crypto_kdf_KEYBYTES, "one size of keys");

static int device_derive(const struct secret *master, enum device_key number, struct secret **ret)
{
	int r;

	if (master->n != KEY_BYTES)
		return fault_origin(-EINVAL);
	r = secret_new(KEY_BYTES, ret);
	if (r)
		return fault_trace(r);
	crypto_kdf_derive_from_key((*ret)->bytes, KEY_BYTES, number, DEVICE_CONTEXT, master->bytes);
	return 0;
}

int device_from(const struct secret *master, struct device **ret)
{
	_cleanup_(device_freep) struct device *device = calloc(1, sizeof(*device));
	_cleanup_(secret_freep) struct secret *seed = NULL, *private = NULL;
	int r;

	if (!device)
		return fault_origin(-ENOMEM);
	r = device_derive(master, DEVICE_KEY_SIGN, &seed);
	if (r)
		return fault_trace(r);
	r = device_derive(master, DEVICE_KEY_BOX, &private);
	if (r)
		return fault_trace(r);
	r = sign_keypair_from(seed, &device->sign);
	if (r)
		return fault_trace(r);
	take(seed);
	r = box_keypair_from(private, &device->box);
	if (r)
		return fault_trace(r);
	take(private);
	*ret = take(device);
	return 0;
}

int device_seal(const struct secret *master, const struct secret *credential,
		uint8_t ret_sealed[static DEVICE_SEALED_BYTES])
{
	_cleanup_(cleanup_free) uint8_t *sealed = NULL;
	size_t n;
	int r = wrap_seal(credential, DEVICE_SEAL, master, &sealed, &n);

	if (r)
		return fault_trace(r);
	if (n != DEVICE_SEALED_BYTES)
		return fault_origin(-EINVAL);
	memcpy(ret_sealed, sealed, n);
	return 0;
}

int device_unseal(const uint8_t sealed[static DEVICE_SEALED_BYTES],
		  const struct secret *credential, struct secret **ret_master)
{
	return fault_trace(wrap_open(credential, DEVICE_SEAL, sealed, DEVICE_SEALED_BYTES,
				     ret_master));
}

struct device *device_free(struct device *device)
{
	if (!device)
		return NULL;
	sign_keypair_free(device->sign);
	box_keypair_free(device->box);
	free(device);
	return NULL;
}

int device_statement(const struct device *device, char **ret_text)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	char box[2 * BOX_PUBLIC_BYTES + 1];

	hex_text(device->box->public, BOX_PUBLIC_BYTES, box);
	body = json_pack("{s:s}", "box", box);
	if (!body)
		return fault_origin(-ENOMEM);
	return fault_trace(statement_sign(body, DEVICE_STATEMENT, device->sign, ret_text));
}

int device_verify(const char *text, const uint8_t *pinned,
		  uint8_t ret_sign[static SIGN_PUBLIC_BYTES],
		  uint8_t ret_box[static BOX_PUBLIC_BYTES], struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	uint8_t key[SIGN_PUBLIC_BYTES];
	int r;

	r = statement_verify(text, DEVICE_STATEMENT, pinned, key, &body, why);
	if (r)
		return fault_trace(r);
	r = statement_get_size(body, DEVICE_MEMBERS, why);
	if (r)
		return r;
	r = statement_get_bytes(body, "box", ret_box, BOX_PUBLIC_BYTES, why);
	if (r)
		return r;
	for (unsigned i = 0; i < SIGN_PUBLIC_BYTES; i++)
		ret_sign[i] = key[i];
	return 0;
}
