/* SPDX-License-Identifier: Apache-2.0 */
/* Two records, each checked as a whole. Must never write over the newer of the two, and never
 * believe one whose checksum does not hold. */

#include "age_file.h"

#include <endian.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "crypt/secret.h"
#include "failpoint.h"
#include "secure.h"

#define MAGIC "cubby-clock-2"
#define MAGIC_BYTES 16
#define PLACE_BYTES 4096

enum word {
	WORD_SEQ,
	WORD_POWERED,
	WORD_LEAD,
	WORD_HOUR,
	WORD_HOUR_MS,
	WORD_HOURS,
	WORD_HOUR_FIRST,
	WORDS = WORD_HOUR_FIRST + AGE_HOURS,
};

/* Within one sector. */
struct record_bytes {
	char magic[MAGIC_BYTES];
	uint64_t words[WORDS];		/* little-endian */
	uint8_t hash[HASH_BYTES];
};
_Static_assert(sizeof(struct record_bytes) <= 512, "a record fits into one sector");

static void record_hash(const struct record_bytes *bytes, uint8_t ret[static HASH_BYTES])
{
	crypt_hash(bytes, offsetof(struct record_bytes, hash), ret);
}

static void record_pack(const struct age_record *record, struct record_bytes *ret)
{
	uint64_t words[WORDS] = {
		[WORD_SEQ] = record->seq,
		[WORD_POWERED] = (uint64_t)record->powered_s,
		[WORD_LEAD] = (uint64_t)record->lead_s,
		[WORD_HOUR] = (uint64_t)record->hour_s,
		[WORD_HOUR_MS] = (uint64_t)record->hour_ms,
		[WORD_HOURS] = record->n_hours,
	};

	for (int i = 0; i < AGE_HOURS; i++)
		words[WORD_HOUR_FIRST + i] = (uint64_t)record->hours_s[i];
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->magic, MAGIC, sizeof(MAGIC));
	for (int i = 0; i < WORDS; i++)
		ret->words[i] = htole64(words[i]);
	record_hash(ret, ret->hash);
}

static bool record_unpack(const struct record_bytes *bytes, struct age_record *ret)
{
	struct age_record record;
	uint8_t hash[HASH_BYTES];
	uint64_t words[WORDS];

	record_hash(bytes, hash);
	if (memcmp(bytes->magic, MAGIC, sizeof(MAGIC)) != 0 ||
	    !crypt_equal(hash, bytes->hash, HASH_BYTES))
		return false;
	for (int i = 0; i < WORDS; i++)
		words[i] = le64toh(bytes->words[i]);
	record = (struct age_record){
		.seq = words[WORD_SEQ],
		.powered_s = (int64_t)words[WORD_POWERED],
		.lead_s = (int64_t)words[WORD_LEAD],
		.n_hours = (unsigned)words[WORD_HOURS],
		.hour_s = (int64_t)words[WORD_HOUR],
		.hour_ms = (int64_t)words[WORD_HOUR_MS],
	};
	for (int i = 0; i < AGE_HOURS; i++)
		record.hours_s[i] = (int64_t)words[WORD_HOUR_FIRST + i];
	if (record.powered_s <= 0 || words[WORD_HOURS] > AGE_HOURS)
		return false;
	*ret = record;
	return true;
}

int age_file_open(const char *dir, int *ret_fd, struct why *why)
{
	_cleanup_(cleanup_close) int dir_fd = -1;
	_cleanup_(cleanup_close) int fd = -1;
	bool there = false;
	int r;

	r = secure_dir_open(dir, &dir_fd, why);
	if (r == 0)
		r = secure_file_check(dir_fd, dir, AGE_FILE, &there, why);
	if (r != 0)
		return fault_trace(r);
	fd = openat(dir_fd, AGE_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return answer_why(why, ANSWER_FAILED,
				  "cannot open %s/" AGE_FILE " (%m); check that the "
				  "disk is mounted read-write",
				  dir);
	if (!there && fsync(dir_fd) < 0)
		return fault_origin(-errno);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int age_file_read(int fd, struct age_record *ret)
{
	struct record_bytes bytes;
	struct age_record record;
	struct stat st;
	bool found = false;

	if (fstat(fd, &st) < 0)
		return fault_origin(-errno);
	if (st.st_size == 0)
		return ANSWER_NOT_FOUND;
	for (int place = 0; place < 2; place++) {
		/* One that cannot be read is as good as damaged. */
		if (file_pread(fd, &bytes, sizeof(bytes), place * PLACE_BYTES) < 0 ||
		    !record_unpack(&bytes, &record) || (found && record.seq < ret->seq))
			continue;
		*ret = record;
		found = true;
	}
	return found ? 0 : ANSWER_FAILED;
}

int age_file_write(int fd, struct age_record *record)
{
	struct record_bytes bytes;
	int r;

	record->seq++;
	record_pack(record, &bytes);
	r = file_pwrite(fd, &bytes, sizeof(bytes), (off_t)(record->seq % 2) * PLACE_BYTES);
	failpoint("age-written");
	if (r == 0 && fdatasync(fd) < 0)
		r = fault_origin(-errno);
	/* The next one goes to the same place: the other holds the newest that is on the disk. */
	if (r < 0)
		record->seq--;
	return fault_trace(r);
}
