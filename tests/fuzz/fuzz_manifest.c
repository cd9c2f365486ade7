/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests of exports: the statement, and the lines of items under it. What verifies or parses is
 * written again to the same text. */

#include <string.h>
#include "crypt/manifest.h"
#include "fuzz.h"

static void verify(const char *text, bool ours)
{
	const struct sign_keypair *sign = fuzz_device()->sign;
	_cleanup_(cleanup_free) char *again = NULL;
	struct manifest manifest = { .items = 0 };
	struct why why = { "" };
	int r = manifest_verify(text, sign->public, NULL, &manifest, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	fuzz_check(r != 0 || ours);
	if (r)
		return;
	fuzz_check(manifest_sign(&manifest, sign, &again) == 0 && strcmp(again, text) == 0);
	fuzz_reached();
}

static void parse(const char *line, size_t n, const char *encoding)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct manifest_item item, again;
	struct why why = { "" };
	int r = manifest_item_parse(line, n, encoding, &item, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	if (r)
		return;
	fuzz_check(manifest_item_text(&item, encoding, &text) == 0);
	memset(&again, 0, sizeof(again));
	fuzz_check(manifest_item_parse(text, strlen(text) - 1, encoding, &again, &why) == 0);
	fuzz_check(again.n_lines == item.n_lines && again.bytes == item.bytes &&
		   memcmp(again.lines, item.lines, item.n_lines * sizeof(item.lines[0])) == 0 &&
		   memcmp(again.hash, item.hash, sizeof(item.hash)) == 0);
	fuzz_reached();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	_cleanup_(cleanup_free) char *text = fuzz_text(bytes, n);
	_cleanup_(cleanup_free) char *signed_text = fuzz_signed(bytes, n, MANIFEST_STATEMENT);

	verify(text, false);
	if (signed_text)
		verify(signed_text, true);
	parse(text, n, "flac");
	parse(text, n, "wav");
	return 0;
}
