/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts, from bytes and from bodies that the device signed. What verifies is written again to
 * the very same text: nothing in a receipt goes unread. */

#include <string.h>
#include "crypt/receipt.h"
#include "fuzz.h"

static void verify(const char *text, bool ours)
{
	const struct sign_keypair *sign = fuzz_device()->sign;
	_cleanup_(cleanup_free) char *again = NULL;
	struct receipt receipt = { .n_steps = 0 };
	struct why why = { "" };
	int r = receipt_verify(text, sign->public, NULL, &receipt, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	fuzz_check(r != 0 || ours);
	if (r)
		return;
	fuzz_check(receipt_sign(&receipt, sign, &again) == 0 && strcmp(again, text) == 0);
	fuzz_reached();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	_cleanup_(cleanup_free) char *text = fuzz_text(bytes, n);
	_cleanup_(cleanup_free) char *signed_text = fuzz_signed(bytes, n, RECEIPT_STATEMENT);

	verify(text, false);
	if (signed_text)
		verify(signed_text, true);
	return 0;
}
