/* SPDX-License-Identifier: Apache-2.0 */

/* Keeps the device key in a file that nobody else may have touched. A plain one is never left lying
 * beside a sealed one. */

#include "device_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/log.h"
#include "crypt/device.h"
#include "failpoint.h"

#define KEY_FILE "device.key"
#define KEY_FILE_NEW "device.key.new"
/* Of systemd's LoadCredentialEncrypted=. */
#define CREDENTIAL "cubby.device-key"

static int whole_read(int fd, size_t n, struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *bytes = NULL;
	int r = secret_new(n, &bytes);

	if (!r)
		r = file_pread(fd, bytes->bytes, bytes->n, 0);
	if (r)
		return fault_trace(r);
	*ret = take(bytes);
	return 0;
}

/* Who may read it is the service manager's to say: it stands for more than a mode. */
static int credential_read(struct state *state, struct why *why)
{
	_cleanup_(cleanup_close) int fd = -1;
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];
	struct stat stat;

	if (!dir || state->credential)
		return 0;
	if (snprintf(path, sizeof(path), "%s/" CREDENTIAL, dir) >= (int)sizeof(path))
		return fault_origin(-ENAMETOOLONG);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return answer_why(why, ANSWER_FAILED, "cannot read the credential %s: %s; it must "
				  "be readable for the user that runs cubbyd", path,
				  strerror(errno));
	if (fstat(fd, &stat) < 0)
		return fault_origin(-errno);
	if (stat.st_size != KEY_BYTES)
		return answer_why(why, ANSWER_FAILED, "the credential " CREDENTIAL " has %lld "
				  "bytes, not %d; put the right one back, or make one of %d random "
				  "bytes", (long long)stat.st_size, KEY_BYTES, KEY_BYTES);
	return fault_trace(whole_read(fd, KEY_BYTES, &state->credential));
}

/* What is in the file is overwritten before its name goes. */
static int file_erase(struct state *state, const char *name)
{
	static const uint8_t zeros[DEVICE_SEALED_BYTES];
	_cleanup_(cleanup_close) int fd = -1;
	struct stat stat;
	int r;

	fd = openat(state->fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fault_origin(-errno);
	if (fstat(fd, &stat) < 0)
		return fault_origin(-errno);
	r = file_pwrite(fd, zeros, MIN((size_t)stat.st_size, sizeof(zeros)), 0);
	if (r)
		return fault_trace(r);
	if (fdatasync(fd) < 0 || unlinkat(state->fd, name, 0) < 0)
		return fault_origin(-errno);
	return 0;
}

/* Aside, and synced: renamed by the caller, so that a power cut leaves a whole key or none. */
static int new_write(struct state *state, const struct secret *key)
{
	_cleanup_(cleanup_close) int fd = -1;
	uint8_t sealed[DEVICE_SEALED_BYTES];
	int r = 0;

	if (state->credential)
		r = device_seal(key, state->credential, sealed);
	if (!r)
		r = file_erase(state, KEY_FILE_NEW);
	if (r)
		return fault_trace(r);
	fd = openat(state->fd, KEY_FILE_NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_origin(-errno);
	r = state->credential ? file_write(fd, sealed, sizeof(sealed)) :
				file_write(fd, key->bytes, key->n);
	if (r)
		return fault_trace(r);
	failpoint("device-key-written");
	if (fsync(fd) < 0)
		return fault_origin(-errno);
	failpoint("device-key-synced");
	return 0;
}

static int key_make(struct state *state, struct secret **ret)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	int r;

	r = secret_random(KEY_BYTES, &key);
	if (!r)
		r = new_write(state, key);
	if (r)
		return fault_trace(r);
	if (renameat(state->fd, KEY_FILE_NEW, state->fd, KEY_FILE) < 0)
		return fault_origin(-errno);
	failpoint("device-key-renamed");
	if (fsync(state->fd) < 0)
		return fault_origin(-errno);
	*ret = take(key);
	return 0;
}

/* The two change names, so that the plain one can be found and overwritten by the next start if
 * this one is cut off. */
static int key_seal(struct state *state, const struct secret *key)
{
	int r = new_write(state, key);

	if (r)
		return fault_trace(r);
	if (renameat2(state->fd, KEY_FILE_NEW, state->fd, KEY_FILE, RENAME_EXCHANGE) < 0 ||
	    fsync(state->fd) < 0)
		return fault_origin(-errno);
	failpoint("device-key-exchanged");
	r = file_erase(state, KEY_FILE_NEW);
	if (r)
		return fault_trace(r);
	log_info("%s/" KEY_FILE " is sealed with the credential " CREDENTIAL " from now on",
		 state->path);
	return 0;
}

static int sealed_open(struct state *state, const struct secret *sealed, struct secret **ret,
		       struct why *why)
{
	int r;

	if (!state->credential)
		return answer_why(why, ANSWER_FAILED, "%s/" KEY_FILE " is sealed with the "
				  "credential " CREDENTIAL ", and there is none: start cubbyd by "
				  "the service that has it. If it is lost, remove the file to get "
				  "a new key (clients will then ask whether they trust it)",
				  state->path);
	r = device_unseal(sealed->bytes, state->credential, ret);
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(why, ANSWER_FAILED, "%s/" KEY_FILE " is not sealed with this "
				  "credential " CREDENTIAL ", or it was changed; put back the one "
				  "it was sealed with, or remove the file to get a new key "
				  "(clients will then ask whether they trust it)", state->path);
	return fault_trace(r);
}

static int key_read(struct state *state, int fd, struct secret **ret, struct why *why)
{
	_cleanup_(secret_freep) struct secret *held = NULL;
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
	if (stat.st_size != KEY_BYTES && stat.st_size != DEVICE_SEALED_BYTES)
		return answer_why(why, ANSWER_FAILED, "%s/" KEY_FILE " has %lld bytes, not %d; put "
				  "the right one back from a backup, or remove it to get a new one "
				  "(clients will then ask whether they trust the new key)",
				  state->path, (long long)stat.st_size, KEY_BYTES);
	r = whole_read(fd, (size_t)stat.st_size, &held);
	if (r)
		return fault_trace(r);
	if (held->n == DEVICE_SEALED_BYTES)
		return sealed_open(state, held, ret, why);
	if (state->credential)
		r = key_seal(state, held);
	if (r)
		return fault_trace(r);
	*ret = take(held);
	return 0;
}

int device_file_open(struct state *state, struct secret **ret, bool *ret_made, struct why *why)
{
	_cleanup_(cleanup_close) int fd = -1;
	int r;

	r = credential_read(state, why);
	if (!r)
		r = file_erase(state, KEY_FILE_NEW);
	if (r)
		return fault_trace(r);
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

int device_file_erase(struct state *state)
{
	return fault_trace(file_erase(state, KEY_FILE));
}

/* The old key is no more before there is a new one: what it could open or sign is of a household
 * that is erased. */
int device_file_renew(struct state *state, struct secret **ret)
{
	int r = device_file_erase(state);

	failpoint("device-key-overwritten");
	return fault_trace(r ? r : key_make(state, ret));
}
