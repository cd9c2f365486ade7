/* SPDX-License-Identifier: Apache-2.0 */
/* Plays letters (play.h) on a directory and writes its marks to a file; what it plays on is
 * recorded, or it is killed.
 *
 * usage: player DIR MARKS LETTERS SEED
 *
 * Marks that are there already are taken for what was played before. */

#include "play.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	static struct rig rig;
	struct ledger ledger = { 0 };
	struct play play = { .rig = &rig, .ledger = &ledger, .body_bytes = 3000 };
	int r;

	if (argc != 5) {
		fprintf(stderr, "usage: player DIR MARKS LETTERS SEED\n");
		return 2;
	}
	if (crypt_init() < 0)
		return 1;
	ledger_read(&ledger, getenv("CUBBY_MARKS_BEFORE") ?: argv[2]);
	play.random = strtoull(argv[4], NULL, 10) * 2654435761 + 88172645463325252;
	play.marks_fd = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (play.marks_fd < 0) {
		perror(argv[2]);
		return 1;
	}
	r = rig_open(&rig, argv[1], ledger.wall_s);
	for (const char *letter = argv[3]; r == 0 && *letter; letter++)
		r = play_letter(&play, *letter);
	if (r != 0)
		fprintf(stderr, "player: %d %s\n", r, rig.why.text);
	rig_shut(&rig);
	close(play.marks_fd);
	ledger_clear(&ledger);
	return r != 0;
}
