/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby receipt verify`: checks a receipt without asking anybody. */

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/words.h"
#include "hand.h"
#include "moment.h"
#include "render.h"
#include "verb.h"

#define RECEIPT_MAX_BYTES 65536

int verb_receipt_verify(struct hand *hand)
{
	const char *path = hand->command.arguments[0];
	_cleanup_(cubby_receipt_freep) struct cubby_receipt *receipt = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	char asked[MOMENT_TEXT], ended[MOMENT_TEXT], items[64], parts[64];
	int r = file_read_path(path, RECEIPT_MAX_BYTES, &text, NULL);

	if (r == ANSWER_NOT_FOUND)
		return hand_fail(hand, EXIT_NOT_FOUND, "there is no file %s", path);
	if (r != 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot read %s (%s)", path,
				 r < 0 ? strerror(-r) : _("it is no receipt"));
	r = cubby_receipt_verify(hand->cubby, text, hand->command.value[OPTION_KEY], &receipt);
	if (r != 0 && hand->json)
		render_json(json_pack("{s:b}", "valid", 0));
	if (r != 0)
		return hand_refused(hand, r);
	moment_iso(receipt->asked_s, asked);
	moment_iso(receipt->ended_s, ended);
	if (hand->json) {
		r = render_json(json_pack("{s:b, s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s}",
					  "valid", 1, "id",
					  receipt->id, "reason", receipt->reason, "items",
					  (int)receipt->items, "parts", (int)receipt->parts,
					  "erasure_level", receipt->erasure_level, "asked",
					  asked, "ended",
					  ended, "key", receipt->key));
		return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
	}
	hand_say(hand, "Genuine: signed by device %.16s...", receipt->key);
	snprintf(items, sizeof(items), words_n("%u item", "%u items", receipt->items),
		 receipt->items);
	snprintf(parts, sizeof(parts), words_n("%u part", "%u parts", receipt->parts),
		 receipt->parts);
	hand_say(hand, "%s (%s) erased by '%s', asked %s, verified %s, level %s.", items, parts,
		 receipt->reason, asked, ended, receipt->erasure_level);
	return 0;
}
