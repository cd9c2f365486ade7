/* SPDX-License-Identifier: Apache-2.0 */

/* Secures the state directory before anything in it is read. A directory that others could
 * have touched is refused, never repaired into trust. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include "state.h"

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
	secret_free(state->credential);
	free(state->path);
	free(state);
	return NULL;
}
