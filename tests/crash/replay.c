/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts the power at every position of a film (cut.h): makes the disk as it then is, mounts it, lets
 * the keeper start on it, and looks whether every promise holds. Must never call a state good that
 * it could not look at.
 *
 * usage: replay TRACE IMAGE FSTYPE WORK JOBS CUTS SEED RAW [MARKS]
 *        replay TRACE IMAGE leave TO-IMAGE TO-MARKS NUMBER SEED
 *
 * IMAGE: the disk when the film began, MARKS: those made before. WORK: a directory for disks. CUTS:
 * how many at most, 0 for all. RAW: 1 where nothing erased may be found anywhere on the disk (E1).
 * The keeper's directory is `state` on the disk. The last line is the sum; the exit status is 0
 * when nothing was found, 1 when something was, 2 when it could not be done.
 */

#include "cut.h"
#include "mounted.h"
#include "rig.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TELL_MAX 6

struct replay {
	struct film film;
	const char *image, *type, *work;
	unsigned jobs;
	bool raw;
};

/* Shared by the processes. */
struct sum {
	unsigned states, wrong, told, broken;
	unsigned lost, back, traces, partial, start;
};

static struct sum *sum;

static const char *const way_names[] = {
	[CUT_KEPT] = "kept", [CUT_LOST] = "lost", [CUT_TORN] = "torn", [CUT_MIXED] = "mixed",
};

/* Counts needles in the file, chunk by chunk, each read with what the longest needle needs of the
 * next. */
static size_t traces_count(int fd, const struct ledger *ledger, bool deleted, const bool *gone,
			   const struct needle **ret_first)
{
	static uint8_t buffer[(1 << 20) + LEDGER_KEY_BYTES];
	struct needle *needles;
	const size_t n = ledger_needles(ledger, deleted, gone, &needles);
	static struct needle first;
	const struct needle *found = NULL;
	size_t count = 0;
	off_t at = 0;

	while (n > 0) {
		const off_t data = lseek(fd, at, SEEK_DATA);
		ssize_t got;

		if (data < 0)
			break;
		at = data;
		got = pread(fd, buffer, sizeof(buffer), at);
		if (got <= 0)
			break;
		count += needles_count(needles, n, buffer, (size_t)got, &found);
		if (found)
			first = *found;
		at += (1 << 20);
	}
	free(needles);
	*ret_first = &first;
	return count;
}

static void traces_judge(int fd, const struct ledger *ledger, bool deleted, const char *when,
			 struct verdict *verdict)
{
	const struct needle *first;
	const size_t count = traces_count(fd, ledger, deleted, deleted ? verdict->gone : NULL,
					  &first);

	if (count == 0)
		return;
	sum->traces++;
	verdict_add(verdict, "%zu traces of what was erased %s, the first a %s of act %u; ", count,
		    when, first->what, first->entry->mark.act);
}

static void verdict_tell(const struct replay *replay, const struct cut *cut,
			 const struct verdict *verdict)
{
	sum->states++;
	if (verdict->wrong == 0)
		return;
	sum->wrong++;
	sum->lost += strstr(verdict->text, "is lost") || strstr(verdict->text, "is damaged");
	sum->back += strstr(verdict->text, "is back") != NULL;
	sum->partial += strstr(verdict->text, "finishing:") != NULL;
	sum->start += strstr(verdict->text, "does not start") || strstr(verdict->text, "died");
	if (sum->told++ < TELL_MAX)
		printf("# step %zu of %zu, %s: %s\n", cut->step, replay->film.n_steps,
		       way_names[cut->way], verdict->text);
}

static int state_judge(const struct replay *replay, const struct cut *cut, int image_fd,
		       const char *dir, struct verdict *verdict)
{
	struct ledger ledger = { 0 };
	struct mounted mounted;
	char state[300];
	int r;

	memset(verdict, 0, sizeof(*verdict));
	ledger_forward(&ledger, &replay->film, cut->step);
	if (replay->raw)
		traces_judge(image_fd, &ledger, false, "before it starts", verdict);
	r = mounted_make(image_fd, replay->type, strcmp(replay->type, "xfs") == 0 ? "nouuid" : "",
			 dir, &mounted);
	if (r == 0) {
		snprintf(state, sizeof(state), "%s/state", dir);
		r = rig_judge_apart(state, &ledger, verdict);
		if (mounted_end(&mounted) < 0)
			r = -EIO;
	} else {
		printf("# step %zu, %s: cannot be mounted: %s\n", cut->step, way_names[cut->way],
		       strerror(-r));
	}
	if (r == 0 && replay->raw)
		traces_judge(image_fd, &ledger, true, "after it finished", verdict);
	verdict_tell(replay, cut, verdict);
	free(ledger.entries);
	return r;
}

/* Every `jobs`-th state. */
static int worker_run(const struct replay *replay, unsigned number)
{
	struct verdict *verdict = verdict_shared();
	struct disk disk = { 0 };
	char path[256], dir[256];
	int fd, r;

	snprintf(path, sizeof(path), "%s/disk-%u", replay->work, number);
	snprintf(dir, sizeof(dir), "%s/mount-%u", replay->work, number);
	if (!verdict || unshare(CLONE_NEWNS) < 0 ||
	    (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && errno != EINVAL) ||
	    (mkdir(dir, 0700) < 0 && errno != EEXIST))
		return -errno;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	unlink(path);
	r = disk_read(replay->image, &disk);
	for (size_t i = number; r == 0 && i < replay->film.n_cuts; i += replay->jobs) {
		r = disk_cut(&disk, &replay->film, &replay->film.cuts[i], fd);
		if (r == 0)
			r = state_judge(replay, &replay->film.cuts[i], fd, dir, verdict);
		fflush(stdout);
	}
	rmdir(dir);
	return r;
}

static int replay_run(const struct replay *replay)
{
	fflush(stdout);
	for (unsigned i = 0; i < replay->jobs; i++) {
		const pid_t pid = fork();
		int r;

		if (pid < 0)
			return -errno;
		if (pid > 0)
			continue;
		r = worker_run(replay, i);
		if (r < 0)
			printf("# a worker ended early: %s\n", strerror(-r));
		fflush(stdout);
		_exit(r < 0);
	}
	for (unsigned i = 0; i < replay->jobs; i++) {
		int status;

		if (wait(&status) < 0 || status != 0)
			sum->broken++;
	}
	return 0;
}

/* The state of one cut, as a disk to go on from. TO-MARKS is written on. */
static int leave(char **argv)
{
	struct film film = { 0 };
	int r;

	if (film_read(argv[1], &film) < 0 || film_cut(&film, strtoull(argv[7], NULL, 10)) < 0 ||
	    film.n_cuts == 0)
		return 2;
	r = film_leave(&film, strtoul(argv[6], NULL, 10), argv[2], argv[4], argv[5]);
	film_clear(&film);
	return r < 0 ? 2 : 0;
}

int main(int argc, char **argv)
{
	struct replay replay = { 0 };
	size_t all;

	if (argc == 8 && strcmp(argv[3], "leave") == 0)
		return leave(argv);
	if (argc < 9 || argc > 10) {
		fprintf(stderr,
			"usage: replay TRACE IMAGE FSTYPE WORK JOBS CUTS SEED RAW [MARKS]\n");
		return 2;
	}
	replay.image = argv[2];
	replay.type = argv[3];
	replay.work = argv[4];
	replay.jobs = (unsigned)strtoul(argv[5], NULL, 10);
	replay.raw = strcmp(argv[8], "1") == 0;
	replay.film.marks_before = argv[9];
	sum = mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crypt_init() < 0 || sum == MAP_FAILED || film_read(argv[1], &replay.film) < 0 ||
	    film_cut(&replay.film, strtoull(argv[7], NULL, 10)) < 0)
		return 2;
	all = replay.film.n_cuts;
	if (strtoul(argv[6], NULL, 10) > 0)
		film_thin(&replay.film, strtoul(argv[6], NULL, 10), strtoull(argv[7], NULL, 10));
	if (replay_run(&replay) < 0)
		return 2;
	printf("states %u of %zu, writes %zu, flushes %zu, marks %zu; wrong %u: lost %u, back %u, "
	       "traces %u, partial %u, no start %u\n",
	       sum->states, all, replay.film.writes, replay.film.flushes, replay.film.marks,
	       sum->wrong, sum->lost, sum->back, sum->traces, sum->partial, sum->start);
	all = replay.film.n_cuts;
	film_clear(&replay.film);
	if (sum->broken > 0 || sum->states != all)
		return 2;
	return sum->wrong > 0;
}
