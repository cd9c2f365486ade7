/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby policy`: prints the policy that is in force, as the keeper made it from its running
 * configuration; never a text of our own. In another language each sentence that is known is said
 * again; what a consent names is the hash of the English text. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "hand.h"
#include "pager.h"
#include "render.h"
#include "said.h"
#include "verb.h"

int verb_policy(struct hand *hand)
{
	_cleanup_(cleanup_free) char *text = NULL;
	char hash[CUBBY_KEY_TEXT], room[SAID_TEXT];
	int r = cubby_policy(hand->cubby, &text, hash);

	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json) {
		r = render_json(json_pack("{s:s, s:s}", "text", text, "hash", hash));
		return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
	}
	pager_begin(hand);
	for (char *line = text, *end; *line; line = end) {
		end = strchrnul(line, '\n');
		if (*end)
			*end++ = 0;
		render_clean(line);
		puts(said(line, room));
	}
	printf("%s: %s\n", _("Hash of this text"), hash);
	pager_end();
	return 0;
}
