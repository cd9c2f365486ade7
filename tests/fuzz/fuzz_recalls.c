/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of recalls: the statement, and the lines under it. What verifies or parses is written again
 * to the same text. */

#include <string.h>
#include "crypt/recalls.h"
#include "fuzz.h"

static void verify(const char *text, bool ours)
{
	const struct sign_keypair *sign = fuzz_device()->sign;
	_cleanup_(cleanup_free) char *again = NULL;
	struct recalls recalls = { .number = 0 };
	struct why why = { "" };
	int r = recalls_verify(text, sign->public, NULL, &recalls, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	fuzz_check(r != 0 || ours);
	if (r)
		return;
	fuzz_check(recalls_sign(&recalls, sign, &again) == 0 && strcmp(again, text) == 0);
	fuzz_reached();
}

static void parse(const char *line, size_t n)
{
	_cleanup_(cleanup_free) char *text = NULL;
	struct recall recall, again;
	struct why why = { "" };
	int r = recall_parse(line, n, &recall, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	if (r)
		return;
	fuzz_check(recall_text(&recall, &text) == 0);
	fuzz_check(recall_parse(text, strlen(text) - 1, &again, &why) == 0);
	fuzz_check(memcmp(&again.token, &recall.token, sizeof(again.token)) == 0 &&
		   strcmp(again.reason, recall.reason) == 0 &&
		   again.recalled_s == recall.recalled_s);
	fuzz_reached();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	_cleanup_(cleanup_free) char *text = fuzz_text(bytes, n);
	_cleanup_(cleanup_free) char *signed_text = fuzz_signed(bytes, n, RECALLS_STATEMENT);

	verify(text, false);
	if (signed_text)
		verify(signed_text, true);
	parse(text, n);
	return 0;
}
