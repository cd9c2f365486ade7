/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What every fuzz target is: bytes in; out come nothing but answers. A target is one file, linked
 * with libFuzzer (-Dfuzz=true, script/fuzz) or with replay.c, which feeds it the committed corpus
 * as an ordinary test. What must not be is an abort().
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "crypt/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The whole of an input was understood. The corpus must lead there, or it shows little. */
void fuzz_reached(void);
unsigned long fuzz_times_reached(void);

/* The same for every run: what is behind a signature is reached by signing it. Borrowed. */
const struct device *fuzz_device(void);
/* The bytes as the body of a statement of this type, signed by it; free(). NULL: they are no JSON
 * object that can be signed. */
char *fuzz_signed(const uint8_t *bytes, size_t n, const char *type);
/* The bytes as a C string; free(). */
char *fuzz_text(const uint8_t *bytes, size_t n);
/* A path at which the bytes can be read, until the next one is asked for. */
const char *fuzz_file(const uint8_t *bytes, size_t n);
/* A directory of this process alone; gone at its end. */
const char *fuzz_directory(void);

/* The input piece by piece: what is behind its end is zero. */
struct fuzz_input {
	const uint8_t *at;
	size_t n;
};
uint8_t fuzz_u8(struct fuzz_input *input);
uint32_t fuzz_u32(struct fuzz_input *input);
/* At most `most` bytes of it; *ret_n says how many. */
const uint8_t *fuzz_bytes(struct fuzz_input *input, size_t most, size_t *ret_n);

#define fuzz_check(true_) \
	do { \
		if (!(true_)) \
			abort(); \
	} while (0)
