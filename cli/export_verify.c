/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby export verify`: for whoever has an export, without a keeper. It must never say that all is
 * well on the word of a list it did not check. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "hand.h"
#include "moment.h"
#include "render.h"
#include "verb.h"

struct telling {
	struct hand *hand;
	json_t *findings;
};

static int finding_tell(void *context, const struct cubby_finding *finding)
{
	struct telling *telling = context;
	char line[1400];

	json_array_append_new(telling->findings,
			      json_pack("{s:s, s:s, s:s, s:s}", "what", finding->what, "file",
					finding->file, "token", finding->token, "reason",
					finding->reason));
	snprintf(line, sizeof(line), "%s: %s%s%s%s%s", _(finding->what), finding->file,
		 finding->token[0] ? _(" holds ") : "", finding->token,
		 finding->reason[0] ? ", " : "", finding->reason);
	render_clean(line);
	if (!telling->hand->json)
		printf("%s\n", line);
	return 0;
}

static int verified_json(const struct cubby_verified *verified, json_t *findings)
{
	return render_json(json_pack("{s:b, s:s, s:I, s:I, s:o?, s:O}", "valid",
				     verified->findings == 0, "export", verified->export, "items",
				     (json_int_t)verified->items, "recalled",
				     (json_int_t)verified->recalled, "list",
				     verified->list_number ? json_integer(verified->list_number)
							   : NULL,
				     "findings", findings));
}

static void verified_say(struct hand *hand, const struct cubby_verified *verified)
{
	char issued[MOMENT_TEXT];

	if (verified->findings)
		hand_say(hand, "Not as it must be: see above. Remove what is recalled, and do not "
			       "use what is changed or renamed.");
	else
		hand_say(hand, words_n("Genuine and whole: %zu item, %zu recalled and not there.",
				       "Genuine and whole: %zu items, %zu recalled and not there.",
				       verified->items), verified->items, verified->recalled);
	if (verified->list_number)
		hand_say(hand, "By the list of recalls of %s.",
			 moment_iso(verified->list_issued_s, issued));
	else
		hand_say(hand, "No list of recalls was given: what was recalled is not known. Ask "
			       "for the newest and give it with --recalls FILE.");
}

int verb_export_verify(struct hand *hand)
{
	struct cubby_verify_options options = CUBBY_VERIFY_OPTIONS_INIT;
	struct cubby_verified verified = CUBBY_VERIFIED_INIT;
	const char *max_age = hand->command.value[OPTION_MAX_AGE];
	_cleanup_(render_json_freep) json_t *findings = json_array();
	struct telling telling = { hand, findings };
	struct why why = { "" };
	uint32_t seconds = 0;
	int r;

	if (max_age && duration_parse(max_age, &seconds, &why) != 0)
		return hand_fail(hand, EXIT_USAGE, "--max-age: %s", why.text);
	options.dir = hand->command.arguments[0];
	options.recalls = hand->command.value[OPTION_RECALLS];
	options.key = hand->command.value[OPTION_KEY];
	options.max_age_s = seconds;
	r = cubby_export_verify(hand->cubby, &options, finding_tell, &telling, &verified);
	if (r != 0 && hand->json)
		render_json(json_pack("{s:b, s:O}", "valid", 0, "findings", findings));
	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json && verified_json(&verified, findings) < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot write the output");
	verified_say(hand, &verified);
	return verified.findings ? EXIT_GENERAL : EXIT_DONE;
}
