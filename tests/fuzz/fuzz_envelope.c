/* SPDX-License-Identifier: Apache-2.0 */
/* An item's header and body, as a client gets them. First as they are; then the input as what lies
 * inside the sealed chunks, under the right key, so that length and padding are reached. */

#include <sodium.h>
#include <string.h>
#include "crypt/envelope.h"
#include "fuzz.h"

#define START (1 + crypto_secretstream_xchacha20poly1305_HEADERBYTES)
#define MORE crypto_secretstream_xchacha20poly1305_ABYTES

static const struct id id = { "fifteen letters" };

/* As envelope.c makes it: a mistake in either shows. */
static void content_key(const struct secret *fk, const struct secret *slot, uint8_t ret[KEY_BYTES])
{
	crypto_generichash_state hash;
	const uint8_t kind = KIND_AUDIO;

	crypto_generichash_init(&hash, slot->bytes, slot->n, KEY_BYTES);
	crypto_generichash_update(&hash, fk->bytes, fk->n);
	crypto_generichash_update(&hash, id.bytes, ID_BYTES);
	crypto_generichash_update(&hash, &kind, 1);
	crypto_generichash_final(&hash, ret, KEY_BYTES);
}

/* The first byte: how much of `plain` each chunk takes, and which has the final tag. */
static size_t body_make(struct fuzz_input plain, const uint8_t *key, uint8_t *body)
{
	crypto_secretstream_xchacha20poly1305_state state;
	uint8_t associated[10 + 1 + ID_BYTES + 1] = "cubby body";
	const uint8_t how = fuzz_u8(&plain);
	uint8_t *to = body + START;
	unsigned number = 0;

	associated[10] = 1;
	memcpy(associated + 11, id.bytes, ID_BYTES);
	associated[11 + ID_BYTES] = KIND_AUDIO;
	body[0] = 1;
	crypto_secretstream_xchacha20poly1305_init_push(&state, body + 1, key);
	do {
		size_t chunk_n;
		const uint8_t *chunk = fuzz_bytes(&plain, how & 1 ? 100 : ENVELOPE_CHUNK_BYTES,
						  &chunk_n);
		const bool final = how & 2 ? number == how >> 2 : plain.n == 0;

		crypto_secretstream_xchacha20poly1305_push(
			&state, to, NULL, chunk, chunk_n, associated, sizeof(associated),
			final ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
		to += chunk_n + MORE;
		number++;
	} while (plain.n > 0);
	return (size_t)(to - body);
}

/* What opens is what seals to a body of the same size, and opens again. */
static void unseal(const struct secret *fk, const struct secret *slot, const void *body, size_t n)
{
	_cleanup_(secret_freep) struct secret *content = NULL, *again = NULL;
	_cleanup_(cleanup_free) uint8_t *sealed = NULL;
	struct why why = { "" };
	size_t sealed_n;
	int r = envelope_unseal(fk, slot, &id, KIND_AUDIO, body, n, &content, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0] && !content));
	if (r)
		return;
	fuzz_check(envelope_seal(fk, slot, &id, KIND_AUDIO, content->bytes, content->n, &sealed,
				 &sealed_n) == 0);
	fuzz_check(sealed_n == n);
	fuzz_check(envelope_unseal(fk, slot, &id, KIND_AUDIO, sealed, n, &again, NULL) == 0);
	fuzz_check(again->n == content->n && memcmp(again->bytes, content->bytes, again->n) == 0);
	fuzz_reached();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct secret *fk, *slot;
	_cleanup_(secret_freep) struct secret *opened = NULL;
	_cleanup_(cleanup_free) uint8_t *body = NULL;
	struct envelope_header header = { { 0 } };
	const struct device *device = fuzz_device();
	uint8_t key[KEY_BYTES];

	if (!fk)
		fuzz_check(secret_from("file key of thirty two bytes  ..", KEY_BYTES, &fk) == 0 &&
			   secret_from("slot key of thirty two bytes  ..", KEY_BYTES, &slot) == 0);
	memcpy(header.bytes, bytes, n < sizeof(header.bytes) ? n : sizeof(header.bytes));
	envelope_open(&header, device->box, &opened, NULL);
	unseal(fk, slot, bytes, n);

	body = malloc(START + n + (n / 100 + 2) * MORE);
	fuzz_check(body);
	content_key(fk, slot, key);
	unseal(fk, slot, body, body_make((struct fuzz_input){ bytes, n }, key, body));
	return 0;
}
