/* SPDX-License-Identifier: Apache-2.0 */
/* Laid under a real cubbyd with LD_PRELOAD: makes the disk fail at a chosen call, and sets the
 * clock. Told what to do through a file that the test maps, too (shim.py). It never writes a byte
 * by itself, and passes on every call that it was not told to fail. */

/* Both names of each call are laid over. */
#undef _FILE_OFFSET_BITS

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* As shim.py has it. */
enum shim_file {
	FILE_SLOTS = 1,
	FILE_DB = 2,
	FILE_LOG = 4,
	FILE_CLOCK = 8,
	FILE_KEY = 16,
	FILE_RESERVE = 32,
	FILE_DIRECTORY = 64,
};
enum shim_call {
	CALL_WRITE = 1,
	CALL_SYNC = 2,
	CALL_TRUNCATE = 4,
	CALL_ALLOCATE = 8,
	CALL_OPEN = 16,
	CALL_READ = 32,
	CALL_OPEN_READ = 64,
	CALL_LIST = 128,	/* what is there, and what it is */
};

struct control {
	uint32_t files, calls;
	int32_t until;		/* calls that still pass; -1: all do */
	uint32_t error;		/* 0: a half of what was to be read or written is */
	uint32_t once;		/* 0: that one, and all after it */
	uint32_t failed;
	int64_t boot_ns, wall_ns;	/* the clocks are ahead by these */
};

#define FDS 1024

static volatile struct control nobody = { .until = -1 };
static volatile struct control *control = &nobody;
static uint8_t file_of[FDS];

#define NEXT(name) \
	static __typeof__(&name) real; \
	if (!real) \
		real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static __attribute__((constructor)) void begin(void)
{
	const char *path = getenv("CUBBY_SHIM");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		abort();
	close(fd);
	control = map;
}

static uint8_t file_from(const char *path)
{
	static const struct {
		const char *name;
		uint8_t file;
	} files[] = {
		{ "slots.bin", FILE_SLOTS }, { "cubby.db", FILE_DB }, { "cubby.db-wal", FILE_LOG },
		{ "clock", FILE_CLOCK }, { "device.key", FILE_KEY }, { "device.key.new", FILE_KEY },
		{ "reserve.bin", FILE_RESERVE }, { "state", FILE_DIRECTORY },
		{ ".", FILE_DIRECTORY },
	};
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(slash ? slash + 1 : path, files[i].name) == 0)
			return files[i].file;
	return 0;
}

static bool fails(uint8_t file, unsigned call)
{
	if (control->until < 0 || !(control->files & file) || !(control->calls & call))
		return false;
	if (control->until > 0) {
		control->until--;
		return false;
	}
	if (control->once)
		control->until = -1;
	control->failed++;
	errno = (int)control->error;
	return true;
}

static bool fd_fails(int fd, unsigned call)
{
	return fd >= 0 && fd < FDS && fails(file_of[fd], call);
}

static int opened(int fd, uint8_t file)
{
	if (fd >= 0 && fd < FDS)
		file_of[fd] = file;
	return fd;
}

/* Reading only: passes a disk that takes no write. */
static bool open_fails(uint8_t file, int flags)
{
	return fails(file, (flags & O_ACCMODE) != O_RDONLY ? CALL_OPEN : CALL_OPEN_READ);
}

#define MODE_TAKE(flags) \
	mode_t mode = 0; \
	if ((flags) & (O_CREAT | O_TMPFILE)) { \
		va_list arguments; \
		va_start(arguments, flags); \
		mode = va_arg(arguments, mode_t); \
		va_end(arguments); \
	}

#pragma GCC visibility push(default)

#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		const uint8_t file = file_from(path); \
		MODE_TAKE(flags) \
		NEXT(name); \
		return open_fails(file, flags) ? -1 : opened(real(path, flags, mode), file); \
	}
#define OPENAT(name) \
	int name(int at, const char *path, int flags, ...) \
	{ \
		const uint8_t file = file_from(path); \
		MODE_TAKE(flags) \
		NEXT(name); \
		return open_fails(file, flags) ? -1 : opened(real(at, path, flags, mode), file); \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

#define PASS(call, type, name, parameters, ...) \
	type name parameters \
	{ \
		NEXT(name); \
		return fd_fails(fd, call) ? -1 : real(__VA_ARGS__); \
	}
/* Without an error it is not refused, but does a half of it. */
#define PASS_BYTES(call, name, parameters, ...) \
	ssize_t name parameters \
	{ \
		NEXT(name); \
		if (fd_fails(fd, call)) { \
			if (control->error) \
				return -1; \
			n = (n + 1) / 2; \
		} \
		return real(__VA_ARGS__); \
	}
PASS_BYTES(CALL_WRITE, pwrite, (int fd, const void *bytes, size_t n, off_t at), fd, bytes, n, at)
PASS_BYTES(CALL_WRITE, pwrite64, (int fd, const void *bytes, size_t n, off64_t at), fd, bytes, n,
	   at)
PASS_BYTES(CALL_WRITE, write, (int fd, const void *bytes, size_t n), fd, bytes, n)
PASS_BYTES(CALL_READ, pread, (int fd, void *bytes, size_t n, off_t at), fd, bytes, n, at)
PASS_BYTES(CALL_READ, pread64, (int fd, void *bytes, size_t n, off64_t at), fd, bytes, n, at)
PASS(CALL_SYNC, int, fsync, (int fd), fd)
PASS(CALL_SYNC, int, fdatasync, (int fd), fd)
PASS(CALL_TRUNCATE, int, ftruncate, (int fd, off_t size), fd, size)
PASS(CALL_TRUNCATE, int, ftruncate64, (int fd, off64_t size), fd, size)

/* These two return the error. */
int posix_fallocate(int fd, off_t at, off_t n)
{
	NEXT(posix_fallocate);
	return fd_fails(fd, CALL_ALLOCATE) ? (int)control->error : real(fd, at, n);
}

int posix_fallocate64(int fd, off64_t at, off64_t n)
{
	NEXT(posix_fallocate64);
	return fd_fails(fd, CALL_ALLOCATE) ? (int)control->error : real(fd, at, n);
}

#define LIST(name, entry) \
	struct entry *name(DIR *dir) \
	{ \
		NEXT(name); \
		return fd_fails(dirfd(dir), CALL_LIST) ? NULL : real(dir); \
	}
LIST(readdir, dirent)
LIST(readdir64, dirent64)

#define ASK(name, status) \
	int name(int at, const char *path, struct status *ret, int flags) \
	{ \
		NEXT(name); \
		return fails(file_from(path), CALL_LIST) ? -1 : real(at, path, ret, flags); \
	}
ASK(fstatat, stat)
ASK(fstatat64, stat64)

int close(int fd)
{
	NEXT(close);
	opened(fd, 0);
	return real(fd);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int64_t ns = 0;
	int r;

	NEXT(clock_gettime);
	r = real(clock, ret);
	if (clock == CLOCK_REALTIME)
		ns = control->wall_ns;
	else if (clock == CLOCK_BOOTTIME || clock == CLOCK_MONOTONIC)
		ns = control->boot_ns;
	if (r != 0 || ns == 0)
		return r;
	ns += (int64_t)ret->tv_sec * 1000000000 + ret->tv_nsec;
	ret->tv_sec = ns / 1000000000;
	ret->tv_nsec = ns % 1000000000;
	return 0;
}

#pragma GCC visibility pop
