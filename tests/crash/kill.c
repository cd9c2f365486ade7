/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9: a keeper at work is killed again and again, at random moments and at every failpoint its
 * work passes, now and then while it recovers from the last time; each time everything it had
 * promised must hold. Must never go on from a state that was not judged.
 *
 * usage: kill DIR KILLS SEED
 *
 * DIR is emptied every now and then. The last line is the sum; the exit status is 0 when nothing
 * was found, 1 when something was, 2 when it could not be done.
 */

#include "play.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS_A_LIFE 60
#define LETTERS_A_ROUND 8
#define POINTS_MAX 64
#define PASSES_MAX 6
#define RANDOM_US 20000
#define TELL_MAX 6
/* Everything once, so that every failpoint is passed. */
#define BEGINNING "gnnaacklslk"
#define REST_OF_DAY "gacdtwerpnkepkdr"
#define WHOLE_DAY BEGINNING REST_OF_DAY

struct point {
	char name[48];
	unsigned passes;	/* in a whole day */
	bool struck;
};

struct points {
	struct point list[POINTS_MAX];
	unsigned n;
};

struct killing {
	const char *dir;
	char state[300], marks[300];
	struct verdict *verdict;
	struct ledger ledger;
	struct play play;	/* only marks and chooses; the work is done by other processes */
	struct points points;
	unsigned rounds, killed, at_points, recovering, wrong;
	unsigned lasts;		/* rounds of this life to come */
};

static void directory_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static int life_begin(struct killing *killing)
{
	directory_empty(killing->state);
	if (killing->play.marks_fd >= 0)
		close(killing->play.marks_fd);
	killing->play.marks_fd = open(killing->marks,
				      O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	ledger_clear(&killing->ledger);
	killing->lasts = ROUNDS_A_LIFE;
	return killing->play.marks_fd < 0 ? -errno : 0;
}

/* Never returns. Answers are no faults here: what was chosen may have expired. */
static void work(struct killing *killing, const char *letters, const char *point)
{
	static struct rig rig;
	uint64_t partial;
	int r;

	if (point)
		setenv("CUBBY_FAILPOINT", point, 1);
	if ((!point || strcmp(point, "trace") != 0) && !freopen("/dev/null", "w", stderr))
		_exit(1);
	killing->play.rig = &rig;
	r = rig_open(&rig, killing->state, killing->ledger.wall_s);
	if (r == 0)
		r = erasure_finish(rig.erasure, &partial);
	for (; r >= 0 && *letters; letters++)
		r = play_letter(&killing->play, *letters);
	if (r >= 0)
		rig_shut(&rig);
	_exit(r < 0 ? 3 : 0);
}

/* Works in another process and kills it, unless it is done before. *ret_killed: it was. */
static int work_killed(struct killing *killing, const char *letters, const char *point,
		       uint64_t after_us, bool *ret_killed)
{
	const pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		work(killing, letters, point);
	if (!point) {
		usleep((useconds_t)after_us);
		kill(pid, SIGKILL);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	*ret_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	if (!*ret_killed && status != 0)
		verdict_add(killing->verdict, "the keeper failed at work (status %x); ", status);
	return 0;
}

/* Failpoints that a whole day passes, and how often. */
static int points_find(struct killing *killing)
{
	struct points *points = &killing->points;
	char line[128], name[48];
	int ends[2], status;
	FILE *file;
	pid_t pid;

	if (pipe(ends) < 0 || (pid = fork()) < 0)
		return -errno;
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		work(killing, WHOLE_DAY, "trace");
	}
	close(ends[1]);
	file = fdopen(ends[0], "r");
	while (file && fgets(line, sizeof(line), file)) {
		unsigned i = 0;

		if (sscanf(line, "failpoint %47s", name) != 1)
			continue;
		while (i < points->n && strcmp(points->list[i].name, name) != 0)
			i++;
		if (i == POINTS_MAX)
			return -E2BIG;
		if (i == points->n)
			strcpy(points->list[points->n++].name, name);
		points->list[i].passes++;
	}
	if (file)
		fclose(file);
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		return -EIO;
	return points->n > 0 ? 0 : -ENOENT;
}

/* In every file of the keeper. */
static void traces_judge(struct killing *killing)
{
	struct needle *needles;
	const size_t n = ledger_needles(&killing->ledger, true, killing->verdict->gone, &needles);
	DIR *dir = opendir(killing->state);
	struct dirent *entry;

	while (dir && n > 0 && (entry = readdir(dir))) {
		const int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		const struct needle *first = NULL;
		struct stat st;
		uint8_t *bytes;
		size_t count;

		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
			bytes = malloc((size_t)st.st_size);
			if (!bytes || read(fd, bytes, (size_t)st.st_size) != st.st_size)
				abort();
			count = needles_count(needles, n, bytes, (size_t)st.st_size, &first);
			if (count > 0)
				verdict_add(killing->verdict, "%zu traces in %s, the first a %s; ",
					    count, entry->d_name, first->what);
			free(bytes);
		}
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
	free(needles);
}

static int round_judge(struct killing *killing, const char *how)
{
	int r;

	ledger_read(&killing->ledger, killing->marks);
	r = rig_judge_apart(killing->state, &killing->ledger, killing->verdict);
	if (r < 0)
		return r;
	traces_judge(killing);
	play_settle(&killing->play, killing->verdict);
	killing->rounds++;
	if (killing->verdict->wrong == 0)
		return 0;
	if (killing->wrong++ < TELL_MAX)
		printf("# round %u, %s: %s\n", killing->rounds, how, killing->verdict->text);
	fflush(stdout);
	/* What is wrong stays wrong; the next one starts on its own. */
	return life_begin(killing);
}

static void letters_choose(struct killing *killing, bool whole, char letters[static 64])
{
	const char *all = PLAY_LETTERS;
	size_t n = 0;

	if (killing->ledger.n == 0)
		n = strlen(strcpy(letters, BEGINNING));
	for (int i = 0; i < LETTERS_A_ROUND; i++)
		letters[n++] = all[play_random(&killing->play, strlen(all))];
	strcpy(letters + n, whole ? REST_OF_DAY : "");
}

/* In turn; after the first turn one that was missed, if there is. */
static struct point *point_next(struct killing *killing)
{
	struct points *points = &killing->points;

	for (unsigned i = 0; killing->at_points >= points->n && i < points->n; i++)
		if (!points->list[i].struck)
			return &points->list[i];
	return &points->list[killing->at_points % points->n];
}

/* A failpoint at one of its passes. Some are passed by a first start only. */
static int point_choose(struct killing *killing, char how[static 64], struct point **ret)
{
	struct point *point = point_next(killing);
	const unsigned passes = point->passes < PASSES_MAX ? point->passes : PASSES_MAX;
	const bool missed = killing->at_points >= killing->points.n && !point->struck;
	const bool first = missed || strncmp(point->name, "step-", 5) == 0 ||
			   strncmp(point->name, "store-", 6) == 0 ||
			   strncmp(point->name, "vault-pages-", 12) == 0;
	const uint64_t pass = play_random(&killing->play, 2 * passes);

	snprintf(how, 64, "%s:%u", point->name, pass < passes && !missed ? 1 + (unsigned)pass : 1);
	killing->at_points++;
	*ret = point;
	return first ? life_begin(killing) : 0;
}

static int round_run(struct killing *killing)
{
	struct play *play = &killing->play;
	char letters[64], how[64] = "at random";
	struct point *point = NULL;
	bool killed = false;
	int r = 0;

	memset(killing->verdict, 0, sizeof(*killing->verdict));
	if (play_random(play, 2))
		r = point_choose(killing, how, &point);
	letters_choose(killing, point != NULL, letters);
	if (r == 0)
		r = work_killed(killing, letters, point ? how : NULL, play_random(play, RANDOM_US),
				&killed);
	killing->killed += killed;
	if (point)
		point->struck |= killed;
	/* And once more while it picks up what was left. */
	if (r == 0 && killed && play_random(play, 3) == 0) {
		ledger_read(&killing->ledger, killing->marks);
		r = work_killed(killing, "", NULL, play_random(play, RANDOM_US / 4), &killed);
		killing->recovering += killed;
	}
	return r < 0 ? r : round_judge(killing, how);
}

static unsigned points_struck(const struct killing *killing)
{
	unsigned struck = 0;

	for (unsigned i = 0; i < killing->points.n; i++)
		struck += killing->points.list[i].struck;
	return struck;
}

static int sum_tell(const struct killing *killing)
{
	const unsigned struck = points_struck(killing);

	printf("rounds %u, killed %u at work and %u while recovering, at %u of %u failpoints; "
	       "wrong %u\n",
	       killing->rounds, killing->killed, killing->recovering, struck, killing->points.n,
	       killing->wrong);
	for (unsigned i = 0; struck < killing->points.n && i < killing->points.n; i++)
		if (!killing->points.list[i].struck)
			printf("# never at %s\n", killing->points.list[i].name);
	return killing->wrong > 0 || struck < killing->points.n;
}

int main(int argc, char **argv)
{
	static struct killing killing = { .play = { .marks_fd = -1, .body_bytes = 3000 } };
	unsigned long kills;
	int r;

	if (argc != 4) {
		fprintf(stderr, "usage: kill DIR KILLS SEED\n");
		return 2;
	}
	killing.dir = argv[1];
	kills = strtoul(argv[2], NULL, 10);
	killing.play.random = strtoull(argv[3], NULL, 10) * 2654435761 + 88172645463325252;
	killing.play.ledger = &killing.ledger;
	snprintf(killing.state, sizeof(killing.state), "%.240s/state", argv[1]);
	snprintf(killing.marks, sizeof(killing.marks), "%.240s/marks", argv[1]);
	killing.verdict = verdict_shared();
	if (crypt_init() < 0 || !killing.verdict)
		return 2;
	r = life_begin(&killing);
	if (r == 0)
		r = points_find(&killing);
	/* As often as was asked for, and then until it was at every failpoint. */
	for (unsigned long i = 0; r == 0 && i < 4 * kills; i++) {
		if (killing.killed >= kills && points_struck(&killing) == killing.points.n)
			break;
		if (killing.lasts-- == 0)
			r = life_begin(&killing);
		if (r == 0)
			r = round_run(&killing);
	}
	if (r < 0)
		printf("# ended early: %s\n", strerror(-r));
	return sum_tell(&killing) || r < 0 ? (r < 0 ? 2 : 1) : 0;
}
