/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The features of one utterance, held in locked memory, so that they are computed once for all that
 * is searched in it, and normalised by the mean of the utterance itself (cepstral mean
 * normalisation), of so much of it as there is. */

#include <sphinxbase/cmd_ln.h>
#include <sphinxbase/fe.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"

/* The longest utterance there is, and a second; what is beyond is left out. */
#define MFCC_MAX 1700
#define MFCC_BLOCK 32

struct mfcc;

int mfcc_new(cmd_ln_t *config, struct mfcc **ret);
struct mfcc *mfcc_free(struct mfcc *mfcc);
CLEANUP_DEFINE(struct mfcc *, mfcc_free)

/* A new utterance; the last one is wiped. */
int mfcc_begin(struct mfcc *mfcc);
int mfcc_add(struct mfcc *mfcc, const int16_t *samples, size_t n);
/* What is left over of a frame. */
int mfcc_end(struct mfcc *mfcc);
/* Frames of 10 ms so far; PocketSphinx leaves silence out. */
unsigned mfcc_count(const struct mfcc *mfcc);
/* Up to MFCC_BLOCK frames from this one on, without the mean of all there are: how many.
 * Borrowed until the next call. */
unsigned mfcc_block(struct mfcc *mfcc, unsigned from, mfcc_t ***ret);
