/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby status`, and `cubby` alone. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "hand.h"
#include "moment.h"
#include "render.h"
#include "said.h"
#include "verb.h"

static json_t *texts_json(const char *const *texts)
{
	json_t *array = json_array();

	for (; array && *texts; texts++)
		if (json_array_append_new(array, json_string(*texts)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* null where there was none yet. */
static json_t *drill_json(const struct cubby_drill *drill)
{
	char time[MOMENT_TEXT];

	if (!drill->ended_s)
		return json_null();
	return json_pack("{s:s, s:b, s:o}", "ended", moment_iso(drill->ended_s, time), "ok",
			 !drill->found[0], "found", texts_json(drill->found));
}

/* Adults whom the ear knows by voice. */
struct known {
	unsigned n, stale;	/* stale: enrolled under a policy that is not in force any more */
	int64_t until_s;	/* the first end; 0: nobody is known */
};

static struct known known_of(const struct cubby_voiceprints *voiceprints)
{
	struct known known = { 0 };

	for (size_t i = 0; voiceprints && i < voiceprints->n; i++) {
		const struct cubby_voiceprint *one = voiceprints->list[i];

		if (strcmp(one->state, "in force") != 0) {
			known.stale++;
			continue;
		}
		known.n++;
		if (!known.until_s || one->expires_s < known.until_s)
			known.until_s = one->expires_s;
	}
	return known;
}

static json_t *known_json(const struct cubby_voiceprints *voiceprints)
{
	const struct known known = known_of(voiceprints);
	char until[MOMENT_TEXT];

	return json_pack("{s:i, s:s?, s:i}", "adults", (int)known.n, "until",
			 known.n ? moment_iso(known.until_s, until) : NULL, "policy_changed",
			 (int)known.stale);
}

static void known_print(struct hand *hand, const struct cubby_voiceprints *voiceprints)
{
	const struct known known = known_of(voiceprints);
	char until[MOMENT_TEXT];

	if (known.n)
		hand_say(hand, words_n("voices      %u adult known, until %s",
				       "voices      %u adults known, the first until %s", known.n),
			 known.n, moment_local(known.until_s, until));
	else
		hand_say(hand, "voices      none known");
	if (known.stale)
		hand_say(hand, "            %u not known any more, because the policy changed; "
			 "enrol anew", known.stale);
}

/* What is asked of the keeper besides its status; NULL for who is no parent. */
struct more {
	struct cubby_drill *drill;
	struct cubby_voiceprints *voiceprints;
};

static void more_clear(struct more *more)
{
	cubby_drill_free(more->drill);
	cubby_voiceprints_free(more->voiceprints);
}

/* problem: of the access log, one more alert; or "". */
static json_t *status_json(const struct cubby_status *status, const struct more *more,
			   const char *problem)
{
	json_t *json = json_pack("{s:b, s:s, s:s, s:o, s:b, s:s?, s:b}", "running", 1, "version",
				 status->version, "erasure_level", status->erasure_level, "sandbox",
				 texts_json(status->sandbox), "household", status->household,
				 "device_key", status->device_key[0] ? status->device_key : NULL,
				 "device_trusted", status->device_trusted);

	if (!json || !status->described)
		return json;
	json_object_set_new(json, "profiles", json_integer(status->profiles));
	json_object_set_new(json, "items", json_integer(status->items));
	json_object_set_new(json, "hidden", json_integer(status->hidden));
	json_object_set_new(json, "erasing", json_integer(status->erasing));
	json_object_set_new(json, "released", json_integer(status->released));
	json_object_set_new(json, "alerts", texts_json(status->alerts));
	if (*problem)
		json_array_append_new(json_object_get(json, "alerts"), json_string(problem));
	if (more->drill)
		json_object_set_new(json, "drill", drill_json(more->drill));
	if (more->voiceprints)
		json_object_set_new(json, "voices", known_json(more->voiceprints));
	return json;
}

static const char *level_words(const char *level)
{
	if (strcmp(level, "E0") == 0)
		return _("what is deleted becomes unreadable; this file system may keep old "
			 "blocks");
	if (strcmp(level, "E1") == 0)
		return _("the key of what is deleted is overwritten in place on this disk");
	if (strcmp(level, "E2") == 0)
		return _("the key is overwritten in place; flash cells may hold an old copy of it");
	return _("see docs/ERASURE.md");
}

/* Last drill; nothing for who is no parent. */
static void drill_print(struct hand *hand, const struct cubby_drill *drill)
{
	char time[MOMENT_TEXT];

	if (!drill->ended_s)
		hand_say(hand, "last drill  none yet; 'cubby drill' runs it now");
	else if (drill->found[0])
		hand_say(hand, "last drill  %s, failed: %s", moment_local(drill->ended_s, time),
			 drill->found[0]);
	else
		hand_say(hand, "last drill  %s, ok", moment_local(drill->ended_s, time));
}

static void kept_print(struct hand *hand, const struct cubby_status *status)
{
	char items[64], profiles[64];

	snprintf(items, sizeof(items), words_n("%u item", "%u items", status->items),
		 status->items);
	snprintf(profiles, sizeof(profiles),
		 words_n("of %u profile", "of %u profiles", status->profiles), status->profiles);
	hand_say(hand, "kept        %s %s; %u being erased, %u released for export", items,
		 profiles, status->erasing, status->released);
}

static void status_print(struct hand *hand, const struct cubby_status *status,
			 const struct more *more)
{
	char sandbox[256] = "", room[SAID_TEXT];

	for (const char *const *text = status->sandbox; *text; text++)
		snprintf(sandbox + strlen(sandbox), sizeof(sandbox) - strlen(sandbox), "%s%s",
			 *sandbox ? ", " : "", *text);
	hand_say(hand, "keeper      running, version %s", status->version);
	hand_say(hand, "erasure     %s: %s", status->erasure_level,
		 level_words(status->erasure_level));
	hand_say(hand, "sandbox     %s", *sandbox ? sandbox : _("none"));
	hand_say(hand, "household   %s", status->household ? _("set up")
			: _("none yet; run 'cubby setup --parent NAME'"));
	if (status->described)
		kept_print(hand, status);
	if (status->described && status->hidden)
		hand_say(hand, words_n("hidden      %u item, until the clock has proved right",
				       "hidden      %u items, until the clock has proved right",
				       status->hidden), status->hidden);
	if (status->device_key[0])
		hand_say(hand, "device key  %s", status->device_key);
	if (more->voiceprints)
		known_print(hand, more->voiceprints);
	if (more->drill)
		drill_print(hand, more->drill);
	for (const char *const *text = status->alerts; *text; text++)
		hand_say(hand, "ALERT       %s", said(*text, room));
}

/* Whether the access log still holds what was seen of it here. */
static int log_look(struct hand *hand, const struct cubby_status *status,
		    char problem[static CUBBY_LOG_PROBLEM_TEXT])
{
	problem[0] = 0;
	if (!status->described || !status->household || !status->device_trusted)
		return 0;
	return cubby_log_look(hand->cubby, problem);
}

int verb_status(struct hand *hand)
{
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	_cleanup_(more_clear) struct more more = { 0 };
	char problem[CUBBY_LOG_PROBLEM_TEXT];
	int r = cubby_status(hand->cubby, &status);

	if (r == CUBBY_NO_DAEMON && hand->json)
		render_json(json_pack("{s:b}", "running", 0));
	if (r != 0)
		return hand_refused(hand, r);
	if (status->described)
		r = cubby_drill_last(hand->cubby, &more.drill);
	if (r == 0 && status->described && status->household)
		r = cubby_voiceprints(hand->cubby, &more.voiceprints);
	if (r == 0)
		r = log_look(hand, status, problem);
	if (r != 0)
		return hand_refused(hand, r);
	/* What is dropped was read before, and is shown this once more. */
	if (command_has(&hand->command, OPTION_SEEN)) {
		r = cubby_alerts_seen(hand->cubby);
		if (r != 0)
			return hand_refused(hand, r);
	}
	if (hand->json) {
		r = render_json(status_json(status, &more, problem));
		if (r < 0)
			return hand_fail(hand, EXIT_GENERAL, "cannot write the output");
	} else {
		status_print(hand, status, &more);
		if (*problem)
			hand_say(hand, "ALERT       %s", problem);
	}
	if (!status->device_trusted)
		return hand_fail(hand, EXIT_GENERAL,
				 "the keeper has other keys than those pinned in %s; 'cubby "
				 "doctor' says more",
				 cubby_state_dir(hand->cubby));
	return 0;
}

int verb_next(struct hand *hand)
{
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	int r = cubby_status(hand->cubby, &status);

	if (r != 0) {
		puts(_("The keeper is not running, or you may not reach it.\n"
		       "  cubby doctor       what is missing, and what to do\n"
		       "  cubby help         all commands"));
	} else if (!status->household) {
		puts(_("Nothing is kept: there is no household yet.\n"
		       "  cubby setup --parent NAME   make one: choose a passphrase, get a "
		       "recovery code\n"
		       "  cubby help                  all commands"));
	} else {
		puts(_("  cubby list         what is kept\n"
		       "  cubby status       is all well\n"
		       "  cubby help         all commands"));
	}
	return 0;
}
