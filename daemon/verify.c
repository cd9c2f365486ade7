/* SPDX-License-Identifier: Apache-2.0 */
/* Reads back what was erased. Must never write, and never say "gone" of what it could not read. */

#include "verify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "footprint.h"
#include "print.h"

#define SLICE_BYTES (8 << 20)
#define READ_BYTES (1 << 20)
#define CARRY_BYTES (PRINT_BYTES - 1)
#define LANES 4
#define WHOLE_INTERVAL_S (24 * 60 * 60)
/* As the vault's layout has it, and on purpose written down a second time. */
#define SLOTS_A_PAGE 127
#define SLOT_BYTES 32

struct verify {
	char *dir;
	int slots_fd;
	int db_fd;
	uint32_t *slots;
	size_t n_slots;
	uint64_t *table;	/* prints, open addressing; 0 is empty */
	size_t table_mask;
	uint8_t *filter;	/* one bit for the top bits of each print */
	unsigned filter_shift;
	bool zero_print;
	uint64_t base;
	uint64_t out[256];	/* what a byte leaving the window takes with it */
	/* Where to look when not at everything. */
	struct footprint *footprint;
	bool watched;
	bool begun;
	uint32_t page;
	int64_t whole_s;	/* boot time at which the whole was last read through; 0: not yet */
	uint64_t magic;		/* print of the first bytes of every database */
	/* Progress through the database. */
	off_t at;
	size_t carried;		/* bytes of the last read that stand at the front of the buffer */
	bool magic_seen;
	uint8_t *buffer;
};

static const char magic_bytes[PRINT_BYTES] = "SQLite format 3";

static int file_open(const char *dir, const char *name, int *ret_fd)
{
	_cleanup_(cleanup_free) char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return fault_origin(-ENOMEM);
	*ret_fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? fault_origin(-errno) : 0;
}

int verify_new(const char *dir, struct verify **ret)
{
	_cleanup_(verify_freep) struct verify *verify = calloc(1, sizeof(*verify));
	int r;

	if (!verify)
		return fault_origin(-ENOMEM);
	verify->slots_fd = verify->db_fd = -1;
	verify->dir = strdup(dir);
	verify->buffer = calloc(1, CARRY_BYTES + READ_BYTES + 1);
	if (!verify->dir || !verify->buffer)
		return fault_origin(-ENOMEM);
	r = file_open(dir, "slots.bin", &verify->slots_fd);
	if (r == 0)
		r = file_open(dir, "cubby.db", &verify->db_fd);
	if (r == 0)
		r = footprint_new(dir, verify->db_fd, &verify->footprint);
	if (r < 0)
		return fault_trace(r);
	*ret = take(verify);
	return 0;
}

static void job_forget(struct verify *verify)
{
	free(verify->slots);
	free(verify->table);
	free(verify->filter);
	verify->slots = NULL;
	verify->table = NULL;
	verify->filter = NULL;
}

struct verify *verify_free(struct verify *verify)
{
	if (!verify)
		return NULL;
	job_forget(verify);
	footprint_free(verify->footprint);
	if (verify->slots_fd >= 0)
		close(verify->slots_fd);
	if (verify->db_fd >= 0)
		close(verify->db_fd);
	free(verify->buffer);
	free(verify->dir);
	free(verify);
	return NULL;
}

static void print_add(struct verify *verify, uint64_t print)
{
	const uint64_t bit = print >> verify->filter_shift;
	size_t at = (size_t)(print ^ print >> 32) & verify->table_mask;

	verify->filter[bit / 8] |= (uint8_t)(1 << bit % 8);
	verify->zero_print |= print == 0;
	while (verify->table[at] != 0 && verify->table[at] != print)
		at = (at + 1) & verify->table_mask;
	verify->table[at] = print;
}

static bool print_is_wanted(const struct verify *verify, uint64_t print)
{
	size_t at = (size_t)(print ^ print >> 32) & verify->table_mask;

	if (print == 0)
		return verify->zero_print;
	while (verify->table[at] != 0 && verify->table[at] != print)
		at = (at + 1) & verify->table_mask;
	return verify->table[at] == print;
}

int verify_begin(struct verify *verify, uint32_t *slots, size_t n_slots, uint64_t *prints,
		 size_t n_prints, uint64_t base)
{
	_cleanup_(cleanup_free) uint64_t *taken = prints;
	uint64_t power = 1;
	unsigned bits = 16;
	size_t room = 64;

	job_forget(verify);
	verify->slots = slots;
	verify->n_slots = n_slots;
	while (room < 2 * (n_prints + 1))
		room *= 2;
	while (bits < 27 && (UINT64_C(1) << bits) < 64 * (uint64_t)(n_prints + 1))
		bits++;
	verify->table = calloc(room, sizeof(*verify->table));
	verify->filter = calloc(1, (size_t)(UINT64_C(1) << bits) / 8);
	if (!verify->table || !verify->filter)
		return fault_origin(-ENOMEM);
	verify->table_mask = room - 1;
	verify->filter_shift = 64 - bits;
	verify->zero_print = false;
	verify->base = base;
	for (int i = 0; i < PRINT_BYTES; i++)
		power *= base;
	for (unsigned byte = 0; byte < 256; byte++)
		verify->out[byte] = (byte + 1) * power;
	for (size_t i = 0; i < n_prints; i++)
		print_add(verify, taken[i]);
	verify->magic = print_of((const uint8_t *)magic_bytes, base);
	print_add(verify, verify->magic);
	verify->magic_seen = false;
	verify->at = 0;
	verify->carried = 0;
	verify->begun = false;
	verify->page = 0;
	if (verify->watched && footprint_end(verify->footprint) < 0)
		verify->watched = false;
	return 0;
}

static int64_t boot_s(void)
{
	return clock_boot_ms(&clock_system) / 1000 + 1;
}

bool verify_whole_is_due(const struct verify *verify)
{
	return verify->whole_s == 0 || boot_s() - verify->whole_s >= WHOLE_INTERVAL_S;
}

bool verify_is_whole(const struct verify *verify)
{
	return !verify->watched;
}

void verify_watch(struct verify *verify, bool whole)
{
	verify->watched = !whole && footprint_begin(verify->footprint) == 0;
}

void verify_look(struct verify *verify)
{
	if (verify->watched && footprint_look(verify->footprint) < 0)
		verify->watched = false;
}

/* What is still in the page cache would say nothing about the disk. Pages that are not written yet
 * stay; there are none, as the stores are synced before this. */
static int cache_drop(int fd, off_t from, off_t n, const char *name, struct why *why)
{
	int error = posix_fadvise(fd, from, n, POSIX_FADV_DONTNEED);

	return error ? answer_why(why, ANSWER_FAILED,
				  "%s cannot be read back from the disk itself (%s)", name,
				  strerror(error))
		     : 0;
}

static int slots_verify(struct verify *verify, struct why *why)
{
	static const uint8_t zeros[SLOT_BYTES];
	uint8_t key[SLOT_BYTES];

	int r = cache_drop(verify->slots_fd, 0, 0, "slots.bin", why);

	if (r != 0)
		return r;
	for (size_t i = 0; i < verify->n_slots; i++) {
		const uint32_t slot = verify->slots[i];
		const off_t at = (off_t)(slot / SLOTS_A_PAGE) * 4096 + SLOT_BYTES +
				 (off_t)(slot % SLOTS_A_PAGE) * SLOT_BYTES;
		bool zero;

		r = file_pread(verify->slots_fd, key, SLOT_BYTES, at);
		zero = r == 0 && memcmp(key, zeros, SLOT_BYTES) == 0;
		explicit_bzero(key, sizeof(key));
		if (r < 0)
			return answer_why(why, ANSWER_FAILED,
					  "slots.bin: slot %u cannot be read back (%s)", slot,
					  strerror(-r));
		if (!zero)
			return answer_why(why, ANSWER_FAILED,
					  "slots.bin: slot %u still holds a key", slot);
	}
	return 0;
}

/* Past the filter. The magic is wanted, too, but it is no finding. */
static __attribute__((noinline)) bool print_hits(struct verify *verify, uint64_t print)
{
	if (!print_is_wanted(verify, print))
		return false;
	if (print != verify->magic)
		return true;
	verify->magic_seen = true;
	return false;
}

/* True when a wanted print lies wholly in these n bytes; one byte behind them is read and does not
 * count. In lanes, because each step of one hash waits for the step before. */
static bool bytes_scan(struct verify *verify, const uint8_t *bytes, size_t n)
{
	const size_t windows = n < PRINT_BYTES ? 0 : n - CARRY_BYTES;
	const size_t each = windows / LANES;
	const uint8_t *const filter = verify->filter;
	const unsigned shift = verify->filter_shift;
	const uint64_t base = verify->base;
	const uint8_t *at[LANES];
	uint64_t hash[LANES];
	bool hit = false;

	for (int lane = 0; lane < LANES && each > 0; lane++) {
		at[lane] = bytes + (size_t)lane * each;
		hash[lane] = print_of(at[lane], base);
	}
	for (size_t i = 0; i < each; i++) {
#pragma GCC unroll 4
		for (int lane = 0; lane < LANES; lane++) {
			const uint64_t bit = hash[lane] >> shift;

			if (filter[bit / 8] >> bit % 8 & 1)
				hit |= print_hits(verify, hash[lane]);
			hash[lane] = hash[lane] * base + at[lane][i + PRINT_BYTES] + 1 -
				     verify->out[at[lane][i]];
		}
	}
	for (size_t i = each * LANES; i < windows; i++)
		hit |= print_hits(verify, print_of(bytes + i, base));
	return hit;
}

/* Up to a slice of one file from where the last one ended. *ret_end: that was all of it. */
static int file_scan(struct verify *verify, int fd, const char *name, bool *ret_end,
		     struct why *why)
{
	for (size_t done = 0; done < SLICE_BYTES;) {
		uint8_t *fresh = verify->buffer + verify->carried;
		size_t n, there, keep;
		int r = file_pread_most(fd, fresh, READ_BYTES, verify->at, &n);

		if (r < 0)
			return answer_why(why, ANSWER_FAILED, "%s cannot be read back (%s)", name,
					  strerror(-r));
		if (n == 0) {
			*ret_end = true;
			return 0;
		}
		there = verify->carried + n;
		if (bytes_scan(verify, verify->buffer, there))
			return answer_why(why, ANSWER_FAILED,
					  "%s: something of what was erased is still "
					  "there, before byte %" PRIi64,
					  name, (int64_t)verify->at + (int64_t)n);
		keep = there < CARRY_BYTES ? there : CARRY_BYTES;
		memmove(verify->buffer, verify->buffer + there - keep, keep);
		verify->carried = keep;
		verify->at += (off_t)n;
		done += (size_t)n;
	}
	*ret_end = false;
	return 0;
}

/* Emptied logs have no bytes; whatever is in one now came after and holds nothing of this job. */
static int log_scan(struct verify *verify, const char *name, struct why *why)
{
	_cleanup_(cleanup_free) char *path = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	bool end = false;
	int r = 0;

	if (asprintf(&path, "%s/%s", verify->dir, name) < 0)
		return fault_origin(-ENOMEM);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT
			       ? 0
			       : answer_why(why, ANSWER_FAILED, "%s cannot be read back (%s)", name,
					    strerror(errno));
	verify->at = 0;
	verify->carried = 0;
	r = cache_drop(fd, 0, 0, name, why);
	while (r == 0 && !end)
		r = file_scan(verify, fd, name, &end, why);
	return r;
}

/* Up to a slice of the pages in the footprint, with what lies across their edges. */
static int pages_scan(struct verify *verify, bool *ret_end, struct why *why)
{
	const uint32_t page_bytes = footprint_page_bytes(verify->footprint);
	const uint32_t most = READ_BYTES / page_bytes - 1;
	uint32_t n;

	for (size_t done = 0; done < SLICE_BYTES; done += (size_t)n * page_bytes) {
		off_t from, bytes;
		size_t got;
		int r;

		footprint_next(verify->footprint, most, &verify->page, &n);
		*ret_end = n == 0;
		if (n == 0)
			return 0;
		from = (off_t)(verify->page - 1) * page_bytes;
		bytes = (off_t)n * page_bytes + CARRY_BYTES;
		if (from > 0) {
			from -= CARRY_BYTES;
			bytes += CARRY_BYTES;
		}
		verify->page += n - 1;
		r = cache_drop(verify->db_fd, from, bytes, "cubby.db", why);
		if (r != 0)
			return r;
		r = file_pread_most(verify->db_fd, verify->buffer, (size_t)bytes, from, &got);
		if (r < 0)
			return answer_why(why, ANSWER_FAILED, "cubby.db cannot be read back (%s)",
					  strerror(-r));
		if (bytes_scan(verify, verify->buffer, got))
			return answer_why(why, ANSWER_FAILED,
					  "cubby.db: something of what was erased is still "
					  "there, before byte %" PRIi64,
					  (int64_t)from + (int64_t)got);
	}
	return 0;
}

static int database_scan(struct verify *verify, bool *ret_end, struct why *why)
{
	int r = 0;

	if (verify->watched)
		return pages_scan(verify, ret_end, why);
	if (verify->at == 0)
		r = cache_drop(verify->db_fd, 0, 0, "cubby.db", why);
	return r != 0 ? r : file_scan(verify, verify->db_fd, "cubby.db", ret_end, why);
}

int verify_slice(struct verify *verify, struct why *why)
{
	bool end = false;
	int r;

	if (!verify->begun) {
		r = slots_verify(verify, why);
		if (r != 0)
			return r;
		verify->begun = true;
	}
	r = database_scan(verify, &end, why);
	if (r != 0)
		return r;
	if (!end)
		return VERIFY_MORE;
	if (!verify->magic_seen)
		return answer_why(why, ANSWER_FAILED,
				  "cubby.db: the verifier did not find what must be "
				  "there, so it is not believed");
	r = log_scan(verify, "cubby.db-wal", why);
	if (r == 0)
		r = log_scan(verify, "cubby.db-journal", why);
	if (r == 0 && !verify->watched)
		verify->whole_s = boot_s();
	job_forget(verify);
	return r;
}
