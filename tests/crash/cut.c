/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the states of a disk after a power cut. It must make every state that a disk which keeps
 * its word about flushes can be in, as far as it is asked for, and none that it cannot. */

#include "cut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random >> 11;
}

static int file_map(const char *path, int protection, uint8_t **ret, size_t *ret_n)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*ret = mmap(NULL, (size_t)st.st_size + 1, protection, MAP_PRIVATE, fd, 0);
	*ret_n = (size_t)st.st_size;
	close(fd);
	return *ret == MAP_FAILED ? -errno : 0;
}

int film_read(const char *path, struct film *ret)
{
	size_t n, room = 0;
	int r = file_map(path, PROT_READ, &ret->trace, &n);

	if (r < 0)
		return r;
	for (size_t at = 0; at + sizeof(struct trace) <= n;) {
		struct step step;

		memcpy(&step.head, ret->trace + at, sizeof(step.head));
		at += sizeof(step.head);
		if (n - at < step.head.bytes)
			break;
		step.data = ret->trace + at;
		at += step.head.bytes;
		if (ret->n_steps == room) {
			room = room ? 2 * room : 1024;
			ret->steps = reallocarray(ret->steps, room, sizeof(*ret->steps));
			if (!ret->steps)
				return -ENOMEM;
		}
		ret->steps[ret->n_steps++] = step;
		ret->writes += step.head.type == TRACE_WRITE;
		ret->flushes += step.head.type == TRACE_FLUSH;
		ret->marks += step.head.type == TRACE_MARK;
	}
	return 0;
}

void film_clear(struct film *film)
{
	free(film->steps);
	free(film->cuts);
	film->steps = NULL;
	film->cuts = NULL;
}

int film_cut(struct film *film, uint64_t seed)
{
	uint64_t random = seed * 2654435761 + 88172645463325252;
	bool pending = false, marked = false;

	film->cuts = calloc(4 * film->n_steps + 1, sizeof(*film->cuts));
	if (!film->cuts)
		return -ENOMEM;
	for (size_t i = 0; i < film->n_steps; i++) {
		const struct trace *head = &film->steps[i].head;

		if (head->type == TRACE_MARK) {
			marked = true;
			continue;
		}
		/* As late as may be, so that as much as may be was acknowledged. */
		if (head->type == TRACE_FLUSH) {
			if ((pending || marked) && i > 0)
				film->cuts[film->n_cuts++] =
					(struct cut){ CUT_LOST, i - 1, next(&random) };
			pending = marked = false;
			continue;
		}
		pending = true;
		film->cuts[film->n_cuts++] = (struct cut){ CUT_KEPT, i, next(&random) };
		if (head->bytes > SECTOR_BYTES)
			film->cuts[film->n_cuts++] = (struct cut){ CUT_TORN, i, next(&random) };
		film->cuts[film->n_cuts++] = (struct cut){ CUT_MIXED, i, next(&random) };
	}
	if (film->n_steps > 0 && (pending || marked))
		film->cuts[film->n_cuts++] =
			(struct cut){ CUT_LOST, film->n_steps - 1, next(&random) };
	return 0;
}

void film_thin(struct film *film, size_t n, uint64_t seed)
{
	uint64_t random = seed * 2654435761 + 1;
	const size_t all = film->n_cuts;
	size_t left = 0;

	if (n >= all)
		return;
	for (size_t i = 0; i < n; i++) {
		const size_t from = i * all / n, to = (i + 1) * all / n;

		film->cuts[left++] = film->cuts[from + next(&random) % (to - from)];
	}
	film->n_cuts = left;
}

int disk_read(const char *path, struct disk *ret)
{
	static const uint8_t zeros[DISK_CHUNK_BYTES];
	int r = file_map(path, PROT_READ | PROT_WRITE, &ret->image, &ret->bytes);

	if (r < 0)
		return r;
	ret->done = 0;
	ret->filled = calloc(1, ret->bytes / DISK_CHUNK_BYTES / 8 + 1);
	if (!ret->filled || ret->bytes % DISK_CHUNK_BYTES != 0)
		return -ENOMEM;
	for (size_t i = 0; i < ret->bytes / DISK_CHUNK_BYTES; i++)
		if (memcmp(ret->image + i * DISK_CHUNK_BYTES, zeros, DISK_CHUNK_BYTES) != 0)
			ret->filled[i / 8] |= (uint8_t)(1 << i % 8);
	return 0;
}

static void disk_write(struct disk *disk, const struct step *step)
{
	const size_t from = step->head.offset, to = from + step->head.bytes;

	if (to > disk->bytes)
		return;
	memcpy(disk->image + from, step->data, step->head.bytes);
	for (size_t i = from / DISK_CHUNK_BYTES; i <= (to - 1) / DISK_CHUNK_BYTES; i++)
		disk->filled[i / 8] |= (uint8_t)(1 << i % 8);
}

/* One behind the newest flush up to `step`. */
static size_t durable_end(const struct film *film, size_t from, size_t step)
{
	size_t end = from;

	for (size_t i = from; i <= step; i++)
		if (film->steps[i].head.type == TRACE_FLUSH)
			end = i + 1;
	return end;
}

void disk_forward(struct disk *disk, const struct film *film, size_t step)
{
	const size_t end = durable_end(film, disk->done, step);

	for (; disk->done < end; disk->done++)
		if (film->steps[disk->done].head.type == TRACE_WRITE)
			disk_write(disk, &film->steps[disk->done]);
}

static int step_put(const struct step *step, int fd)
{
	return pwrite(fd, step->data, step->head.bytes, (off_t)step->head.offset) ==
			       (ssize_t)step->head.bytes
		       ? 0
		       : -EIO;
}

/* Superblocks are checked by a sum over more than a sector, and file systems trust the disk not to
 * tear them: ext4's is in the first block, btrfs's 64 KiB in. That is no matter of ours. */
static bool sector_is_super(uint64_t at)
{
	return at / 4096 == 0 || at / 4096 == 16;
}

/* Some sectors of a write: a beginning, an end, or any. */
static int step_tear(const struct step *step, int fd, uint64_t *random)
{
	const size_t n = step->head.bytes / SECTOR_BYTES;
	const uint64_t way = next(random) % 3, border = n > 1 ? 1 + next(random) % (n - 1) : 0;

	for (size_t i = 0; i < n; i++) {
		const uint64_t at = step->head.offset + i * SECTOR_BYTES;
		const bool any = next(random) & 1;
		bool arrives = way == 0 ? i < border : way == 1 ? i >= border : any;

		if (sector_is_super(at))
			arrives = way == 0;
		if (arrives && pwrite(fd, step->data + i * SECTOR_BYTES, SECTOR_BYTES,
				      (off_t)at) != SECTOR_BYTES)
			return -EIO;
	}
	return 0;
}

static int step_cut(const struct step *step, const struct cut *cut, bool last, int fd,
		    uint64_t *random)
{
	uint64_t fate;

	switch (cut->way) {
	case CUT_KEPT:
		return step_put(step, fd);
	case CUT_LOST:
		return 0;
	case CUT_TORN:
		return last ? step_tear(step, fd, random) : step_put(step, fd);
	case CUT_MIXED:
		fate = next(random) % 5;
		return fate < 2 ? 0 : fate < 4 ? step_put(step, fd) : step_tear(step, fd, random);
	}
	return -EINVAL;
}

int disk_cut(struct disk *disk, const struct film *film, const struct cut *cut, int fd)
{
	uint64_t random = cut->random | 1;
	int r = 0;

	disk_forward(disk, film, cut->step);
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)disk->bytes) < 0)
		return -errno;
	for (size_t i = 0; i < disk->bytes / DISK_CHUNK_BYTES; i++)
		if (disk->filled[i / 8] >> i % 8 & 1 &&
		    pwrite(fd, disk->image + i * DISK_CHUNK_BYTES, DISK_CHUNK_BYTES,
			   (off_t)i * DISK_CHUNK_BYTES) != DISK_CHUNK_BYTES)
			return -EIO;
	for (size_t i = disk->done; r == 0 && i <= cut->step; i++)
		if (film->steps[i].head.type == TRACE_WRITE)
			r = step_cut(&film->steps[i], cut, i == cut->step, fd, &random);
	return r;
}

void ledger_forward(struct ledger *ledger, const struct film *film, size_t step)
{
	ledger_clear(ledger);
	if (film->marks_before)
		ledger_read(ledger, film->marks_before);
	for (size_t i = 0; i <= step && i < film->n_steps; i++) {
		struct mark mark;

		if (film->steps[i].head.type != TRACE_MARK)
			continue;
		memcpy(&mark, film->steps[i].data, sizeof(mark));
		ledger_take(ledger, &mark);
	}
}

int film_leave(struct film *film, size_t number, const char *image, const char *to_image,
	       const char *to_marks)
{
	const struct cut *cut = &film->cuts[number % film->n_cuts];
	struct disk disk = { 0 };
	FILE *marks = fopen(to_marks, "ae");
	int fd = open(to_image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = fd < 0 || !marks ? -errno : disk_read(image, &disk);

	if (r == 0)
		r = disk_cut(&disk, film, cut, fd);
	for (size_t i = 0; r == 0 && i <= cut->step; i++)
		if (film->steps[i].head.type == TRACE_MARK &&
		    fwrite(film->steps[i].data, film->steps[i].head.bytes, 1, marks) != 1)
			r = -EIO;
	if (fd >= 0)
		close(fd);
	free(disk.filled);
	return marks && fclose(marks) == 0 ? r : -EIO;
}
