/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* JSON for the keeper, written straight into one locked buffer: it holds proofs. */

#include <stdbool.h>
#include "base/cleanup.h"
#include "crypt/secret.h"

struct writer {
	struct secret *buffer;
	size_t n;
	bool overflow;		/* something did not fit; what is there must not be used */
};

_printf_(2, 3)
void writer_add(struct writer *writer, const char *format, ...);
void writer_add_hex(struct writer *writer, const void *bytes, size_t n);
