/* SPDX-License-Identifier: Apache-2.0 */
/* What parents and keepers sign besides: the household's keys, consents, vouches, voiceprints'
 * consents, checkpoints of the log, the device's keys, changed keys. The first byte says which. */

#include <string.h>
#include "crypt/checkpoint.h"
#include "crypt/rekey.h"
#include "crypt/voiceconsent.h"
#include "fuzz.h"

static int household_read(const char *text, struct why *why)
{
	struct household household;

	return household_verify(text, NULL, &household, why);
}

static int consent_read(const char *text, struct why *why)
{
	_cleanup_(cleanup_free) char *again = NULL;
	struct consent consent;
	int r = consent_verify(text, &consent, why);

	if (r == 0)
		fuzz_check(consent_sign(&consent, fuzz_device()->sign, &again) == 0 &&
			   strcmp(again, text) == 0 && consent.keep_s >= 60 &&
			   consent.keep_s <= kind_keep_max_s((int)consent.kind));
	return r;
}

static int vouch_read(const char *text, struct why *why)
{
	static const uint8_t nobody[SIGN_PUBLIC_BYTES];
	struct parent_keys keys;
	struct vouch vouch;
	const char *texts[] = { text, text };
	int r = vouch_verify(text, &vouch, why);

	parent_keys_find(fuzz_device()->sign->public, texts, 2, NULL, &keys);
	fuzz_check(keys.n == (r == 0 ? 2 : 1) && !parent_keys_have(&keys, nobody));
	return r;
}

static int voice_consent_read(const char *text, struct why *why)
{
	_cleanup_(cleanup_free) char *again = NULL;
	struct voice_consent consent;
	int r = voice_consent_verify(text, &consent, why);

	if (r == 0)
		fuzz_check(voice_consent_sign(&consent, fuzz_device()->sign, &again) == 0 &&
			   strcmp(again, text) == 0);
	return r;
}

static int checkpoint_read(const char *text, struct why *why)
{
	_cleanup_(cleanup_free) char *again = NULL;
	struct checkpoint checkpoint;
	int r = checkpoint_verify(text, fuzz_device()->sign->public, &checkpoint, why);

	if (r == 0)
		fuzz_check(checkpoint_sign(&checkpoint, fuzz_device()->sign, &again) == 0 &&
			   strcmp(again, text) == 0);
	return r;
}

static int rekey_read(const char *text, struct why *why)
{
	_cleanup_(cleanup_free) char *again = NULL;
	struct rekey rekey;
	int r = rekey_verify(text, &rekey, why);

	if (r == 0)
		fuzz_check(rekey_sign(&rekey, fuzz_device()->sign, &again) == 0 &&
			   strcmp(again, text) == 0);
	return r;
}

static int device_read(const char *text, struct why *why)
{
	uint8_t sign[SIGN_PUBLIC_BYTES], box[BOX_PUBLIC_BYTES];

	return device_verify(text, fuzz_device()->sign->public, sign, box, why);
}

static const struct {
	const char *type;
	int (*read)(const char *text, struct why *why);
} statements[] = {
	{ HOUSEHOLD_STATEMENT, household_read },
	{ CONSENT_STATEMENT, consent_read },
	{ "cubby-parent-1", vouch_read },
	{ VOICE_CONSENT_STATEMENT, voice_consent_read },
	{ CHECKPOINT_STATEMENT, checkpoint_read },
	{ DEVICE_STATEMENT, device_read },
	{ REKEY_STATEMENT, rekey_read },
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const size_t which = n ? (bytes[0] - 'a') % ARRAY_SIZE(statements) : 0;
	_cleanup_(cleanup_free) char *text = NULL;
	_cleanup_(cleanup_free) char *signed_text = NULL;
	struct why why = { "" };
	int r;

	if (n == 0)
		return 0;
	text = fuzz_text(bytes + 1, n - 1);
	statements[which].read(text, &why);
	signed_text = fuzz_signed(bytes + 1, n - 1, statements[which].type);
	if (!signed_text)
		return 0;
	why.text[0] = '\0';
	r = statements[which].read(signed_text, &why);
	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	if (r == 0)
		fuzz_reached();
	return 0;
}
