/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing and unsealing. Reading takes the recipient's private key and a live slot key; nothing
 * is given out before the tag over it held, and never a part of a body. */

#include "crypt/envelope.h"

#include <sodium.h>
#include <string.h>

#define ENVELOPE_VERSION 1
#define KEY_ID_BYTES 8
#define LENGTH_BYTES 8
#define PADDED_MIN_BYTES 1024
#define STREAM_HEADER_BYTES crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define CHUNK_OVERHEAD_BYTES crypto_secretstream_xchacha20poly1305_ABYTES
#define BODY_START_BYTES (1 + STREAM_HEADER_BYTES)

_Static_assert(ENVELOPE_HEADER_BYTES == 1 + KEY_ID_BYTES + BOX_OVERHEAD_BYTES + KEY_BYTES,
	       "documented in envelope.h");
_Static_assert(KEY_BYTES == crypto_secretstream_xchacha20poly1305_KEYBYTES, "one size of keys");
_Static_assert(CHUNK_OVERHEAD_BYTES == 17, "documented in envelope.h");

static void envelope_key_id(const uint8_t public[static BOX_PUBLIC_BYTES],
			    uint8_t ret_key_id[static KEY_ID_BYTES])
{
	uint8_t hash[HASH_BYTES];

	crypt_hash(public, BOX_PUBLIC_BYTES, hash);
	memcpy(ret_key_id, hash, KEY_ID_BYTES);
}

static int header_make(const struct secret *fk, const uint8_t recipient[static BOX_PUBLIC_BYTES],
		       struct envelope_header *ret)
{
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	size_t n;
	int r = box_seal(recipient, fk->bytes, fk->n, &box, &n);

	if (r)
		return fault_trace(r);
	ret->bytes[0] = ENVELOPE_VERSION;
	envelope_key_id(recipient, ret->bytes + 1);
	memcpy(ret->bytes + 1 + KEY_ID_BYTES, box, n);
	return 0;
}

int envelope_new(const uint8_t recipient[static BOX_PUBLIC_BYTES],
		 struct envelope_header *ret_header, struct secret **ret_fk)
{
	_cleanup_(secret_freep) struct secret *fk = NULL;
	int r;

	r = secret_random(KEY_BYTES, &fk);
	if (!r)
		r = header_make(fk, recipient, ret_header);
	if (r)
		return fault_trace(r);
	*ret_fk = take(fk);
	return 0;
}

bool envelope_is_for(const struct envelope_header *header,
		     const uint8_t recipient[static BOX_PUBLIC_BYTES])
{
	uint8_t key_id[KEY_ID_BYTES];

	envelope_key_id(recipient, key_id);
	return memcmp(header->bytes + 1, key_id, KEY_ID_BYTES) == 0;
}

int envelope_reseal(const struct envelope_header *header, const struct box_keypair *from,
		    const uint8_t to[static BOX_PUBLIC_BYTES], struct envelope_header *ret,
		    struct why *why)
{
	_cleanup_(secret_freep) struct secret *fk = NULL;
	int r = envelope_open(header, from, &fk, why);

	return fault_trace(r ? r : header_make(fk, to, ret));
}

int envelope_open(const struct envelope_header *header, const struct box_keypair *recipient,
		  struct secret **ret_fk, struct why *why)
{
	_cleanup_(secret_freep) struct secret *fk = NULL;
	int r;

	if (header->bytes[0] != ENVELOPE_VERSION)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the item's header has format %u, "
				  "this program knows %d", header->bytes[0], ENVELOPE_VERSION);
	if (!envelope_is_for(header, recipient->public))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the item is sealed to another key than this one");
	r = box_open(recipient, header->bytes + 1 + KEY_ID_BYTES,
		     ENVELOPE_HEADER_BYTES - 1 - KEY_ID_BYTES, &fk);
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(why, r, "the item's header was changed: its key does not open");
	if (r)
		return fault_trace(r);
	*ret_fk = take(fk);
	return 0;
}

static unsigned log2_floor(size_t n)
{
	return (unsigned)(8 * sizeof(unsigned long) - 1) - (unsigned)__builtin_clzl(n);
}

/* Padmé: keep the highest log2(log2(n)) + 1 bits of a size below its first, round up the rest. */
size_t envelope_padded(size_t content_bytes)
{
	size_t n = content_bytes + LENGTH_BYTES;
	size_t mask;
	unsigned exponent;

	if (n <= PADDED_MIN_BYTES)
		return PADDED_MIN_BYTES;
	exponent = log2_floor(n);
	mask = ((size_t)1 << (exponent - (log2_floor(exponent) + 1))) - 1;
	return (n + mask) & ~mask;
}

static size_t envelope_chunks(size_t padded)
{
	return (padded + ENVELOPE_CHUNK_BYTES - 1) / ENVELOPE_CHUNK_BYTES;
}

size_t envelope_body_bytes(size_t content_bytes)
{
	size_t padded = envelope_padded(content_bytes);

	return BODY_START_BYTES + padded + CHUNK_OVERHEAD_BYTES * envelope_chunks(padded);
}

/* What both directions of a body's stream share. */
struct body_stream {
	crypto_secretstream_xchacha20poly1305_state state;
	uint8_t key[KEY_BYTES];
	uint8_t associated[10 + 1 + ID_BYTES + 1];
	struct secret *chunk;		/* plaintext of one chunk, in locked memory */
};

static void body_stream_clear(struct body_stream *stream)
{
	stream->chunk = secret_free(stream->chunk);
	secret_wipe(stream, sizeof(*stream));
}

static int body_stream_init(struct body_stream *stream, const struct secret *fk,
			    const struct secret *slot_key, const struct id *id, enum kind kind)
{
	const uint8_t kind_byte = (uint8_t)kind;
	crypto_generichash_state hash;

	if (fk->n != KEY_BYTES || slot_key->n != KEY_BYTES || !kind_name((int)kind))
		return fault_origin(-EINVAL);
	crypto_generichash_init(&hash, slot_key->bytes, slot_key->n, KEY_BYTES);
	crypto_generichash_update(&hash, fk->bytes, fk->n);
	crypto_generichash_update(&hash, id->bytes, ID_BYTES);
	crypto_generichash_update(&hash, &kind_byte, 1);
	crypto_generichash_final(&hash, stream->key, KEY_BYTES);
	secret_wipe(&hash, sizeof(hash));
	memcpy(stream->associated, "cubby body", 10);
	stream->associated[10] = ENVELOPE_VERSION;
	memcpy(stream->associated + 11, id->bytes, ID_BYTES);
	stream->associated[11 + ID_BYTES] = kind_byte;
	return fault_trace(secret_new(ENVELOPE_CHUNK_BYTES, &stream->chunk));
}

/* Bytes [at, at + n) of length | content | zeros. */
static void body_plain(uint8_t *to, size_t at, size_t n, const uint8_t *content, size_t content_n)
{
	size_t prefix = 0, copy = 0;

	for (; at + prefix < LENGTH_BYTES && prefix < n; prefix++)
		to[prefix] = (uint8_t)((uint64_t)content_n >> (8 * (at + prefix)));
	at = at + prefix - LENGTH_BYTES;
	if (at < content_n) {
		copy = content_n - at < n - prefix ? content_n - at : n - prefix;
		memcpy(to + prefix, content + at, copy);
	}
	memset(to + prefix + copy, 0, n - prefix - copy);
}

int envelope_seal(const struct secret *fk, const struct secret *slot_key, const struct id *id,
		  enum kind kind, const void *content, size_t n, uint8_t **ret_body, size_t *ret_n)
{
	_cleanup_(body_stream_clear) struct body_stream stream = { .chunk = NULL };
	_cleanup_(cleanup_free) uint8_t *body = NULL;
	size_t padded;
	uint8_t *to;
	int r;

	if (n > ENVELOPE_CONTENT_MAX_BYTES)
		return fault_origin(-EFBIG);
	r = body_stream_init(&stream, fk, slot_key, id, kind);
	if (r)
		return fault_trace(r);
	body = malloc(envelope_body_bytes(n));
	if (!body)
		return fault_origin(-ENOMEM);
	body[0] = ENVELOPE_VERSION;
	crypto_secretstream_xchacha20poly1305_init_push(&stream.state, body + 1, stream.key);
	padded = envelope_padded(n);
	to = body + BODY_START_BYTES;
	for (size_t at = 0; at < padded; at += ENVELOPE_CHUNK_BYTES) {
		bool last = padded - at <= ENVELOPE_CHUNK_BYTES;
		size_t chunk_n = last ? padded - at : ENVELOPE_CHUNK_BYTES;

		body_plain(stream.chunk->bytes, at, chunk_n, content, n);
		crypto_secretstream_xchacha20poly1305_push(
			&stream.state, to, NULL, stream.chunk->bytes, chunk_n, stream.associated,
			sizeof(stream.associated),
			last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
		to += chunk_n + CHUNK_OVERHEAD_BYTES;
	}
	*ret_body = take(body);
	*ret_n = envelope_body_bytes(n);
	return 0;
}

/* Opens the chunk at `from`, which holds bytes [at, at + chunk_n) of the padded text. */
static int body_pull(struct body_stream *stream, const uint8_t *from, size_t at, size_t chunk_n,
		     bool last, struct why *why)
{
	uint8_t tag;

	if (crypto_secretstream_xchacha20poly1305_pull(
		    &stream->state, stream->chunk->bytes, NULL, &tag, from,
		    chunk_n + CHUNK_OVERHEAD_BYTES, stream->associated,
		    sizeof(stream->associated)) != 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, at == 0 ?
				  "the body does not open: another key, item or kind, or changed" :
				  "the body was changed behind its first %zu bytes", at);
	if (tag != (last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the body was cut or extended: its last part is not where it "
				  "must be");
	return 0;
}

static int body_length(const uint8_t *chunk, size_t padded, size_t *ret_n, struct why *why)
{
	uint64_t n = 0;

	for (int i = 0; i < LENGTH_BYTES; i++)
		n |= (uint64_t)chunk[i] << (8 * i);
	if (n > ENVELOPE_CONTENT_MAX_BYTES || envelope_padded((size_t)n) != padded)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the body does not have the length it says");
	*ret_n = (size_t)n;
	return 0;
}

/* Takes the content out of an opened chunk; what lies behind it must be zeros. */
static int body_take(const uint8_t *chunk, size_t at, size_t chunk_n, struct secret *content,
		     struct why *why)
{
	size_t from = at < LENGTH_BYTES ? LENGTH_BYTES - at : 0;
	size_t start = at + from - LENGTH_BYTES;
	size_t n = 0;

	if (start < content->n) {
		n = content->n - start < chunk_n - from ? content->n - start : chunk_n - from;
		memcpy(content->bytes + start, chunk + from, n);
	}
	if (!sodium_is_zero(chunk + from + n, chunk_n - from - n))
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the body's padding is not empty");
	return 0;
}

/* The padded size that makes a body of n bytes; 0 if none does. */
static size_t body_padded(size_t n)
{
	const size_t full = ENVELOPE_CHUNK_BYTES + CHUNK_OVERHEAD_BYTES;
	size_t rest, chunks;

	if (n <= BODY_START_BYTES || n > envelope_body_bytes(ENVELOPE_CONTENT_MAX_BYTES))
		return 0;
	rest = n - BODY_START_BYTES;
	chunks = (rest + full - 1) / full;
	if (rest <= chunks * CHUNK_OVERHEAD_BYTES)
		return 0;
	rest -= chunks * CHUNK_OVERHEAD_BYTES;
	/* Only the sizes that envelope_padded() gives. */
	return rest >= PADDED_MIN_BYTES && envelope_padded(rest - LENGTH_BYTES) == rest ? rest : 0;
}

int envelope_unseal(const struct secret *fk, const struct secret *slot_key, const struct id *id,
		    enum kind kind, const void *body, size_t n, struct secret **ret_content,
		    struct why *why)
{
	_cleanup_(body_stream_clear) struct body_stream stream = { .chunk = NULL };
	_cleanup_(secret_freep) struct secret *content = NULL;
	const uint8_t *from = body;
	size_t padded, content_n = 0;
	int r;

	if (n > 0 && from[0] != ENVELOPE_VERSION)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "the body has format %u, this "
				  "program knows %d", from[0], ENVELOPE_VERSION);
	padded = body_padded(n);
	if (padded == 0)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the body was cut or extended: none has %zu bytes", n);
	r = body_stream_init(&stream, fk, slot_key, id, kind);
	if (r)
		return fault_trace(r);
	if (crypto_secretstream_xchacha20poly1305_init_pull(&stream.state, from + 1, stream.key) !=
	    0)
		return fault_origin(-EINVAL);
	from += BODY_START_BYTES;
	for (size_t at = 0; at < padded; at += ENVELOPE_CHUNK_BYTES) {
		bool last = padded - at <= ENVELOPE_CHUNK_BYTES;
		size_t chunk_n = last ? padded - at : ENVELOPE_CHUNK_BYTES;

		r = body_pull(&stream, from, at, chunk_n, last, why);
		if (r)
			return r;
		if (at == 0) {
			r = body_length(stream.chunk->bytes, padded, &content_n, why);
			if (r)
				return r;
			r = secret_new(content_n, &content);
			if (r)
				return fault_trace(r);
		}
		r = body_take(stream.chunk->bytes, at, chunk_n, content, why);
		if (r)
			return r;
		from += chunk_n + CHUNK_OVERHEAD_BYTES;
	}
	*ret_content = take(content);
	return 0;
}
