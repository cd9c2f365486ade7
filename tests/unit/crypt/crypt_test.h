/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of this room share: setup, and vectors written as hex. */

#include "unit/test.h"

#include "base/id.h"
#include "crypt/secret.h"

static inline int crypt_setup(void **state)
{
	return crypt_init();
}

/* The vectors come from an RFC, or from an implementation that shares no code with libsodium;
 * each says which. */
static inline void assert_hex(const void *bytes, unsigned n, const char *expected)
{
	_cleanup_(cleanup_free) char *text = malloc(2 * (size_t)n + 1);

	assert_string_equal(hex_text(bytes, n, text), expected);
}

static inline struct secret *secret_from_hex(const char *text)
{
	uint8_t bytes[64];
	unsigned n = (unsigned)strlen(text) / 2;
	struct secret *secret = NULL;

	assert_true(n <= sizeof(bytes) && hex_parse(text, bytes, n));
	assert_int_equal(secret_from(bytes, n, &secret), 0);
	return secret;
}

/* 0, 1, 2, ... */
static inline struct secret *secret_counting(size_t n)
{
	struct secret *secret = NULL;

	assert_int_equal(secret_new(n, &secret), 0);
	for (size_t i = 0; i < n; i++)
		secret->bytes[i] = (uint8_t)i;
	return secret;
}
