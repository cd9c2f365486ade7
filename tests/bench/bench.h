/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A keeper's cupboard on a directory that stays, as the keeper puts it together: with a household,
 * a tagged log, the system's clock and erasures, but without a bus. For measuring alone. */

#include "house.h"

#include "erasure.h"

struct bench_room {
	const char *dir;
	const struct clock *clock;	/* NULL: the system's */
	struct why why;
	struct loop *loop;
	struct store *store;
	struct vault *vault;
	struct age *age;
	struct archive *archive;
	struct alerts *alerts;
	struct access_log *log;
	struct device *device;
	struct box_keypair *home;
	struct erasure *erasure;
	struct profile mia;
};

/* Makes `dir`: a household of Anna, with the child "mia". */
void bench_room_make(const char *dir);
/* Ends the program with the reason where it does not open. */
void bench_room_open(const char *dir, struct bench_room *room);
void bench_room_close(struct bench_room *room);

/* An item of these bodies in mia's name, with the entry in the log. */
void bench_room_keep(struct bench_room *room, struct archive_draft *draft,
		     const struct envelope_header *header, struct archive_body *bodies, unsigned n);

double bench_now_ms(void);
/* {"name": [1.2, 3.4]} without the braces. */
void bench_print(const char *name, const double *ms, size_t n);
/* Ends the program when `r` is not 0. */
void bench_need(int r, const char *what, const struct why *why);

int bench_keep(int argc, char **argv);
int bench_single(int argc, char **argv);
int bench_seed(int argc, char **argv);
int bench_list(int argc, char **argv);
int bench_remove(int argc, char **argv);
int bench_files(int argc, char **argv);
int bench_bus(int argc, char **argv);
int bench_append(int argc, char **argv);
int bench_size(int argc, char **argv);
int bench_plain(int argc, char **argv);
int bench_database(int argc, char **argv);
int bench_directory(int argc, char **argv);
int bench_entries(int argc, char **argv);

/* The plain way to keep: written, synced, and its directory as well. */
void bench_file_keep(const char *dir, int dir_fd, int number, const void *bytes, size_t n);
