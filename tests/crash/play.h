/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A family's day in letters, played on a keeper: each is one operation, marked before and after.
 *
 *   k  a child's item: sound, transcript      d  delete one item
 *   l  ... and location                       t  delete the transcript of one item
 *   s  an item that expires in two hours      w  withdraw: the sound of one profile
 *   a  an adult's item                        p  remove a profile with all it has
 *   c  approve a copy of an adult's item      e  three hours pass, and what expired goes
 *   n  a new child's profile                  r  the keeper ends and starts again
 *   g  a new grown-up's profile               x  reset: everything goes
 *   f  what a start finds to do is done
 */

#include "ledger.h"
#include "rig.h"

#define PLAY_LETTERS "kkklssaacddtwpengrkklsaacdtwenngrx"

struct play {
	struct rig *rig;
	struct ledger *ledger;
	int marks_fd;
	uint64_t random;	/* state of the play's own generator */
	size_t body_bytes;	/* at most */
};

/* 0, or what stopped the play (a fault of the rig, with its words in rig->why). Operations that
 * find nothing to work on do nothing. */
int play_letter(struct play *play, char letter);
uint64_t play_random(struct play *play, uint64_t below);
void play_mark(struct play *play, const struct mark *mark);
/* What was in between when the keeper ended is settled by what it was found to be. */
void play_settle(struct play *play, const struct verdict *verdict);
