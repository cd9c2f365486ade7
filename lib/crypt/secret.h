/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bytes that nobody else may see: in locked memory between guard pages, kept out of core dumps,
 * wiped when freed. There is no function that formats one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"

#define KEY_BYTES 32
#define HASH_BYTES 32

struct secret {
	size_t n;
	uint8_t *bytes;
};

/* Call once in main() before anything else of this room: prepares the library, turns core dumps
 * and ptrace off (PR_SET_DUMPABLE). */
int crypt_init(void);

/* n zero bytes, aligned as far as n is a multiple. Each secret takes whole pages of locked memory,
 * one at least, and a few system calls: many small ones that live together belong into one. Where
 * the limit on locked memory (RLIMIT_MEMLOCK) is used up, one warning says so and the secret may
 * reach swap. */
int secret_new(size_t n, struct secret **ret);
int secret_random(size_t n, struct secret **ret);
/* A copy; the caller wipes its own. */
int secret_from(const void *bytes, size_t n, struct secret **ret);
struct secret *secret_free(struct secret *secret);
CLEANUP_DEFINE(struct secret *, secret_free)

/* For buffers that are not a struct secret. */
void secret_wipe(void *bytes, size_t n);
void crypt_random(void *bytes, size_t n);
/* In a time that does not depend on where they differ. */
bool crypt_equal(const void *a, const void *b, size_t n);
#define SUM_BYTES 8
/* SipHash-2-4 under a key that everybody knows: against accidents, never against people. */
void crypt_sum(uint64_t key, const void *bytes, size_t n, uint8_t ret_sum[static SUM_BYTES]);
/* BLAKE2b-256, plain and keyed with 16 to 64 bytes. */
void crypt_hash(const void *bytes, size_t n, uint8_t ret_hash[static HASH_BYTES]);
void crypt_hash_keyed(const void *key, size_t n_key, const void *bytes, size_t n,
		      uint8_t ret_hash[static HASH_BYTES]);

/* The same for what comes in pieces. key NULL: plain. */
struct hash_stream {
	uint8_t state[384] __attribute__((aligned(64)));
};
void hash_stream_begin(struct hash_stream *stream, const void *key, size_t n_key);
void hash_stream_add(struct hash_stream *stream, const void *bytes, size_t n);
void hash_stream_end(struct hash_stream *stream, uint8_t ret_hash[static HASH_BYTES]);
