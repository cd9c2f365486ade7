/* SPDX-License-Identifier: Apache-2.0 */

/* Secures the state directory before anything in it is read. A directory or key that others could
 * have touched is refused, never repaired into trust. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include "base/file.h"
#include "failpoint.h"
#include "state.h"

#define KEY_FILE "device.key"
#define KEY_FILE_NEW "device.key.new"

static int state_secure(struct state *state, struct why *why)
{
	struct statvfs fs;
	struct stat stat;

	if (fstatvfs(state->fd, &fs) < 0)
		return fault_origin(-errno);
	if (fs.f_flag & ST_RDONLY)
		return answer_why(why, ANSWER_FAILED,
				  "%s is on a file system that is mounted read-only; nothing could "
				  "be kept or erased there: mount it read-write, and if the kernel "
				  "made it so look for a damaged disk", state->path);
	if (fstat(state->fd, &stat) < 0)
		return fault_origin(-errno);
	if (stat.st_uid != geteuid())
		return answer_why(why, ANSWER_FAILED,
				  "%s belongs to uid %u, but the keeper runs as uid %u; start "
				  "cubbyd as its owner, or change the owner with chown -R",
				  state->path, stat.st_uid, geteuid());
	/* Not closed here: it may be a directory that others live in, named by mistake. */
	if (stat.st_mode & 07077)
		return answer_why(why, ANSWER_FAILED,
				  "%s is open to others (mode %04o); if it is the keeper's alone, "
				  "close it with: chmod 0700 %s",
				  state->path, stat.st_mode & 07777, state->path);
	return 0;
}

int state_open(const char *path, struct state **ret, struct why *why)
{
	_cleanup_(state_freep) struct state *state = calloc(1, sizeof(*state));
	int r;

	if (!state)
		return fault_origin(-ENOMEM);
	state->fd = -1;
	state->path = strdup(path);
	if (!state->path)
		return fault_origin(-ENOMEM);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return answer_why(why, ANSWER_FAILED,
				  "cannot make the state directory %s: %s; make it for the user "
				  "that runs cubbyd, with mode 0700",
				  path, strerror(errno));
	state->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (state->fd < 0)
		return answer_why(why, ANSWER_FAILED,
				  "cannot use %s as state directory: %s; it must be a directory, "
				  "not a link, readable for the user that runs cubbyd",
				  path, strerror(errno));
	r = state_secure(state, why);
	if (r)
		return r;
	/* A file that an earlier start made and could not sync is there for good from here on. */
	if (fsync(state->fd) < 0)
		return answer_why(why, ANSWER_FAILED,
				  "cannot sync the state directory %s: %s; check the disk", path,
				  strerror(errno));
	*ret = take(state);
	return 0;
}

struct state *state_free(struct state *state)
{
	if (!state)
		return NULL;
	cleanup_close(&state->fd);
	free(state->path);
	free(state);
	return NULL;
}

/* Written aside and renamed when synced, so that a power cut leaves a whole key or none. */
static int key_make(struct state *state, struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	int r;

	r = secret_random(KEY_BYTES, &key);
	if (r)
		return fault_trace(r);
	if (unlinkat(state->fd, KEY_FILE_NEW, 0) < 0 && errno != ENOENT)
		return fault_origin(-errno);
	fd = openat(state->fd, KEY_FILE_NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_origin(-errno);
	r = file_write(fd, key->bytes, key->n);
	if (r)
		return fault_trace(r);
	failpoint("device-key-written");
	if (fsync(fd) < 0)
		return fault_origin(-errno);
	failpoint("device-key-synced");
	if (renameat(state->fd, KEY_FILE_NEW, state->fd, KEY_FILE) < 0)
		return fault_origin(-errno);
	failpoint("device-key-renamed");
	if (fsync(state->fd) < 0)
		return fault_origin(-errno);
	*ret = take(key);
	return 0;
}

static int key_read(struct state *state, int fd, struct secret **ret, struct why *why)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	struct stat stat;
	int r;

	if (fstat(fd, &stat) < 0)
		return fault_origin(-errno);
	if (!S_ISREG(stat.st_mode) || stat.st_uid != geteuid() || stat.st_mode & 07077 ||
	    stat.st_nlink != 1)
		return answer_why(why, ANSWER_FAILED,
				  "%s/" KEY_FILE " could have been read by others "
				  "(uid %u, mode %04o); it must be a plain file of uid %u with "
				  "mode 0600. If nobody else had it, correct owner and mode",
				  state->path, stat.st_uid, stat.st_mode & 07777, geteuid());
	if (stat.st_size != KEY_BYTES)
		return answer_why(why, ANSWER_FAILED, "%s/" KEY_FILE " has %lld bytes, not %d; put "
				  "the right one back from a backup, or remove it to get a new one "
				  "(clients will then ask whether they trust the new key)",
				  state->path, (long long)stat.st_size, KEY_BYTES);
	r = secret_new(KEY_BYTES, &key);
	if (r)
		return fault_trace(r);
	r = file_pread(fd, key->bytes, key->n, 0);
	if (r)
		return fault_trace(r);
	*ret = take(key);
	return 0;
}

int state_device_key(struct state *state, struct secret **ret, bool *ret_made, struct why *why)
{
	_cleanup_(cleanup_close) int fd = -1;
	int r;

	fd = openat(state->fd, KEY_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		r = key_make(state, ret);
		if (r)
			return fault_trace(r);
		*ret_made = true;
		return 0;
	}
	if (fd < 0)
		return answer_why(why, ANSWER_FAILED,
				  "cannot read %s/" KEY_FILE ": %s; it must be a "
				  "plain file of the user that runs cubbyd, with mode 0600",
				  state->path, strerror(errno));
	r = key_read(state, fd, ret, why);
	if (r)
		return r;
	*ret_made = false;
	return 0;
}

/* The old key is no more before there is a new one: what it could open or sign is of a household
 * that is erased. A file of zeros would be taken for a key, so it goes at once. */
int state_device_key_erase(struct state *state)
{
	static const uint8_t zeros[KEY_BYTES];
	_cleanup_(cleanup_close) int fd = -1;
	int r = 0;

	fd = openat(state->fd, KEY_FILE, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return fault_origin(-errno);
	if (fd >= 0)
		r = file_pwrite(fd, zeros, sizeof(zeros), 0);
	if (r)
		return fault_trace(r);
	if (fd >= 0 && (fdatasync(fd) < 0 || unlinkat(state->fd, KEY_FILE, 0) < 0))
		return fault_origin(-errno);
	return 0;
}

int state_device_key_renew(struct state *state, struct secret **ret)
{
	int r = state_device_key_erase(state);

	failpoint("device-key-overwritten");
	return fault_trace(r ? r : key_make(state, ret));
}
