/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby export history` and `recalls`: what became of what was given away. No passphrase: who lost
 * it can still call things back. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "hand.h"
#include "moment.h"
#include "output.h"
#include "render.h"
#include "verb.h"

static int history_table(struct hand *hand, const struct cubby_past_exports *exports)
{
	static const char *const heads[] = { N_("EXPORT"), N_("BEGUN"), N_("STATE"),
					     N_(">ITEMS"), N_(">RECALLED"), N_("PURPOSE"),
					     N_("RECIPIENT"), NULL };
	_cleanup_(table_freep) struct table *table = NULL;
	int r = table_new(heads, hand->color, &table);

	for (size_t i = 0; r == 0 && i < exports->n; i++) {
		const struct cubby_past_export *export = exports->list[i];
		char id[9], begun[MOMENT_TEXT], items[16], recalled[16];
		const char *cells[] = { id, begun,
					export->ended_s ? _("complete") : _("unfinished"), items,
					recalled, export->purpose, export->recipient };

		snprintf(id, sizeof(id), "%.8s", export->id);
		moment_local(export->begun_s, begun);
		snprintf(items, sizeof(items), "%u", export->items);
		snprintf(recalled, sizeof(recalled), "%u", export->recalled);
		r = table_row(table, cells);
	}
	return r == 0 ? table_print(hand, table) : r;
}

static int history_json(const struct cubby_past_exports *exports)
{
	json_t *array = json_array();
	char begun[MOMENT_TEXT], ended[MOMENT_TEXT];

	for (size_t i = 0; i < exports->n; i++) {
		const struct cubby_past_export *export = exports->list[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:s?, s:s, s:s, s:i, s:i}", "export",
						export->id, "begun",
						moment_iso(export->begun_s, begun), "ended",
						export->ended_s ? moment_iso(export->ended_s, ended)
								: NULL,
						"purpose", export->purpose, "recipient",
						export->recipient, "items", (int)export->items,
						"recalled", (int)export->recalled));
	}
	return render_json(array);
}

int verb_export_history(struct hand *hand)
{
	_cleanup_(cubby_past_exports_freep) struct cubby_past_exports *exports = NULL;
	int r = cubby_past_exports(hand->cubby, &exports);

	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json)
		r = history_json(exports);
	else if (exports->n == 0)
		hand_say(hand, "Nothing was exported.");
	else
		r = history_table(hand, exports);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}

int verb_export_recalls(struct hand *hand)
{
	const char *path = hand->command.value[OPTION_OUTPUT];
	_cleanup_(cleanup_free) char *text = NULL;
	size_t n = 0, lines = 0;
	int r = cubby_export_recalls(hand->cubby, &text, &n);

	if (r != 0)
		return hand_refused(hand, r);
	r = output_write(path ? path : "-", text, n, 0644);
	if (r < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot write %s (%s)",
				 path ? path : _("the output"), strerror(-r));
	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	if (path && strcmp(path, "-") != 0)
		hand_say(hand, words_n("Wrote %s: %zu recalled item. Send it to whoever has an "
				       "export.", "Wrote %s: %zu recalled items. Send it to "
				       "whoever has an export.", lines - 1), path, lines - 1);
	return 0;
}
