/* SPDX-License-Identifier: Apache-2.0 */
/* One utterance at a time, each beside the plain way to do it, in turn: kept, opened, deleted. */

#include "bench.h"

#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sound/sound.h"

#define UTTERANCE_FRAMES (5 * SOUND_RATE_HZ)
#define WAV_HEADER_BYTES 44

extern char **environ;

/* Five seconds that FLAC packs about as well as speech: a voice of 20 harmonics that comes and
 * goes, over the noise of a room. */
static void utterance_make(int16_t *samples)
{
	uint32_t noise = 1;

	for (int i = 0; i < UTTERANCE_FRAMES; i++) {
		const double t = (double)i / SOUND_RATE_HZ, loud = fmax(0, sin(t * 9)) * 6000;
		double sum = 0;

		for (int k = 1; k <= 20; k++)
			sum += sin(2 * M_PI * k * (180 + 20 * sin(t * 4)) * t + k) / k;
		noise = noise * 1664525 + 1013904223;
		samples[i] = (int16_t)(loud * sum / 3 + (double)(noise >> 24) - 128);
	}
}

/* Seals and keeps; *ret is the id, *ret_bytes the size of the ciphertext, *ret_ms how long it took
 * from there to the disk. */
static void utterance_keep(struct bench_room *room, const int16_t *samples, struct id *ret,
			   size_t *ret_bytes, double *ret_ms)
{
	_cleanup_(archive_draft_freep) struct archive_draft *draft = NULL;
	_cleanup_(secret_freep) struct secret *flac = NULL, *fk = NULL, *key = NULL;
	_cleanup_(cleanup_free) uint8_t *sealed = NULL;
	const enum kind kind = KIND_AUDIO;
	struct envelope_header header;
	double sealed_at;
	size_t n;

	bench_need(sound_to_flac(samples, UTTERANCE_FRAMES, SOUND_RATE_HZ, &flac), "FLAC", NULL);
	bench_need(archive_begin(room->archive, &room->mia.id, &kind, 1, &draft, &room->why),
		   "begin", &room->why);
	bench_need(envelope_new(room->home->public, &header, &fk), "seal", NULL);
	bench_need(secret_from(draft->keys->bytes, KEY_BYTES, &key), "seal", NULL);
	bench_need(envelope_seal(fk, key, &draft->id, kind, flac->bytes, flac->n, &sealed, &n),
		   "seal", NULL);
	sealed_at = bench_now_ms();
	struct archive_body body = { kind, sealed, n, 7 * 86400, 0 };
	bench_room_keep(room, draft, &header, &body, 1);
	*ret_ms = bench_now_ms() - sealed_at;
	*ret = draft->id;
	*ret_bytes = n;
}

void bench_file_keep(const char *dir, int dir_fd, int number, const void *bytes, size_t n)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%06d.wav", dir, number);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || fsync(fd) < 0 || close(fd) < 0 ||
	    fsync(dir_fd) < 0)
		bench_need(-errno, path, NULL);
}

/* *ret_ms: how long until the ciphertext is in hand, and who took it in the log. */
static void utterance_open(struct bench_room *room, const struct id *id, double *ret_ms)
{
	_cleanup_(archive_opened_freep) struct archive_opened *opened = NULL;
	_cleanup_(secret_freep) struct secret *fk = NULL, *key = NULL, *flac = NULL;
	struct access_entry entry = { .what = "open", .uid = 1000, .outcome = "done",
				      .method = "Archive.Open", .profile = &room->mia,
				      .item = id, .items = 1 };
	const double begin = bench_now_ms();
	struct sound sound = { 0 };

	bench_need(archive_open(room->archive, id, 0, &opened, &room->why), "open", &room->why);
	bench_need(access_log_write(room->log, &entry), "log", NULL);
	*ret_ms = bench_now_ms() - begin;
	bench_need(envelope_open(&opened->header, room->home, &fk, &room->why), "open", &room->why);
	bench_need(secret_from(opened->keys->bytes, KEY_BYTES, &key), "open", NULL);
	bench_need(envelope_unseal(fk, key, id, KIND_AUDIO, opened->bodies, opened->n_bodies,
				   &flac, &room->why), "open", &room->why);
	bench_need(sound_from_flac(flac->bytes, flac->n, &sound, &room->why), "FLAC", &room->why);
	sound_clear(&sound);
}

static void file_open(const char *dir, int number, void *bytes, size_t n)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%06d.wav", dir, number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, bytes, n) != (ssize_t)n || close(fd) < 0)
		bench_need(-errno, path, NULL);
}

/* keep STATE FILES N: keeps and opens. FILES is an empty directory on the same file system. */
int bench_keep(int argc, char **argv)
{
	const int n = argc > 2 ? atoi(argv[2]) : 0;
	const size_t wav_bytes = WAV_HEADER_BYTES + UTTERANCE_FRAMES * 2;
	double *keep = calloc((size_t)n, sizeof(double)), *wav = calloc((size_t)n, sizeof(double));
	double *durable = calloc((size_t)n, sizeof(double));
	int16_t *samples = calloc(1, wav_bytes);
	struct id *ids = calloc((size_t)n, sizeof(*ids));
	struct bench_room room = { 0 };
	size_t bytes = 0;
	int dir_fd;

	if (argc < 3)
		return 2;
	utterance_make(samples);
	bench_room_make(argv[0]);
	bench_room_open(argv[0], &room);
	dir_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < n; i++) {
		double begin = bench_now_ms();

		utterance_keep(&room, samples, &ids[i], &bytes, &durable[i]);
		keep[i] = bench_now_ms() - begin;
		begin = bench_now_ms();
		bench_file_keep(argv[1], dir_fd, i, samples, wav_bytes);
		wav[i] = bench_now_ms() - begin;
	}
	printf("{\"sealed_bytes\": %zu, \"wav_bytes\": %zu, ", bytes, wav_bytes);
	bench_print("keep_ms", keep, (size_t)n);
	printf(", ");
	bench_print("durable_ms", durable, (size_t)n);
	printf(", ");
	bench_print("wav_ms", wav, (size_t)n);
	for (int i = 0; i < n; i++) {
		double begin = bench_now_ms();

		utterance_open(&room, &ids[i], &durable[i]);
		keep[i] = bench_now_ms() - begin;
		begin = bench_now_ms();
		file_open(argv[1], i, samples, wav_bytes);
		wav[i] = bench_now_ms() - begin;
	}
	printf(", ");
	bench_print("open_ms", keep, (size_t)n);
	printf(", ");
	bench_print("in_hand_ms", durable, (size_t)n);
	printf(", ");
	bench_print("wav_read_ms", wav, (size_t)n);
	printf("}\n");
	bench_room_close(&room);
	return 0;
}

static double program_run(char *const *arguments)
{
	const double begin = bench_now_ms();
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, arguments[0], NULL, NULL, arguments, environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || status != 0)
		bench_need(-EIO, arguments[0], NULL);
	return bench_now_ms() - begin;
}

/* single STATE FILES N: one deletion with its receipt beside shred of one file of that size; and
 * a program that does nothing, for what starting a program costs. */
int bench_single(int argc, char **argv)
{
	const int n = argc > 2 ? atoi(argv[2]) : 0;
	double *delete = calloc((size_t)n, sizeof(double));
	double *none = calloc((size_t)n, sizeof(double));
	double *shred = calloc((size_t)n, sizeof(double)), begin;
	int16_t *samples = calloc(UTTERANCE_FRAMES, sizeof(*samples));
	struct id *ids = calloc((size_t)n, sizeof(*ids));
	char overwrite[] = "-n1", remove[] = "-u", name[] = "shred", nothing_does[] = "true";
	char path[512];
	char *const shred_it[] = { name, overwrite, remove, path, NULL };
	char *const nop[] = { nothing_does, NULL };
	struct bench_room room = { 0 };
	size_t bytes = 0;
	int dir_fd;

	if (argc < 3)
		return 2;
	utterance_make(samples);
	bench_room_make(argv[0]);
	bench_room_open(argv[0], &room);
	dir_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < n; i++) {
		utterance_keep(&room, samples, &ids[i], &bytes, &begin);
		if (bytes > UTTERANCE_FRAMES * sizeof(*samples))
			bench_need(ANSWER_FAILED, "FLAC made it longer", NULL);
		bench_file_keep(argv[1], dir_fd, i, samples, bytes);
	}
	for (int i = 0; i < n; i++) {
		const struct archive_selection one = { .ids = &ids[i], .n_ids = 1 };
		struct access_within logged = {
			.log = room.log,
			.entry = { .what = "delete", .uid = 1000, .outcome = "asked",
				   .method = "Archive.Delete", .items = 1 },
		};
		const struct archive_within within = { access_log_within, &logged };
		_cleanup_(erasure_job_freep) struct erasure_job *done = NULL;
		uint64_t items, partial;
		int64_t job;

		begin = bench_now_ms();
		bench_need(erasure_ask(room.erasure, ERASURE_DELETE, &one, 1000, &within, &job,
				       &items, &room.why), "delete", &room.why);
		bench_need(erasure_finish(room.erasure, &partial), "delete", NULL);
		delete[i] = bench_now_ms() - begin;
		bench_need(erasure_find(room.erasure, job, &done), "job", NULL);
		bench_need(done->state == ERASURE_DONE ? 0 : ANSWER_FAILED, "receipt", NULL);
		snprintf(path, sizeof(path), "%s/%06d.wav", argv[1], i);
		shred[i] = program_run(shred_it);
		none[i] = program_run(nop);
	}
	printf("{\"bytes\": %zu, ", bytes);
	bench_print("delete_ms", delete, (size_t)n);
	printf(", ");
	bench_print("shred_ms", shred, (size_t)n);
	printf(", ");
	bench_print("start_ms", none, (size_t)n);
	printf("}\n");
	bench_room_close(&room);
	return 0;
}
