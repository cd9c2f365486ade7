/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The envelope of one item.
 *
 * Header:  version (1 byte = 1) | recipient key id (8: head of BLAKE2b-256 of the public key)
 *          | FK sealed to the recipient (crypto_box_seal, 80)                       = 89 bytes
 * Per kind: content key = BLAKE2b-256(key: K_slot, message: FK | id (16) | kind (1))
 * Body:    version (1 byte = 1) | secretstream header (24) | chunks of 16 KiB plaintext, each 17
 *          bytes longer sealed, the last one with the final tag.
 *          Associated data of each chunk: "cubby body" | version | id | kind.
 * Plaintext: length (8, little endian) | content | zeros up to a size bucket (envelope_padded).
 *
 * So reading takes the recipient's private key *and* the slot key; the slot key alone, or the
 * ciphertext with the private key alone, opens nothing. Sources: libsodium's
 * crypto_secretstream_xchacha20poly1305, crypto_generichash, crypto_box_seal.
 */

#include "base/fault.h"
#include "base/id.h"
#include "base/kind.h"
#include "crypt/box.h"

#define ENVELOPE_HEADER_BYTES 89
#define ENVELOPE_CHUNK_BYTES 16384
/* The most content one body may carry: 60 s of 16 kHz sound even if FLAC cannot compress it. */
#define ENVELOPE_CONTENT_MAX_BYTES (2 * 1024 * 1024)

struct envelope_header {
	uint8_t bytes[ENVELOPE_HEADER_BYTES];
};

/* A new FK, sealed to `recipient`. */
int envelope_new(const uint8_t recipient[static BOX_PUBLIC_BYTES],
		 struct envelope_header *ret_header, struct secret **ret_fk);
/* ANSWER_INVALID_ARGUMENT: not for this pair, another version, or changed. */
int envelope_open(const struct envelope_header *header, const struct box_keypair *recipient,
		  struct secret **ret_fk, struct why *why);
/* Is it sealed to this key, or to another? Nothing is checked. */
bool envelope_is_for(const struct envelope_header *header,
		     const uint8_t recipient[static BOX_PUBLIC_BYTES]);
/* The same FK, sealed to `to`. As envelope_open(). */
int envelope_reseal(const struct envelope_header *header, const struct box_keypair *from,
		    const uint8_t to[static BOX_PUBLIC_BYTES], struct envelope_header *ret,
		    struct why *why);

/* Sizes in buckets (Padmé: at most 12 % more, O(log log n) bits of length shown; from "Reducing
 * Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019), 1 KiB at
 * least. */
size_t envelope_padded(size_t content_bytes);
/* The exact size of a body with this content. */
size_t envelope_body_bytes(size_t content_bytes);

int envelope_seal(const struct secret *fk, const struct secret *slot_key, const struct id *id,
		  enum kind kind, const void *content, size_t n, uint8_t **ret_body, size_t *ret_n);
/* ANSWER_INVALID_ARGUMENT: wrong key, id, kind or version; truncated, extended or changed. */
int envelope_unseal(const struct secret *fk, const struct secret *slot_key, const struct id *id,
		    enum kind kind, const void *body, size_t n, struct secret **ret_content,
		    struct why *why);
