/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby parent`: who may open what is kept, and with what. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "erase.h"
#include "moment.h"
#include "prompt.h"
#include "recovery.h"
#include "render.h"
#include "verb.h"

#define EVERY_SECRET (CUBBY_SECRET_HOME | CUBBY_SECRET_RELEASE | CUBBY_SECRET_SIGN)

static int parents_json(const struct cubby_parents *parents)
{
	json_t *array = json_array();
	char created[MOMENT_TEXT];

	for (size_t i = 0; i < parents->n; i++) {
		const struct cubby_parent *parent = parents->list[i];

		json_array_append_new(array, json_pack("{s:s, s:s, s:b}", "name", parent->name,
						       "created",
						       moment_iso(parent->created_s, created),
						       "founding", parent->founding));
	}
	return render_json(array);
}

static int parents_table(struct hand *hand, const struct cubby_parents *parents)
{
	static const char *const heads[] = { N_("NAME"), N_("SINCE"), "", NULL };
	_cleanup_(table_freep) struct table *table = NULL;
	char created[MOMENT_TEXT];
	int r = table_new(heads, hand->color, &table);

	for (size_t i = 0; r == 0 && i < parents->n; i++) {
		const struct cubby_parent *parent = parents->list[i];
		const char *cells[] = { parent->name, moment_local(parent->created_s, created),
					parent->founding ? _("made the household") : NULL };

		r = table_row(table, cells);
	}
	return r == 0 ? table_print(hand, table) : r;
}

int verb_parent_list(struct hand *hand)
{
	_cleanup_(cubby_parents_freep) struct cubby_parents *parents = NULL;
	int r = cubby_parents(hand->cubby, &parents);

	if (r != 0)
		return hand_refused(hand, r);
	if (parents->n == 0) {
		r = hand_household(hand);
		if (r != 0)
			return r;
	}
	r = hand->json ? parents_json(parents) : parents_table(hand, parents);
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}

/* The code is in its file, or on the terminal now. */
static int recovery_tell(struct hand *hand, const char *member, const char *value,
			 const struct recovery *recovery)
{
	const char *code = recovery->path ? NULL : recovery->code;
	int r;

	if (!hand->json) {
		if (recovery->path)
			hand_say(hand, "Recovery code written to %s; keep it away from this "
				       "machine.", recovery->path);
		recovery_print(code);
		return 0;
	}
	r = render_json(json_pack("{s:s, s:s?, s:s?}", member, value, "recovery_code", code,
				  "recovery_file", recovery->path));
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}

/* After libcubby's answer `r` to something that makes a code. */
static int recovery_end(struct hand *hand, int r, struct recovery *recovery)
{
	if (r == 0)
		return 0;
	/* When no answer came it may have been done: then the code is all there is. */
	if (r == CUBBY_TIMEOUT || r == CUBBY_NO_DAEMON)
		recovery_print(recovery->path || !recovery->code[0] ? NULL : recovery->code);
	else
		recovery_drop(recovery);
	return hand_refused(hand, r);
}

int verb_parent_add(struct hand *hand)
{
	_cleanup_(recovery_clear) struct recovery recovery = RECOVERY_INIT;
	_cleanup_(secret_freep) struct secret *passphrase = NULL;
	const char *name = hand->command.arguments[0];
	sigset_t before;
	int r = prompt_proof(hand, EVERY_SECRET);

	if (r == 0 && prompt_possible())
		hand_say(hand, "Now %s chooses a passphrase.", name);
	if (r == 0)
		r = prompt_new_passphrase(hand, false, &passphrase);
	if (r != 0)
		return r;
	recovery_signals_hold(&before);
	r = recovery_open(hand, OPTION_NEW_RECOVERY_FILE, &recovery);
	if (r == 0) {
		r = cubby_parent_add(hand->cubby, name, (const char *)passphrase->bytes,
				     recovery_keep, &recovery);
		r = recovery_end(hand, r, &recovery);
		if (r == 0) {
			hand_say(hand, "%s is a parent now, and may do all that you may.", name);
			r = recovery_tell(hand, "parent", name, &recovery);
		}
	}
	fflush(stdout);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int verb_parent_recovery(struct hand *hand)
{
	_cleanup_(recovery_clear) struct recovery recovery = RECOVERY_INIT;
	sigset_t before;
	int r = prompt_proof(hand, EVERY_SECRET);

	if (r != 0)
		return r;
	recovery_signals_hold(&before);
	r = recovery_open(hand, OPTION_NEW_RECOVERY_FILE, &recovery);
	if (r == 0) {
		r = cubby_recovery_change(hand->cubby, recovery_keep, &recovery);
		r = recovery_end(hand, r, &recovery);
		if (r == 0) {
			hand_say(hand, "The old recovery code is void.");
			r = recovery_tell(hand, "changed", "recovery", &recovery);
		}
	}
	fflush(stdout);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int verb_parent_passphrase(struct hand *hand)
{
	_cleanup_(secret_freep) struct secret *passphrase = NULL;
	int r = prompt_proof(hand, EVERY_SECRET);

	if (r == 0)
		r = prompt_new_passphrase(hand, false, &passphrase);
	if (r != 0)
		return r;
	r = cubby_passphrase_change(hand->cubby, (const char *)passphrase->bytes);
	if (r != 0)
		return hand_refused(hand, r);
	hand_say(hand, "The passphrase is changed. The old one opens nothing any more; the "
		       "recovery code stays.");
	return 0;
}

int verb_parent_remove(struct hand *hand)
{
	const char *name = hand->command.arguments[0];
	int r = erase_confirm(hand, name, "This ends %s's passphrase and recovery code, and seals "
			      "what is kept to new keys. What %s consented to stays until you "
			      "withdraw it.", name, name);

	if (r == 0)
		r = prompt_proof(hand, EVERY_SECRET);
	if (r != 0)
		return r;
	r = cubby_parent_remove(hand->cubby, name);
	if (r != 0)
		return hand_refused(hand, r);
	hand_say(hand, "%s is no parent any more, and opens nothing here.", name);
	return prompt_reseal(hand);
}
