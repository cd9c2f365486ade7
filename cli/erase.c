/* SPDX-License-Identifier: Apache-2.0 */
/* Asking before, waiting for and reporting of an erasure. It must never say "erased" before the
 * keeper's verifier has, and never more than the receipt and its level bear out. */

#include "erase.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "output.h"
#include "progress.h"
#include "prompt.h"
#include "render.h"

int erase_confirm(struct hand *hand, const char *typed, const char *format, ...)
{
	char text[512], question[256];
	va_list arguments;

	if (command_has(&hand->command, OPTION_YES))
		return EXIT_DONE;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), _(format), arguments);
	va_end(arguments);
	render_clean(text);
	if (!prompt_possible())
		return hand_fail(hand, EXIT_USAGE,
				 "%s There is no terminal to ask; add --yes if you mean it", text);
	fprintf(stderr, _("%s It cannot be undone.\n"), text);
	if (typed)
		snprintf(question, sizeof(question), _("Type %s to erase: "), typed);
	if (!prompt_confirm(typed ? question : _("Erase? [y/N] "), typed ? typed : "y"))
		return hand_fail(hand, EXIT_GENERAL, "nothing was erased");
	return EXIT_DONE;
}

/* The receipt laid out for readers; its signature does not depend on that. */
static int receipt_write(struct hand *hand, const char *receipt)
{
	const char *path = hand->command.value[OPTION_RECEIPT];
	_cleanup_(render_json_freep) json_t *json = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	_cleanup_(cleanup_free) char *line = NULL;
	int r;

	if (!path)
		return 0;
	json = json_loads(receipt, JSON_REJECT_DUPLICATES, NULL);
	text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	if (!text || asprintf(&line, "%s\n", text) < 0)
		return hand_fail(hand, EXIT_GENERAL, "it is erased, but the receipt cannot be "
						     "laid out");
	r = output_write(path, line, strlen(line), 0644);
	if (r < 0)
		return hand_fail(hand, EXIT_GENERAL,
				 "it is erased, but the receipt cannot be written to %s (%s)", path,
				 strerror(-r));
	return 0;
}

/* "3 items", "audio and transcript of 1 item". */
static void items_words(uint32_t items, const char *const *kinds, size_t n, char *text, size_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, room - used, "%s%s", i ? _(" and ") : "",
					 kinds[i]);
	if (n)
		used += (size_t)snprintf(text + used, room - used, "%s", _(" of "));
	snprintf(text + used, room - used, words_n("%u item", "%u items", items), items);
}

static void erased_say(struct hand *hand, const struct cubby_receipt *receipt,
		       const char *const *kinds, size_t n)
{
	char words[128];

	items_words(receipt->items, kinds, n, words, sizeof(words));

	if (receipt->items == 0)
		hand_say(hand, "No items were part of this; all else that was is erased "
			       "(level %s).", receipt->erasure_level);
	else if (strcmp(receipt->erasure_level, "E0") == 0)
		hand_say(hand, "%s: made inaccessible, the keys are destroyed; this file system "
			       "may keep "
			 "old blocks (level E0).", words);
	else
		hand_say(hand, "%s: verified gone from the stores of this device (level %s).",
			 words,
			 receipt->erasure_level);
	hand_say(hand, "Receipt %s", receipt->id);
}

static int erased_json(const struct cubby_erasure *erasure, const struct cubby_receipt *receipt)
{
	json_t *statement = erasure->done ? json_loads(erasure->receipt, 0, NULL) : NULL;

	return render_json(json_pack("{s:s, s:i, s:s?, s:s?, s:o, s:s?}", "state",
				     erasure->done ? "done" : "partial", "items",
				     receipt ? (int)receipt->items : 0, "erasure_level",
				     receipt ? receipt->erasure_level : NULL, "receipt_id",
				     receipt ? receipt->id : NULL, "receipt",
				     statement ? statement : json_null(), "problem",
				     erasure->done ? NULL : erasure->problem));
}

static int nothing_kept(struct hand *hand)
{
	if (hand->json)
		render_json(json_pack("{s:s, s:i, s:n, s:n, s:n, s:n}", "state", "done", "items", 0,
				      "erasure_level", "receipt_id", "receipt", "problem"));
	hand_say(hand, "Nothing was kept, so nothing had to be erased.");
	return EXIT_DONE;
}

int erase_finish(struct hand *hand, const char *job, const char *const *kinds, size_t n)
{
	_cleanup_(cubby_erasure_freep) struct cubby_erasure *erasure = NULL;
	_cleanup_(cubby_receipt_freep) struct cubby_receipt *receipt = NULL;
	int r;

	if (!job)
		return nothing_kept(hand);
	progress_watch(hand, job);
	r = cubby_job_wait(hand->cubby, job, hand->timeout_ms, &erasure);
	if (r != 0)
		return hand_refused(hand, r);
	if (erasure->done) {
		r = cubby_receipt_verify(hand->cubby, erasure->receipt, NULL, &receipt);
		if (r != 0)
			return hand_refused(hand, r);
	}
	if (hand->json)
		erased_json(erasure, receipt);
	if (!erasure->done)
		return hand_fail(hand, EXIT_PARTLY,
				 "PARTLY done: %s. Nobody can open the items any more; the "
				 "keeper tries "
				 "again, and 'cubby status' shows when it is done",
				 erasure->problem);
	erased_say(hand, receipt, kinds, n);
	return receipt_write(hand, erasure->receipt);
}
