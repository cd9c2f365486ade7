/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fingerprints of 16 bytes that must be found nowhere any more: a polynomial over 2^64 (Rabin and
 * Karp), so that one pass over a file looks for any number of them. What is printed is random (ids,
 * ciphertext), and prints are gone with the receipt.
 */

#include <stdint.h>

#define PRINT_BYTES 16

/* An odd base from the job's salt. */
static inline uint64_t print_base(const uint8_t salt[static 16])
{
	uint64_t base = 0;

	for (int i = 0; i < 8; i++)
		base = base << 8 | salt[i];
	return base | 1;
}

static inline uint64_t print_of(const uint8_t bytes[static PRINT_BYTES], uint64_t base)
{
	uint64_t print = 0;

	for (int i = 0; i < PRINT_BYTES; i++)
		print = print * base + bytes[i] + 1;
	return print;
}
