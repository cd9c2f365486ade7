/* SPDX-License-Identifier: Apache-2.0 */

/* Features of an utterance are its sound, nearly: they are wiped like it. */

#include "mfcc.h"

#include <string.h>
#include "crypt/secret.h"

#define WIDTH_MAX 32

/* In locked memory: of each frame as many values as the model wants, and a block without mean. */
struct utterance {
	double sum[WIDTH_MAX];
	mfcc_t values[];
};

struct mfcc {
	fe_t *fe;
	struct secret *memory;
	struct utterance *utterance;
	mfcc_t *frames[MFCC_MAX], *block[MFCC_BLOCK];	/* as PocketSphinx takes them */
	unsigned n, width;
	unsigned summed, voiced;	/* frames that were looked at for the sum, and are in it */
};

static int memory_new(struct mfcc *mfcc)
{
	size_t values = (size_t)(MFCC_MAX + MFCC_BLOCK) * mfcc->width;
	int r = secret_new(sizeof(struct utterance) + values * sizeof(mfcc_t), &mfcc->memory);

	if (r < 0)
		return fault_trace(r);
	mfcc->utterance = (struct utterance *)(void *)mfcc->memory->bytes;
	for (unsigned i = 0; i < MFCC_MAX; i++)
		mfcc->frames[i] = mfcc->utterance->values + i * mfcc->width;
	for (unsigned i = 0; i < MFCC_BLOCK; i++)
		mfcc->block[i] = mfcc->utterance->values +
				    (MFCC_MAX + i) * mfcc->width;
	return 0;
}

int mfcc_new(cmd_ln_t *config, struct mfcc **ret)
{
	_cleanup_(mfcc_freep) struct mfcc *mfcc = calloc(1, sizeof(*mfcc));
	int r;

	if (!mfcc)
		return fault_origin(-ENOMEM);
	mfcc->fe = fe_init_auto_r(config);
	if (!mfcc->fe)
		return fault_origin(-ENOMEM);
	mfcc->width = (unsigned)fe_get_output_size(mfcc->fe);
	if (mfcc->width > WIDTH_MAX)
		return fault_origin(-EOVERFLOW);
	r = memory_new(mfcc);
	if (r < 0)
		return fault_trace(r);
	*ret = take(mfcc);
	return 0;
}

struct mfcc *mfcc_free(struct mfcc *mfcc)
{
	if (!mfcc)
		return NULL;
	fe_free(mfcc->fe);
	secret_free(mfcc->memory);
	free(mfcc);
	return NULL;
}

int mfcc_begin(struct mfcc *mfcc)
{
	secret_wipe(mfcc->memory->bytes, mfcc->memory->n);
	mfcc->n = mfcc->summed = mfcc->voiced = 0;
	fe_start_stream(mfcc->fe);
	return fe_start_utt(mfcc->fe) < 0 ? fault_origin(-EIO) : 0;
}

int mfcc_add(struct mfcc *mfcc, const int16_t *samples, size_t n)
{
	while (n > 0 && mfcc->n < MFCC_MAX) {
		int32_t frames = (int32_t)(MFCC_MAX - mfcc->n), first;

		if (fe_process_frames(mfcc->fe, &samples, &n, mfcc->frames + mfcc->n,
				      &frames, &first) < 0)
			return fault_origin(-EIO);
		mfcc->n += (unsigned)frames;
	}
	return 0;
}

int mfcc_end(struct mfcc *mfcc)
{
	int32_t frames = 0;

	if (fe_end_utt(mfcc->fe, mfcc->block[0], &frames) < 0)
		return fault_origin(-EIO);
	if (frames < 1 || mfcc->n == MFCC_MAX)
		return 0;
	memcpy(mfcc->frames[mfcc->n++], mfcc->block[0],
	       mfcc->width * sizeof(mfcc_t));
	return 0;
}

unsigned mfcc_count(const struct mfcc *mfcc)
{
	return mfcc->n;
}

/* As PocketSphinx does it: frames without energy are nobody's, and do not count. */
static void mean_update(struct mfcc *mfcc)
{
	for (; mfcc->summed < mfcc->n; mfcc->summed++) {
		const mfcc_t *frame = mfcc->frames[mfcc->summed];

		if (frame[0] < 0)
			continue;
		mfcc->voiced++;
		for (unsigned i = 0; i < mfcc->width; i++)
			mfcc->utterance->sum[i] += frame[i];
	}
}

unsigned mfcc_block(struct mfcc *mfcc, unsigned from, mfcc_t ***ret)
{
	unsigned n = mfcc->n - from < MFCC_BLOCK ? mfcc->n - from : MFCC_BLOCK;
	unsigned voiced;

	mean_update(mfcc);
	voiced = mfcc->voiced ? mfcc->voiced : 1;
	for (unsigned k = 0; k < n; k++)
		for (unsigned i = 0; i < mfcc->width; i++)
			mfcc->block[k][i] = mfcc->frames[from + k][i] -
					 (mfcc_t)(mfcc->utterance->sum[i] / voiced);
	*ret = mfcc->block;
	return n;
}
