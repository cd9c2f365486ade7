/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the access log to and from bytes. What is read was written by others: nothing is
 * looked at behind its end. */

#include "crypt/logpage.h"

#include <stdlib.h>

#include "base/bytes.h"

#define HEAD_BYTES 120
#define FLAG_TAGGED 1u
#define FLAG_EMPTIED 2u
#define ROOM_FIRST_BYTES 65536

static int room_make(struct logpage *page, size_t n)
{
	size_t room = page->room ? page->room : ROOM_FIRST_BYTES;
	uint8_t *bytes;

	while (room - page->n < n)
		room *= 2;
	if (room == page->room)
		return 0;
	bytes = realloc(page->bytes, room);
	if (!bytes)
		return fault_origin(-ENOMEM);
	page->bytes = bytes;
	page->room = room;
	return 0;
}

int logpage_add(struct logpage *page, const struct logpage_entry *entry)
{
	const unsigned flags = (entry->tagged ? FLAG_TAGGED : 0) |
			       (entry->emptied ? FLAG_EMPTIED : 0);
	uint8_t *to;
	int r;

	if (entry->n_body > LOGPAGE_BODY_MAX_BYTES)
		return fault_origin(-EBADMSG);
	r = room_make(page, HEAD_BYTES + (size_t)entry->n_body + 1);
	if (r)
		return fault_trace(r);
	to = page->bytes + page->n;
	bytes_put_number(&to, entry->seq, 8);
	bytes_put_number(&to, entry->time_min, 8);
	bytes_put_number(&to, flags, 4);
	bytes_put_number(&to, entry->n_body, 4);
	bytes_put(&to, entry->salt, CHAIN_SALT_BYTES);
	bytes_put(&to, entry->hash, CHAIN_HASH_BYTES);
	bytes_put(&to, entry->tag, CHAIN_TAG_BYTES);
	bytes_put(&to, entry->body_hash, CHAIN_HASH_BYTES);
	bytes_put(&to, entry->body, entry->n_body);
	*to++ = 0;
	page->n = (size_t)(to - page->bytes);
	return 0;
}

void logpage_clear(struct logpage *page)
{
	free(page->bytes);
	*page = (struct logpage){ 0 };
}

int logpage_next(const uint8_t *bytes, size_t n, size_t *at, struct logpage_entry *ret)
{
	const uint8_t *from = bytes + *at;
	uint64_t flags;

	if (*at > n || n - *at < HEAD_BYTES + 1)
		return ANSWER_INVALID_ARGUMENT;
	ret->seq = bytes_get_number(&from, 8);
	ret->time_min = bytes_get_number(&from, 8);
	flags = bytes_get_number(&from, 4);
	ret->n_body = (uint32_t)bytes_get_number(&from, 4);
	bytes_get(&from, ret->salt, CHAIN_SALT_BYTES);
	bytes_get(&from, ret->hash, CHAIN_HASH_BYTES);
	bytes_get(&from, ret->tag, CHAIN_TAG_BYTES);
	bytes_get(&from, ret->body_hash, CHAIN_HASH_BYTES);
	if (flags > (FLAG_TAGGED | FLAG_EMPTIED) || ret->n_body > LOGPAGE_BODY_MAX_BYTES ||
	    n - *at - HEAD_BYTES - 1 < ret->n_body || from[ret->n_body] != 0)
		return ANSWER_INVALID_ARGUMENT;
	ret->tagged = flags & FLAG_TAGGED;
	ret->emptied = flags & FLAG_EMPTIED;
	ret->body = (const char *)from;
	*at += HEAD_BYTES + (size_t)ret->n_body + 1;
	return 0;
}
