/* SPDX-License-Identifier: Apache-2.0 */
/* Items of a listing to and from bytes. What is read was written by others: nothing is looked at
 * behind its end. */

#include "base/listing.h"

#include "base/bytes.h"

#define HEAD_BYTES 44
#define PART_BYTES 16

_Static_assert(LISTING_ITEM_MAX_BYTES == HEAD_BYTES + KIND_MAX * PART_BYTES, "the header says so");

size_t listing_put(const struct listing_item *item, uint8_t *bytes)
{
	uint8_t *to = bytes;

	bytes_put(&to, item->id.bytes, ID_BYTES);
	bytes_put(&to, item->profile.bytes, ID_BYTES);
	bytes_put_number(&to, item->started_s, 8);
	bytes_put_number(&to, item->n_parts, 4);
	for (uint32_t i = 0; i < item->n_parts; i++) {
		bytes_put_number(&to, (uint64_t)item->parts[i].kind, 4);
		bytes_put_number(&to, item->parts[i].bytes, 4);
		bytes_put_number(&to, item->parts[i].expires_s, 8);
	}
	return (size_t)(to - bytes);
}

int listing_next(const uint8_t *bytes, size_t n, size_t *at, struct listing_item *ret)
{
	const uint8_t *from = bytes + *at;

	if (*at > n || n - *at < HEAD_BYTES)
		return ANSWER_INVALID_ARGUMENT;
	bytes_get(&from, ret->id.bytes, ID_BYTES);
	bytes_get(&from, ret->profile.bytes, ID_BYTES);
	ret->started_s = bytes_get_number(&from, 8);
	ret->n_parts = (uint32_t)bytes_get_number(&from, 4);
	if (ret->n_parts > KIND_MAX || n - *at - HEAD_BYTES < ret->n_parts * PART_BYTES)
		return ANSWER_INVALID_ARGUMENT;
	for (uint32_t i = 0; i < ret->n_parts; i++) {
		ret->parts[i].kind = (enum kind)bytes_get_number(&from, 4);
		if (!kind_name((int)ret->parts[i].kind))
			return ANSWER_INVALID_ARGUMENT;
		ret->parts[i].bytes = (uint32_t)bytes_get_number(&from, 4);
		ret->parts[i].expires_s = bytes_get_number(&from, 8);
	}
	*at += HEAD_BYTES + ret->n_parts * PART_BYTES;
	return 0;
}
