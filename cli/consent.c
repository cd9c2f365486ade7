/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby consent`: what may be kept. Each kind is named by the parent or not granted at all. */

#include <stdio.h>
#include <string.h>

#include "base/kind.h"
#include "base/words.h"
#include "erase.h"
#include "hook.h"
#include "listing.h"
#include "moment.h"
#include "prompt.h"
#include "render.h"
#include "verb.h"

/* Where --keep is not given: 30 days, or less where the law of the build says so. */
#define KEEP_DEFAULT_S (30 * 86400)

#define METHOD_FOLDER "/etc/cubby/consent.d"

/* The kinds among the arguments, checked. Returns an exit code. */
static int kinds_check(struct hand *hand)
{
	const char *const *kinds = hand->command.arguments + 1;
	size_t n = hand->command.n - 1;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(kinds[i], "training") == 0)
			return hand_fail(hand, EXIT_USAGE,
					 "training cannot be consented to here: a child's voice "
					 "is never "
					 "exported; an adult releases single items with 'cubby "
					 "export approve'");
		if (!kind_from_name(kinds[i]))
			return hand_fail(hand, EXIT_USAGE,
					 "'%s' is not a kind; there are audio, transcript and "
					 "location",
					 kinds[i]);
		for (size_t j = 0; j < i; j++)
			if (strcmp(kinds[i], kinds[j]) == 0)
				return hand_fail(hand, EXIT_USAGE, "'%s' is named twice", kinds[i]);
	}
	return 0;
}

static int keep_choose(struct hand *hand, const char *kind, uint32_t *ret_s)
{
	const char *text = hand->command.value[OPTION_KEEP];
	uint32_t max_s = cubby_keep_max_s(kind), keep_s = KEEP_DEFAULT_S;
	char max[MOMENT_TEXT];
	struct why why;

	if (!text) {
		*ret_s = keep_s < max_s ? keep_s : max_s;
		return 0;
	}
	if (duration_parse(text, &keep_s, &why) != 0)
		return hand_fail(hand, EXIT_USAGE, "--keep: %s", why.text);
	if (keep_s < 60 || keep_s > max_s)
		return hand_fail(hand, EXIT_USAGE, "--keep: %s can be kept for 1 min to %s, not "
						   "for %s",
				 kind, duration_text(max_s, max), text);
	*ret_s = keep_s;
	return 0;
}

/* An integrator's verification: the parent consents only if it agrees, and its name is signed. */
static int method_run(struct hand *hand)
{
	const char *method = hand->command.value[OPTION_METHOD];
	const char *const *kinds = hand->command.arguments + 1;
	_cleanup_(cleanup_free) char *path = NULL;
	char asked[64] = "";
	int r;

	if (!method)
		return 0;
	if (!*method || strspn(method, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(method))
		return hand_fail(hand, EXIT_USAGE,
				 "--method: '%s' is not small letters, digits and '-'", method);
	if (asprintf(&path, METHOD_FOLDER "/%s", method) < 0)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	for (size_t i = 0; i < hand->command.n - 1; i++)
		snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s%s",
			 i ? " " : "", kinds[i]);
	r = hook_run(path, (const struct hook_word[]){
			{ "CUBBY_PROFILE", hand->command.arguments[0] },
			{ "CUBBY_KINDS", asked }, { NULL } });
	if (r < 0)
		return hand_fail(hand, EXIT_GENERAL, "%s cannot be run (%s); nothing was granted",
				 path, strerror(-r));
	if (r > 0)
		return hand_fail(hand, EXIT_NOT_AUTHORIZED, "%s did not agree; nothing was granted",
				 path);
	return 0;
}

int verb_consent_grant(struct hand *hand)
{
	const char *profile = hand->command.arguments[0];
	const char *const *kinds = hand->command.arguments + 1;
	size_t n = hand->command.n - 1;
	_cleanup_(cleanup_free) char *policy = NULL;
	char hash[CUBBY_KEY_TEXT], keep[MOMENT_TEXT];
	uint32_t keep_s[KIND_MAX];
	int r;

	r = kinds_check(hand);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = keep_choose(hand, kinds[i], &keep_s[i]);
	if (r == 0)
		r = method_run(hand);
	if (r == 0)
		r = prompt_proof(hand, CUBBY_SECRET_SIGN);
	if (r != 0)
		return r;
	r = cubby_policy(hand->cubby, &policy, hash);
	if (r == 0)
		r = command_has(&hand->command, OPTION_METHOD)
			? cubby_consent_grant_by(hand->cubby, profile, kinds, keep_s, n,
						 hand->command.value[OPTION_METHOD])
			: cubby_consent_grant(hand->cubby, profile, kinds, keep_s, n);
	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json) {
		json_t *array = json_array();

		for (size_t i = 0; i < n; i++)
			json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:i, s:s}",
							       "profile",
							       profile, "kind", kinds[i], "state",
							       "in force", "keep_s", (int)keep_s[i],
							       "policy", hash));
		r = render_json(array);
		return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
	}
	for (size_t i = 0; i < n; i++)
		hand_say(hand, "%s of %s may be kept for %s.", kinds[i], profile,
			 duration_text(keep_s[i], keep));
	hand_say(hand, "Under the policy %.12s ('cubby policy' shows it). End it with: "
		 "cubby consent withdraw %s", hash, profile);
	return 0;
}

int verb_consent_withdraw(struct hand *hand)
{
	const char *profile = hand->command.arguments[0];
	_cleanup_(cleanup_free) char *job = NULL;
	int r = kinds_check(hand);

	if (r != 0)
		return r;
	r = cubby_consent_withdraw(hand->cubby, profile, hand->command.arguments + 1,
				   hand->command.n - 1, &job);
	if (r != 0)
		return hand_refused(hand, r);
	hand_say(hand, "Withdrawn; nothing more of %s is kept under it.", profile);
	return erase_finish(hand, job, hand->command.arguments + 1, hand->command.n - 1);
}

json_t *consent_json(const void *one, const char *profile)
{
	const struct cubby_consent *consent = one;
	char granted[MOMENT_TEXT];

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "profile", profile, "profile_id",
			 consent->profile_id, "kind", consent->kind, "state", consent->state,
			 "keep_s",
			 (json_int_t)consent->keep_s, "granted",
			 moment_iso(consent->granted_s, granted), "method", consent->method);
}

static int consent_row(struct table *table, const void *one, const char *profile)
{
	const struct cubby_consent *consent = one;
	char keep[MOMENT_TEXT], granted[MOMENT_TEXT];
	const char *cells[] = { profile, consent->kind, _(consent->state),
				duration_text(consent->keep_s, keep),
				moment_local(consent->granted_s, granted), consent->method };
	int r = table_row(table, cells);

	if (r == 0)
		r = table_tint(table, 2, strcmp(consent->state, "in force") == 0 ? TINT_GOOD
										 : TINT_WARN);
	return fault_trace(r);
}

int verb_consent_show(struct hand *hand)
{
	static const char *const heads[] = { N_("PROFILE"), N_("KIND"), N_("STATE"),
					     N_("KEPT FOR"), N_("GRANTED"), N_("METHOD"),
					     NULL };
	_cleanup_(cubby_consents_freep) struct cubby_consents *consents = NULL;
	int r = cubby_consents(hand->cubby, hand->command.n ? hand->command.arguments[0] : NULL,
			       &consents);

	if (r != 0)
		return hand_refused(hand, r);
	return listing_print(hand, &(struct listing){
		.heads = heads, .nothing = N_("No consents: nothing is kept."),
		.n = consents->n, .list = (const void *const *)consents->list,
		.profile_offset = offsetof(struct cubby_consent, profile_id),
		.json = consent_json, .row = consent_row });
}
