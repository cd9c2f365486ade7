/* SPDX-License-Identifier: Apache-2.0 */
/* Looks before anything is trusted. Never repairs: a file that others could have read or replaced
 * is a question for a person. */

#include "secure.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

int secure_dir_open(const char *dir, int *ret_fd, struct why *why)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct stat st;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return answer_why(why, ANSWER_FAILED, "cannot open the state directory %s (%m); "
				  "make it: install -d -m 0700 -o cubby -g cubby %s", dir, dir);
	if (fstat(fd, &st) < 0)
		return fault_origin(-errno);
	if (st.st_uid != geteuid())
		return answer_why(why, ANSWER_FAILED,
				  "the state directory %s belongs to uid %u, not to uid %u who "
				  "runs this; chown it",
				  dir, st.st_uid, geteuid());
	if (st.st_mode & 077)
		return answer_why(why, ANSWER_FAILED,
				  "the state directory %s is open to others (mode %04o); chmod "
				  "0700 it",
				  dir, st.st_mode & 07777);
	*ret_fd = take_fd(fd);
	return 0;
}

int secure_file_check(int dir_fd, const char *dir, const char *name, bool *ret_there,
		      struct why *why)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return fault_origin(-errno);
		*ret_there = false;
		return 0;
	}
	if (!S_ISREG(st.st_mode))
		return answer_why(why, ANSWER_FAILED,
				  "%s/%s is not a regular file (a link?); move it away",
				  dir, name);
	if (st.st_uid != geteuid())
		return answer_why(why, ANSWER_FAILED,
				  "%s/%s belongs to uid %u, not to uid %u who runs this; chown it",
				  dir, name, st.st_uid, geteuid());
	if (st.st_mode & 077)
		return answer_why(why, ANSWER_FAILED,
				  "%s/%s is open to others (mode %04o); chmod 0600 it",
				  dir, name, st.st_mode & 07777);
	if (st.st_nlink != 1)
		return answer_why(why, ANSWER_FAILED,
				  "%s/%s has %lu names; what is erased here would live on there; "
				  "remove the others",
				  dir, name, (unsigned long)st.st_nlink);
	*ret_there = true;
	return 0;
}
