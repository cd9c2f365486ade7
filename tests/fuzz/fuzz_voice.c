/* SPDX-License-Identifier: Apache-2.0 */
/* Voiceprints, and the speaker model's file, whose checksum is put right so that its sizes and
 * numbers are reached. The first byte says which. */

#include <math.h>
#include <string.h>
#include "fuzz.h"
#include "speaker/evidence.h"
#include "speaker/model.h"

static void voiceprint(const uint8_t *bytes, size_t n)
{
	uint8_t again[VOICEPRINT_BYTES_MAX];
	struct voiceprint voiceprint;
	struct why why = { "" };
	int r = voiceprint_read(bytes, n, &voiceprint, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	if (r)
		return;
	fuzz_check(voiceprint_write(&voiceprint, again) == n && memcmp(again, bytes, n) == 0);
	for (unsigned i = 0; i < voiceprint.n; i++)
		fuzz_check(isfinite(voiceprint.point[i]));
	fuzz_reached();
}

static void model(const uint8_t *bytes, size_t n)
{
	_cleanup_(speaker_model_freep) struct speaker_model *model = NULL;
	_cleanup_(cleanup_free) uint8_t *file = malloc(n + HASH_BYTES);
	const float point[VOICEPRINT_DIMENSIONS_MAX] = { 1 };
	struct voiceprint voiceprint = { .n = 1 };
	struct why why = { "" };
	int r;

	fuzz_check(file);
	memcpy(file, bytes, n);
	crypt_hash(file, n, file + n);
	r = speaker_model_parse(file, n + HASH_BYTES, &model, &why);
	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	if (r)
		return;
	memcpy(voiceprint.model, model->hash, sizeof(model->hash));
	voiceprint.n = model->dimensions;
	voiceprint_score(model, &voiceprint, point);
	fuzz_reached();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	fuzz_device();
	if (n > 0)
		(bytes[0] & 1 ? voiceprint : model)(bytes + 1, n - 1);
	return 0;
}
