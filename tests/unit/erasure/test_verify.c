/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier alone, against files made by hand: it believes nothing. And the level of a storage.
 */

#include "room.h"

#include <fcntl.h>

#include "crypt/secret.h"
#include "level.h"
#include "print.h"
#include "verify.h"

#define DB_BYTES (3 << 20)
#define BASE (UINT64_C(0x9e3779b97f4a7c15) | 1)

static uint8_t *db;

/* The kernel's advice, counted; the one numbered `advice_fails` is not taken. */
static unsigned advices, advice_fails;

/* By the name the C library has for it where offsets are 64 bits wide, and by the other. */
int __real_posix_fadvise(int fd, off_t at, off_t n, int advice);
int __real_posix_fadvise64(int fd, off_t at, off_t n, int advice);
int __wrap_posix_fadvise(int fd, off_t at, off_t n, int advice);
int __wrap_posix_fadvise64(int fd, off_t at, off_t n, int advice);

int __wrap_posix_fadvise(int fd, off_t at, off_t n, int advice)
{
	assert_int_equal(advice, POSIX_FADV_DONTNEED);
	return ++advices == advice_fails ? EIO : __real_posix_fadvise(fd, at, n, advice);
}

int __wrap_posix_fadvise64(int fd, off_t at, off_t n, int advice)
{
	assert_int_equal(advice, POSIX_FADV_DONTNEED);
	return ++advices == advice_fails ? EIO : __real_posix_fadvise64(fd, at, n, advice);
}

/* Of the reads of a verifier at work, the one numbered `read_fails` does. */
static unsigned reads, read_fails;
static bool reading;

ssize_t __real_pread(int fd, void *buffer, size_t n, off_t at);
ssize_t __real_pread64(int fd, void *buffer, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *buffer, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *buffer, size_t n, off_t at);

static bool read_fails_now(void)
{
	if (!reading || ++reads != read_fails)
		return false;
	errno = EIO;
	return true;
}

ssize_t __wrap_pread(int fd, void *buffer, size_t n, off_t at)
{
	return read_fails_now() ? -1 : __real_pread(fd, buffer, n, at);
}

ssize_t __wrap_pread64(int fd, void *buffer, size_t n, off_t at)
{
	return read_fails_now() ? -1 : __real_pread64(fd, buffer, n, at);
}

static int start(void **state)
{
	const struct room *room;
	uint8_t slots[2 * 4096] = { 0 };

	if (crypt_init() < 0 || room_make(state) != 0)
		return -1;
	room = *state;
	db = malloc(DB_BYTES);
	crypt_random(db, DB_BYTES);
	memcpy(db, "SQLite format 3", 16);
	room_write(room, "cubby.db", 0, db, DB_BYTES);
	room_write(room, "slots.bin", 0, slots, sizeof(slots));
	return 0;
}

static int stop(void **state)
{
	free(db);
	return room_drop(state);
}

static int verified(struct room *room, uint32_t slot, const uint8_t *wanted)
{
	_cleanup_(verify_freep) struct verify *verify = NULL;
	uint32_t *slots = malloc(sizeof(*slots));
	uint64_t *prints = malloc(2 * sizeof(*prints));
	uint8_t elsewhere[PRINT_BYTES];
	int r;

	slots[0] = slot;
	crypt_random(elsewhere, sizeof(elsewhere));
	prints[0] = print_of(elsewhere, BASE);
	prints[1] = print_of(wanted, BASE);
	room->why.text[0] = '\0';
	assert_int_equal(verify_new(room->dir, &verify), 0);
	assert_int_equal(verify_begin(verify, slots, 1, prints, 2, BASE), 0);
	reading = true;
	while ((r = verify_slice(verify, &room->why)) == VERIFY_MORE)
		;
	reading = false;
	return r;
}

static void test_finds_bytes_wherever_they_are(void **state)
{
	static const size_t places[] = { 16,
					 17,
					 4096 - 8,
					 262144 - 3,
					 (1 << 20) - 15,
					 (1 << 20) - 1,
					 1 << 20,
					 (2 << 20) - 7,
					 DB_BYTES - 17,
					 DB_BYTES - 16 };
	struct room *room = *state;
	uint8_t absent[PRINT_BYTES];

	crypt_random(absent, sizeof(absent));
	assert_int_equal(verified(room, 5, absent), 0);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		assert_answer(verified(room, 5, db + places[i]), ANSWER_FAILED, room->why);
		assert_non_null(strstr(room->why.text, "cubby.db"));
	}
	for (int i = 0; i < 200; i++) {
		size_t place;

		crypt_random(&place, sizeof(place));
		place = 16 + place % (DB_BYTES - 32);
		assert_int_equal(verified(room, 5, db + place), ANSWER_FAILED);
	}
}

static void test_finds_bytes_in_a_log(void **state)
{
	static const char *const logs[] = { "cubby.db-wal", "cubby.db-journal" };
	struct room *room = *state;
	uint8_t wanted[PRINT_BYTES];
	char path[320];

	crypt_random(wanted, sizeof(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		room_write(room, logs[i], 0, "something else", 14);
		assert_int_equal(verified(room, 5, wanted), 0);
		room_write(room, logs[i], 5, wanted, PRINT_BYTES);
		assert_answer(verified(room, 5, wanted), ANSWER_FAILED, room->why);
		assert_non_null(strstr(room->why.text, logs[i]));
		unlink(room_path(room, logs[i], path));
	}
}

static void test_a_slot_must_be_zero_and_there(void **state)
{
	struct room *room = *state;
	uint8_t absent[PRINT_BYTES];

	crypt_random(absent, sizeof(absent));
	assert_int_equal(verified(room, 126, absent), 0);
	room_write(room, "slots.bin", 4096 - 1, "x", 1);	/* the last byte of slot 126 */
	assert_answer(verified(room, 126, absent), ANSWER_FAILED, room->why);
	assert_non_null(strstr(room->why.text, "still holds a key"));
	assert_int_equal(verified(room, 125, absent), 0);
	assert_int_equal(verified(room, 127, absent), 0);
	room_write(room, "slots.bin", 4096 + 32, "x", 1);	/* the first of slot 127 */
	assert_int_equal(verified(room, 127, absent), ANSWER_FAILED);
	assert_answer(verified(room, 254, absent), ANSWER_FAILED, room->why);
	assert_non_null(strstr(room->why.text, "cannot be read back"));
}

/* The page cache may hold zeros where the disk does not. */
static void test_r8_what_cannot_be_read_from_the_disk_is_not_gone(void **state)
{
	static const char *const stores[] = { "slots.bin", "cubby.db", "cubby.db-wal" };
	struct room *room = *state;
	uint8_t absent[PRINT_BYTES];
	char path[320];

	crypt_random(absent, sizeof(absent));
	room_write(room, "cubby.db-wal", 0, "something else", 14);
	advices = 0;
	assert_int_equal(verified(room, 5, absent), 0);
	assert_int_equal(advices, ARRAY_SIZE(stores));
	for (unsigned i = 0; i < ARRAY_SIZE(stores); i++) {
		advices = 0;
		advice_fails = i + 1;
		assert_answer(verified(room, 5, absent), ANSWER_FAILED, room->why);
		assert_non_null(strstr(room->why.text, stores[i]));
		assert_non_null(strstr(room->why.text, "disk itself"));
	}
	advice_fails = 0;
	unlink(room_path(room, "cubby.db-wal", path));
}

static void test_r8_what_cannot_be_read_at_all_is_not_gone(void **state)
{
	struct room *room = *state;
	uint8_t absent[PRINT_BYTES];
	unsigned all;

	crypt_random(absent, sizeof(absent));
	reads = 0;
	assert_int_equal(verified(room, 5, absent), 0);
	all = reads;
	assert_true(all > 3);
	for (read_fails = 1; read_fails <= all; read_fails++) {
		reads = 0;
		assert_answer(verified(room, 5, absent), ANSWER_FAILED, room->why);
		assert_non_null(strstr(room->why.text, "cannot be read back"));
	}
	read_fails = 0;
}

static void test_blind_eyes_are_not_believed(void **state)
{
	struct room *room = *state;
	uint8_t absent[PRINT_BYTES];

	crypt_random(absent, sizeof(absent));
	room_write(room, "cubby.db", 3, "X", 1);
	assert_answer(verified(room, 5, absent), ANSWER_FAILED, room->why);
	assert_non_null(strstr(room->why.text, "not believed"));
}

static void test_unknown_storage_is_e0(void **state)
{
	assert_int_equal(level_find("/proc/self/status"), LEVEL_E0);
	assert_int_equal(level_find("/dev/null"), LEVEL_E0);
	assert_int_equal(level_find("/nowhere"), LEVEL_E0);
	assert_int_equal(level_find("/"), LEVEL_E0);	/* no file */
	assert_string_equal(level_name(LEVEL_E2), "E2");
}

/* Only what is known to rewrite in place is more than E0. */
static void test_r9_level_of_a_device(void **state)
{
	static const struct {
		const char *place;
		char rotational;
		enum level level;
	} cases[] = {
		{ "../../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda",
		  '1', LEVEL_E1 },
		{ "../../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/"
		  "sda2", '0', LEVEL_E2 },
		{ "../../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda",
		  0, LEVEL_E0 },
		{ "../../devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/"
		  "6:0:0:0/block/sdb/sdb1", '1', LEVEL_E2 },
		{ "../../devices/platform/emmc2bus/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa/block/"
		  "mmcblk0/mmcblk0p2", '0', LEVEL_E2 },
		{ "../../devices/pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0/block/nvme0n1",
		  '0', LEVEL_E2 },
		/* A snapshot, a file, a cache, a volume of ZFS, or an array may lie below. */
		{ "../../devices/virtual/block/dm-0", '1', LEVEL_E0 },
		{ "../../devices/virtual/block/loop3", '1', LEVEL_E0 },
		{ "../../devices/virtual/block/bcache0", '1', LEVEL_E0 },
		{ "../../devices/virtual/block/zd16", '0', LEVEL_E0 },
		{ "../../devices/virtual/block/md127", '1', LEVEL_E0 },
		/* On the block device that this kernel shows; its host is asked by nobody. */
		{ "../../devices/pci0000:00/0000:00:02.0/virtio1/block/vda", '1', LEVEL_E1 },
		{ "../../devices/pci0000:00/0000:00:05.0/virtio2/host2/target2:0:0/2:0:0:0/block/"
		  "sda", '1', LEVEL_E1 },
		{ "../../devices/vbd-51712/block/xvda", '1', LEVEL_E0 },
		{ "../../devices/something/new0", '1', LEVEL_E0 },
		{ "", '1', LEVEL_E0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (level_of_device(cases[i].place, cases[i].rotational) != cases[i].level)
			fail_msg("%s", cases[i].place);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(test_finds_bytes_wherever_they_are),
		TEST(test_finds_bytes_in_a_log),
		TEST(test_a_slot_must_be_zero_and_there),
		TEST(test_r8_what_cannot_be_read_from_the_disk_is_not_gone),
		TEST(test_r8_what_cannot_be_read_at_all_is_not_gone),
		TEST(test_blind_eyes_are_not_believed),
		TEST(test_unknown_storage_is_e0),
		TEST(test_r9_level_of_a_device),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
