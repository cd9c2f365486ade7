/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Numbers and bytes, one behind the other in memory that was measured before; numbers little
 * endian, of n bytes. Each moves the pointer on. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void bytes_put_number(uint8_t **to, uint64_t value, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*(*to)++ = (uint8_t)(value >> (8 * i));
}

static inline uint64_t bytes_get_number(const uint8_t **from, unsigned n)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < n; i++)
		value |= (uint64_t)*(*from)++ << (8 * i);
	return value;
}

static inline void bytes_put(uint8_t **to, const void *bytes, size_t n)
{
	memcpy(*to, bytes, n);
	*to += n;
}

static inline void bytes_get(const uint8_t **from, void *bytes, size_t n)
{
	memcpy(bytes, *from, n);
	*from += n;
}
