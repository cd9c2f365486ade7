/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for what nobody else may see. No secret may leave it for memory that can be swapped,
 * dumped or formatted, and none may be freed without being wiped. */

#include "crypt/secret.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/fault.h"
#include "base/log.h"

int crypt_init(void)
{
	const struct rlimit none = { 0, 0 };

	if (sodium_init() < 0)
		return fault_origin(-ENOSYS);
	/* Two locks on one door: the limit keeps the kernel from writing a core file, the flag
	 * also keeps other processes of this user from attaching, and a core pipe from being fed.
	 */
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return fault_origin(-errno);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fault_origin(-errno);
	return 0;
}

/* sodium_malloc() locks what it gives and says nothing when it cannot. Locking does not nest, so
 * asking once more only tells whether it holds. */
static void secret_check_locked(void *bytes, size_t n)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;

	if (n == 0 || mlock(bytes, n) == 0 || atomic_flag_test_and_set(&warned))
		return;
	log_warning("cannot lock memory for secrets (%s): they may reach swap; raise "
		    "RLIMIT_MEMLOCK (LimitMEMLOCK= in the unit, or 'ulimit -l'), or turn swap off",
		    strerror(errno));
}

int secret_new(size_t n, struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *secret = calloc(1, sizeof(*secret));

	if (!secret)
		return fault_origin(-ENOMEM);
	secret->bytes = sodium_malloc(n);
	if (!secret->bytes)
		return fault_origin(-ENOMEM);
	secret->n = n;
	secret_check_locked(secret->bytes, n);
	memset(secret->bytes, 0, n);
	*ret = take(secret);
	return 0;
}

int secret_random(size_t n, struct secret **ret)
{
	int r = secret_new(n, ret);

	if (r)
		return fault_trace(r);
	randombytes_buf((*ret)->bytes, n);
	return 0;
}

int secret_from(const void *bytes, size_t n, struct secret **ret)
{
	int r = secret_new(n, ret);

	if (r)
		return fault_trace(r);
	if (n > 0)
		memcpy((*ret)->bytes, bytes, n);
	return 0;
}

struct secret *secret_free(struct secret *secret)
{
	if (!secret)
		return NULL;
	sodium_free(secret->bytes);	/* wipes, and takes NULL */
	free(secret);
	return NULL;
}

void secret_wipe(void *bytes, size_t n)
{
	sodium_memzero(bytes, n);
}

void crypt_random(void *bytes, size_t n)
{
	randombytes_buf(bytes, n);
}

bool crypt_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void crypt_sum(uint64_t key, const void *bytes, size_t n, uint8_t ret_sum[static SUM_BYTES])
{
	uint8_t long_key[crypto_shorthash_KEYBYTES] = { 0 };

	for (int i = 0; i < 8; i++)
		long_key[i] = (uint8_t)(key >> (8 * i));
	crypto_shorthash(ret_sum, bytes, n, long_key);
}

void crypt_hash(const void *bytes, size_t n, uint8_t ret_hash[static HASH_BYTES])
{
	crypto_generichash(ret_hash, HASH_BYTES, bytes, n, NULL, 0);
}

void crypt_hash_keyed(const void *key, size_t n_key, const void *bytes, size_t n,
		      uint8_t ret_hash[static HASH_BYTES])
{
	/* A key of another length would leave ret_hash as it was: better no program than that. */
	if (crypto_generichash(ret_hash, HASH_BYTES, bytes, n, key, n_key) != 0 ||
	    n_key < crypto_generichash_KEYBYTES_MIN)
		abort();
}

_Static_assert(sizeof(struct hash_stream) >= sizeof(crypto_generichash_state),
	       "the stream does not hold the library's state");

static crypto_generichash_state *stream_state(struct hash_stream *stream)
{
	return (crypto_generichash_state *)(void *)stream->state;
}

void hash_stream_begin(struct hash_stream *stream, const void *key, size_t n_key)
{
	/* As above. */
	if ((key && n_key < crypto_generichash_KEYBYTES_MIN) ||
	    crypto_generichash_init(stream_state(stream), key, key ? n_key : 0, HASH_BYTES) != 0)
		abort();
}

void hash_stream_add(struct hash_stream *stream, const void *bytes, size_t n)
{
	crypto_generichash_update(stream_state(stream), bytes, n);
}

void hash_stream_end(struct hash_stream *stream, uint8_t ret_hash[static HASH_BYTES])
{
	crypto_generichash_final(stream_state(stream), ret_hash, HASH_BYTES);
	sodium_memzero(stream, sizeof(*stream));
}
