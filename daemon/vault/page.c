/* SPDX-License-Identifier: Apache-2.0 */
/* Where a slot lies, and whether a page is one of ours. Never looks at a key. */

#include "vault/page.h"

#include <string.h>

static const char magic[8] = { 'C', 'u', 'b', 'b', 'y', 'S', 'l', 't' };

static void u32_put(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t u32_get(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

off_t page_slot_offset(uint32_t slot)
{
	return (off_t)(slot / PAGE_SLOTS) * PAGE_BYTES + PAGE_HEADER_BYTES +
	       (off_t)(slot % PAGE_SLOTS) * PAGE_SLOT_BYTES;
}

void page_header_make(uint8_t page[static PAGE_HEADER_BYTES], uint32_t number)
{
	memset(page, 0, PAGE_HEADER_BYTES);
	memcpy(page, magic, sizeof(magic));
	u32_put(page + 8, PAGE_VERSION);
	u32_put(page + 12, number);
}

enum page_state page_look(const uint8_t page[static PAGE_BYTES], uint32_t number)
{
	static const uint8_t blank[PAGE_BYTES];

	if (memcmp(page, blank, PAGE_BYTES) == 0)
		return PAGE_BLANK;
	if (memcmp(page, magic, sizeof(magic)) != 0)
		return PAGE_FOREIGN;
	if (u32_get(page + 8) != PAGE_VERSION)
		return PAGE_NEWER;
	if (u32_get(page + 12) != number || memcmp(page + 16, blank, 16) != 0)
		return PAGE_FOREIGN;
	return PAGE_GOOD;
}
