/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a page of the database file is given on its way to the disk, beyond what SQLite writes: a
 * gap without stale bytes, and a sum over the page and its place. It must never change a byte that
 * SQLite reads. The layout: https://www.sqlite.org/fileformat2.html#b_tree_pages. The sums lie
 * where SQLite's own checksum VFS has them (https://www.sqlite.org/cksumvfs.html), but are of
 * another kind, so that a page in another's place is noticed as well (docs/decisions/0016).
 */

#include "store/page.h"

#include <string.h>

#include "crypt/secret.h"

_Static_assert(PAGE_SUM_BYTES == SUM_BYTES, "the space reserved is the size of the sum");

bool page_is(int n, int64_t at)
{
	return n >= 512 && n <= PAGE_MAX_BYTES && (n & (n - 1)) == 0 && at % n == 0;
}

bool page_says_sums(const uint8_t *first)
{
	return first[20] == PAGE_SUM_BYTES;
}

void page_scrub_gap(uint8_t *page, size_t n, int64_t at)
{
	const size_t header = at == 0 ? PAGE_HEADER_BYTES : 0;
	size_t begin, end;

	switch (page[header]) {
	case 2:
	case 5:
		begin = header + 12;
		break;
	case 10:
	case 13:
		begin = header + 8;
		break;
	default:
		return;
	}
	begin += 2 * (size_t)(page[header + 3] << 8 | page[header + 4]);
	end = (size_t)(page[header + 5] << 8 | page[header + 6]);
	if (end == 0)
		end = 65536;
	if (begin < end && end <= n)
		memset(page + begin, 0, end - begin);
}

void page_sum(uint8_t *page, size_t n, int64_t at)
{
	crypt_sum((uint64_t)at, page, n - SUM_BYTES, page + n - SUM_BYTES);
}

bool page_sum_holds(const uint8_t *page, size_t n, int64_t at)
{
	uint8_t sum[SUM_BYTES];

	crypt_sum((uint64_t)at, page, n - SUM_BYTES, sum);
	return memcmp(sum, page + n - SUM_BYTES, SUM_BYTES) == 0;
}
