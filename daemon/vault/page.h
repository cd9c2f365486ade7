/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The layout of the slot file. Page n lies at n * 4096:
 *
 *   0  "CubbySlt"              8 bytes
 *   8  version, 1              4 bytes, little endian
 *  12  number of the page, n   4 bytes, little endian
 *  16  zeros                  16 bytes
 *  32  127 keys               32 bytes each
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE_BYTES 4096
#define PAGE_HEADER_BYTES 32
#define PAGE_SLOT_BYTES 32
#define PAGE_SLOTS ((PAGE_BYTES - PAGE_HEADER_BYTES) / PAGE_SLOT_BYTES)
#define PAGE_VERSION 1

enum page_state {
	PAGE_GOOD,
	PAGE_BLANK,		/* all zeros: the power went while the file grew */
	PAGE_FOREIGN,
	PAGE_NEWER,		/* one of ours, of another version */
};

off_t page_slot_offset(uint32_t slot);
void page_header_make(uint8_t page[static PAGE_HEADER_BYTES], uint32_t number);
enum page_state page_look(const uint8_t page[static PAGE_BYTES], uint32_t number);
