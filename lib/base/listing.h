/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Items of a listing as bytes (Archive.ListMany). One after the other, numbers little endian:
 *
 *   id (16) | profile id (16) | started, seconds since 1970 (8) | parts (4), then of each:
 *   kind (4) | sealed size in bytes (4) | expires, seconds since 1970 (8)
 */

#include <stdbool.h>
#include <stddef.h>
#include "base/fault.h"
#include "base/id.h"
#include "base/kind.h"

struct listing_item {
	struct id id, profile;
	uint64_t started_s;
	uint32_t n_parts;
	struct {
		enum kind kind;
		uint32_t bytes;
		uint64_t expires_s;
	} parts[KIND_MAX];
};

#define LISTING_ITEM_MAX_BYTES (44 + KIND_MAX * 16)

/* Writes at most LISTING_ITEM_MAX_BYTES; returns how many. */
size_t listing_put(const struct listing_item *item, uint8_t *to);
/* The item at *at, which moves behind it. ANSWER_INVALID_ARGUMENT: there is none. */
int listing_next(const uint8_t *bytes, size_t n, size_t *at, struct listing_item *ret);
