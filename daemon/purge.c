/* SPDX-License-Identifier: Apache-2.0 */

/* Ends a keeper. A file goes only after the verifier has read the stores back: until then it is
 * what tells the next try what there is to erase. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "device_file.h"
#include "purge.h"
#include "stores.h"

static int everything_erase(struct erasure *erasure, struct erasure_job **ret, struct why *why)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	const struct archive_selection everything = {.all = true};
	uint64_t items, partial;
	int64_t number;
	int r;

	r = erasure_ask(erasure, ERASURE_RESET, &everything, -1, NULL, &number, &items, why);
	if (!r)
		r = erasure_finish(erasure, &partial);
	if (!r)
		r = erasure_find(erasure, number, &job);
	if (r)
		return fault_trace(r);
	if (job->state != ERASURE_DONE)
		return answer_why(why, ANSWER_FAILED, "only partly erased, so nothing was removed: "
				  "%s; set that right and purge again", job->problem);
	*ret = take(job);
	return 0;
}

static int files_remove(int dir_fd)
{
	for (size_t i = 0; i < stores_files_n; i++)
		if (unlinkat(dir_fd, stores_files[i].name, 0) < 0 && errno != ENOENT)
			return fault_origin(-errno);
	return fsync(dir_fd) < 0 ? fault_origin(-errno) : 0;
}

int keeper_purge(struct keeper *keeper, struct erasure_job **ret_job, const char **ret_level,
		 struct why *why)
{
	_cleanup_(erasure_job_freep) struct erasure_job *job = NULL;
	_cleanup_(cleanup_close) int dir_fd = fcntl(keeper->state->fd, F_DUPFD_CLOEXEC, 0);
	const char *level = erasure_level(keeper->erasure);
	int r = dir_fd < 0 ? fault_origin(-errno) : 0;

	if (!r)
		r = everything_erase(keeper->erasure, &job, why);
	/* What it signed with to the end. */
	if (!r)
		r = device_file_erase(keeper->state);
	/* Closing writes for a last time. */
	keeper_free(keeper);
	if (!r)
		r = files_remove(dir_fd);
	if (r)
		return fault_trace(r);
	*ret_level = level;
	*ret_job = take(job);
	return 0;
}
