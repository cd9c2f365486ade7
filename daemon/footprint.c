/* SPDX-License-Identifier: Apache-2.0 */
/* Reads headers of pages and frames. Must never leave out a page that a frame or the list of free
 * pages names, and never follow a list that makes no sense. */

#include "footprint.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define DB_HEADER_BYTES 100
#define LOG_HEADER_BYTES 32
#define FRAME_HEADER_BYTES 24
/* 1 TiB in pages of 4 KiB; a larger number is damage. */
#define PAGES_MAX (UINT32_C(1) << 28)

struct pages {
	uint64_t *words;
	size_t n_words;
};

struct footprint {
	char *log_path;
	int db_fd;
	uint32_t page_bytes;
	struct pages free_before;
	struct pages touched;
};

static uint32_t u32_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       (uint32_t)bytes[3];
}

static void pages_clear(struct pages *pages)
{
	free(pages->words);
	*pages = (struct pages){ 0 };
}

static bool pages_get(const struct pages *pages, uint32_t page)
{
	return page / 64 < pages->n_words && (pages->words[page / 64] >> page % 64 & 1);
}

static int pages_set(struct pages *pages, uint32_t page)
{
	if (page == 0 || page > PAGES_MAX)
		return fault_origin(-EBADMSG);
	if (page / 64 >= pages->n_words) {
		const size_t n = page / 64 + page / 128 + 64;
		uint64_t *words = realloc(pages->words, n * sizeof(*words));

		if (!words)
			return fault_origin(-ENOMEM);
		memset(words + pages->n_words, 0, (n - pages->n_words) * sizeof(*words));
		pages->words = words;
		pages->n_words = n;
	}
	pages->words[page / 64] |= UINT64_C(1) << page % 64;
	return 0;
}

int footprint_new(const char *dir, int db_fd, struct footprint **ret)
{
	_cleanup_(footprint_freep) struct footprint *footprint = calloc(1, sizeof(*footprint));

	if (!footprint)
		return fault_origin(-ENOMEM);
	footprint->db_fd = db_fd;
	if (asprintf(&footprint->log_path, "%s/cubby.db-wal", dir) < 0) {
		footprint->log_path = NULL;
		return fault_origin(-ENOMEM);
	}
	*ret = take(footprint);
	return 0;
}

struct footprint *footprint_free(struct footprint *footprint)
{
	if (!footprint)
		return NULL;
	pages_clear(&footprint->free_before);
	pages_clear(&footprint->touched);
	free(footprint->log_path);
	free(footprint);
	return NULL;
}

static int header_read(struct footprint *footprint, uint32_t *ret_first, uint32_t *ret_n)
{
	uint8_t header[DB_HEADER_BYTES];
	uint32_t n;
	int r = file_pread(footprint->db_fd, header, sizeof(header), 0);

	if (r < 0)
		return fault_trace(r);
	n = (uint32_t)header[16] << 8 | header[17];
	footprint->page_bytes = n == 1 ? 65536 : n;
	if (footprint->page_bytes < 512 || (footprint->page_bytes & (footprint->page_bytes - 1)))
		return fault_origin(-EBADMSG);
	*ret_first = u32_at(header + 32);
	*ret_n = u32_at(header + 36);
	return 0;
}

/* The pages of the list of free pages, as it stands in the file. */
static int free_read(struct footprint *footprint, struct pages *pages)
{
	_cleanup_(cleanup_free) uint8_t *trunk = NULL;
	uint32_t page = 0, n_free = 0, n, seen = 0;
	int r = header_read(footprint, &page, &n_free);

	if (r < 0)
		return fault_trace(r);
	trunk = malloc(footprint->page_bytes);
	if (!trunk)
		return fault_origin(-ENOMEM);
	while (page != 0) {
		r = file_pread(footprint->db_fd, trunk, footprint->page_bytes,
			       (off_t)(page - 1) * footprint->page_bytes);
		if (r == 0)
			r = pages_set(pages, page);
		if (r < 0)
			return fault_trace(r);
		n = u32_at(trunk + 4);
		if (n > footprint->page_bytes / 4 - 2 || (seen += n + 1) > n_free)
			return fault_origin(-EBADMSG);
		for (uint32_t i = 0; r == 0 && i < n; i++)
			r = pages_set(pages, u32_at(trunk + 8 + (size_t)i * 4));
		if (r < 0)
			return fault_trace(r);
		page = u32_at(trunk);
	}
	return seen == n_free ? 0 : fault_origin(-EBADMSG);
}

int footprint_begin(struct footprint *footprint)
{
	pages_clear(&footprint->free_before);
	pages_clear(&footprint->touched);
	return fault_trace(free_read(footprint, &footprint->free_before));
}

int footprint_look(struct footprint *footprint)
{
	_cleanup_(cleanup_close) int fd = -1;
	uint8_t header[LOG_HEADER_BYTES], frame[FRAME_HEADER_BYTES];
	off_t at = LOG_HEADER_BYTES;
	struct stat st;
	int r;

	fd = open(footprint->log_path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fault_origin(-errno);
	if (fstat(fd, &st) < 0)
		return fault_origin(-errno);
	if (st.st_size < LOG_HEADER_BYTES)
		return 0;
	r = file_pread(fd, header, sizeof(header), 0);
	if (r == 0 && u32_at(header + 8) != footprint->page_bytes)
		r = fault_origin(-EBADMSG);
	/* Frames behind those with the header's salts are of an older log. */
	for (; r == 0 && at + FRAME_HEADER_BYTES + (off_t)footprint->page_bytes <= st.st_size;
	     at += FRAME_HEADER_BYTES + (off_t)footprint->page_bytes) {
		r = file_pread(fd, frame, sizeof(frame), at);
		if (r < 0 || memcmp(frame + 8, header + 16, 8) != 0)
			break;
		r = pages_set(&footprint->touched, u32_at(frame));
	}
	return fault_trace(r);
}

int footprint_end(struct footprint *footprint)
{
	struct pages now = { 0 };
	int r = free_read(footprint, &now);

	for (uint32_t page = 1; r == 0 && page < now.n_words * 64; page++)
		if (pages_get(&now, page) && !pages_get(&footprint->free_before, page))
			r = pages_set(&footprint->touched, page);
	pages_clear(&now);
	if (r == 0)
		r = pages_set(&footprint->touched, 1);
	return fault_trace(r);
}

void footprint_next(const struct footprint *footprint, uint32_t most, uint32_t *page,
		    uint32_t *ret_n)
{
	const struct pages *touched = &footprint->touched;
	uint32_t at = *page + 1, n = 0;

	while (at < touched->n_words * 64 && !pages_get(touched, at))
		at = at % 64 == 0 && touched->words[at / 64] == 0 ? at + 64 : at + 1;
	while (n < most && pages_get(touched, at + n))
		n++;
	*page = at;
	*ret_n = n;
}

uint32_t footprint_page_bytes(const struct footprint *footprint)
{
	return footprint->page_bytes;
}
