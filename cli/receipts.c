/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts in the report. One whose signature does not hold must never look like one that does. */

#include "receipts.h"

#include <string.h>

#include "base/words.h"
#include "moment.h"

#define DAY_S 86400
/* In full; of those before only the number is told. */
#define SHOWN_MAX 50

struct receipts {
	struct hand *hand;
	struct page *page;
	int64_t since_s;
	unsigned shown, more, forged;
};

static const struct {
	const char *reason, *words;
} reasons[] = {
	{ "delete", N_("Deleted") }, { "withdraw", N_("Consent withdrawn") },
	{ "remove", N_("Profile removed") }, { "expire", N_("Expired") },
	{ "reset", N_("Everything erased") },
};

static const struct {
	const char *level, *words;
} levels[] = {
	{ "E0", N_("made inaccessible; this file system may keep old blocks") },
	{ "E1", N_("the keys were overwritten in place") },
	{ "E2", N_("the keys were overwritten in place, on flash memory") },
	{ "E3", N_("the keys hang on a key in hardware that was replaced") },
};

static void receipt_put(struct page *page, const struct cubby_receipt *receipt, const char *text)
{
	const char *reason = receipt->reason, *level = "";
	char asked[MOMENT_TEXT], ended[MOMENT_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (strcmp(reasons[i].reason, receipt->reason) == 0)
			reason = _(reasons[i].words);
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(levels[i].level, receipt->erasure_level) == 0)
			level = _(levels[i].words);
	moment_local(receipt->asked_s, asked);
	moment_local(receipt->ended_s, ended);
	page_add(page, words_n("<details class=\"receipt\">\n<summary>%s &middot; %s &middot; "
			       "%m item</summary>\n",
			       "<details class=\"receipt\">\n<summary>%s &middot; %s &middot; "
			       "%m items</summary>\n", receipt->items),
		 ended, reason, (long long)receipt->items);
	page_add(page, "<p class=\"good\">The signature of this device holds.</p>\n");
	page_add(page, "<dl><dt>Receipt</dt><dd>%s</dd><dt>Asked</dt><dd>%s</dd><dt>Read back and "
		 "found gone</dt><dd>%s</dd><dt>Items and parts</dt><dd>%m, %m</dd><dt>Level</dt>"
		 "<dd>%s: %s</dd><dt>Device</dt><dd>%s</dd></dl>\n", receipt->id, asked, ended,
		 (long long)receipt->items, (long long)receipt->parts, receipt->erasure_level,
		 level, receipt->key);
	page_add(page, "<ol>\n");
	for (const char *const *step = receipt->steps; *step; step++)
		page_add(page, "<li>%s</li>\n", *step);
	page_add(page, "</ol>\n<p>As it was signed, for \"cubby receipt verify\":</p>\n"
		 "<pre>%s</pre>\n</details>\n", text);
}

static int receipt_take(void *context, const struct cubby_receipt *receipt, const char *text)
{
	struct receipts *receipts = context;

	if (!receipt) {
		receipts->forged++;
		return 0;
	}
	if (receipt->ended_s < receipts->since_s)
		return 1;
	if (receipts->shown < SHOWN_MAX) {
		receipts->shown++;
		receipt_put(receipts->page, receipt, text);
	} else {
		receipts->more++;
	}
	return 0;
}

int receipts_put(struct hand *hand, struct page *page, unsigned days)
{
	struct receipts receipts = { .hand = hand, .page = page,
				     .since_s = hand->now_s - (int64_t)days * DAY_S };
	int r;

	page_add(page, "<h3>Receipts</h3>\n");
	r = cubby_receipts(hand->cubby, receipt_take, &receipts);
	if (r != 0)
		return hand_refused(hand, r);
	if (receipts.shown == 0)
		page_add(page, "<p class=\"soft\">There is none.</p>\n");
	if (receipts.more > 0)
		page_add(page, "<p class=\"soft\">And %m older ones.</p>\n",
			 (long long)receipts.more);
	if (receipts.forged > 0)
		page_add(page, "<p class=\"warn\">%m receipts are not signed by this device: do "
			 "not rely on them.</p>\n", (long long)receipts.forged);
	return 0;
}
