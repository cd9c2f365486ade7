/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby enroll` and `cubby voiceprint`: an adult's voice, so that the ear knows when that adult
 * speaks. What is said here is held in locked memory and wiped; only the voiceprint leaves, sealed
 * to the keeper. Nothing of a child is ever enrolled. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "crypt/voiceconsent.h"
#include "cut.h"
#include "erase.h"
#include "listing.h"
#include "moment.h"
#include "playback.h"
#include "prompt.h"
#include "render.h"
#include "sound/sound.h"
#include "speaker/enrolment.h"
#include "verb.h"

#define SPOKEN_WANTED 5
#define SPOKEN_TRIES 12

static const char *const sentences[] = {
	N_("What will the weather be like tomorrow in the afternoon?"),
	N_("Please set a timer for twenty minutes and tell me when it is over."),
	N_("I would like to hear some quiet music while I am cooking dinner."),
	N_("Turn off the lights in the kitchen and lock the front door."),
	N_("Add bread, butter and a dozen eggs to the shopping list."),
	N_("Remind me on Thursday morning to call my sister."),
};

static int adult_check(struct hand *hand, const char *name, const char **ret_id)
{
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	static char id[CUBBY_ID_TEXT];
	const struct cubby_profile *profile;
	int r = cubby_profiles(hand->cubby, &profiles);

	if (r != 0)
		return hand_refused(hand, r);
	r = hand_profile(hand, profiles, name, &profile);
	if (r == 0 && profile->child)
		return hand_fail(hand, EXIT_NOT_AUTHORIZED,
				 "%s is a child; there is no voiceprint of a child", name);
	if (r == 0)
		memcpy(id, profile->id, sizeof(id));
	*ret_id = id;
	return r;
}

static int keep_choose(struct hand *hand, uint32_t *ret_s)
{
	const char *text = hand->command.value[OPTION_KEEP];
	char max[MOMENT_TEXT];
	struct why why;

	*ret_s = VOICE_CONSENT_KEEP_MAX_S;
	if (!text)
		return 0;
	if (duration_parse(text, ret_s, &why) != 0)
		return hand_fail(hand, EXIT_USAGE, "--keep: %s", why.text);
	if (*ret_s < VOICE_CONSENT_KEEP_MIN_S || *ret_s > VOICE_CONSENT_KEEP_MAX_S)
		return hand_fail(hand, EXIT_USAGE,
				 "--keep: a voiceprint can be kept for 1 min to %s, not for %s",
				 duration_text(VOICE_CONSENT_KEEP_MAX_S, max), text);
	return 0;
}

/* Recordings that the adult made. */
static int files_add(struct hand *hand, struct enrolment *enrolment)
{
	for (size_t i = 1; i < hand->command.n; i++) {
		const char *path = hand->command.arguments[i];
		_cleanup_(sound_clear) struct sound sound = { 0 };
		struct why why = { "" };
		int r = sound_from_file(path, SOUND_SECONDS_MAX, &sound, &why);

		if (r == 0)
			r = enrolment_add(enrolment, (const int16_t *)sound.samples->bytes,
					  sound.frames, &why);
		if (r < 0)
			return hand_fail(hand, EXIT_GENERAL, "cannot read %s (%s)", path,
					 strerror(-r));
		if (r > 0)
			return hand_fail(hand, exit_code_of(r), "%s: %s; nothing was enrolled",
					 path, why.text);
	}
	return 0;
}

static int cut_piece(void *context, const int16_t *piece)
{
	cut_push(context, piece);
	return ((struct cut *)context)->state >= CUT_DONE;
}

/* One utterance; wiped before this returns. ANSWER_INVALID_ARGUMENT: not fit, and why says why. */
static int spoken_add(struct enrolment *enrolment, struct why *why)
{
	_cleanup_(secret_freep) struct secret *memory = NULL;
	struct cut cut = { 0 };
	int r = secret_new(CUT_SAMPLES_MAX * sizeof(int16_t), &memory);

	if (r != 0)
		return fault_trace(r);
	cut.samples = (int16_t *)(void *)memory->bytes;
	r = playback_hear(CUT_RATE_HZ, CUT_PIECE, cut_piece, &cut, why);
	if (r == 0 && cut.state == CUT_NOTHING)
		return answer_why(why, ANSWER_INVALID_ARGUMENT, "nobody spoke");
	return r != 0 ? r : enrolment_add(enrolment, cut.samples, cut.n, why);
}

static int spoken_all(struct hand *hand, struct enrolment *enrolment)
{
	char name[256];
	struct why why = { "" };
	int r = playback_microphone(name, sizeof(name), &why);

	if (r != 0)
		return hand_fail(hand, exit_code_of(r), "%s; recordings can be named instead: "
				 "cubby enroll NAME FILE...", why.text);
	if (!prompt_possible() && !command_has(&hand->command, OPTION_YES))
		return hand_fail(hand, EXIT_USAGE, "there is nobody to ask to speak; --yes listens "
				 "all the same");
	hand_say(hand, "Stand where you usually speak to this device. Nothing you say now is kept; "
		 "only the voiceprint made of it is.");
	for (unsigned i = 0; i < SPOKEN_TRIES; i++) {
		const unsigned n = enrolment_utterances(enrolment);

		if (n >= SPOKEN_WANTED)
			return 0;
		hand_say(hand, "%u of %d. Please say: %s", n + 1, SPOKEN_WANTED,
			 _(sentences[i % ARRAY_SIZE(sentences)]));
		r = spoken_add(enrolment, &why);
		if (r < 0)
			return hand_fail(hand, EXIT_GENERAL, "cannot listen (%s)", strerror(-r));
		if (r == ANSWER_INVALID_ARGUMENT)
			hand_say(hand, "  Once more: %s.", why.text);
		else if (r > 0)
			return hand_fail(hand, exit_code_of(r), "%s", why.text);
	}
	return hand_fail(hand, EXIT_GENERAL, "too few clear sentences of one voice; nothing was "
			 "enrolled");
}

/* Of what was heard, as bytes in locked memory. */
static int voiceprint_make(struct hand *hand, struct secret **ret)
{
	_cleanup_(speaker_model_freep) struct speaker_model *model = NULL;
	_cleanup_(enrolment_freep) struct enrolment *enrolment = NULL;
	_cleanup_(secret_freep) struct secret *memory = NULL;
	uint8_t bytes[VOICEPRINT_BYTES_MAX];
	struct voiceprint *voiceprint;
	struct why why = { "" };
	size_t n;
	int r = speaker_model_open(SPEAKER_MODEL, &model, &why);

	if (r == 0)
		r = enrolment_new(model, &enrolment);
	if (r == 0)
		r = secret_new(sizeof(*voiceprint), &memory);
	if (r != 0)
		return hand_fail(hand, r > 0 ? exit_code_of(r) : EXIT_GENERAL, "%s",
				 r > 0 ? why.text : strerror(-r));
	r = hand->command.n > 1 ? files_add(hand, enrolment) : spoken_all(hand, enrolment);
	if (r != 0)
		return r;
	voiceprint = (struct voiceprint *)(void *)memory->bytes;
	r = enrolment_finish(enrolment, voiceprint, &why);
	if (r > 0)
		return hand_fail(hand, exit_code_of(r), "%s; nothing was enrolled", why.text);
	if (r == 0) {
		n = voiceprint_write(voiceprint, bytes);
		r = secret_from(bytes, n, ret);
		secret_wipe(bytes, sizeof(bytes));
	}
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "%s", strerror(-r)) : 0;
}

int verb_enroll(struct hand *hand)
{
	const char *name = hand->command.arguments[0], *id;
	_cleanup_(secret_freep) struct secret *bytes = NULL;
	_cleanup_(cleanup_free) char *job = NULL;
	char keep[MOMENT_TEXT];
	uint32_t keep_s;
	int r = keep_choose(hand, &keep_s);

	if (r == 0)
		r = adult_check(hand, name, &id);
	if (r == 0)
		r = voiceprint_make(hand, &bytes);
	/* The proof lasts five minutes, and speaking may take longer. */
	if (r == 0)
		r = prompt_proof(hand, CUBBY_SECRET_SIGN);
	if (r != 0)
		return r;
	r = cubby_enroll(hand->cubby, id, bytes->bytes, bytes->n, keep_s, &job);
	if (r != 0)
		return hand_refused(hand, r);
	if (hand->json) {
		r = render_json(json_pack("{s:s, s:s, s:i}", "profile", name, "state", "in force",
					  "keep_s", (int)keep_s));
		return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
	}
	hand_say(hand, "%s is enrolled for %s%s. Erase it with: cubby voiceprint erase %s", name,
		 duration_text(keep_s, keep),
		 job ? _("; the older voiceprint is being erased") : "", name);
	return 0;
}

static json_t *voiceprint_json(const void *one, const char *profile)
{
	const struct cubby_voiceprint *voiceprint = one;
	char made[MOMENT_TEXT], expires[MOMENT_TEXT];

	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "profile", profile, "profile_id",
			 voiceprint->profile_id, "state", voiceprint->state, "made",
			 moment_iso(voiceprint->made_s, made), "expires",
			 moment_iso(voiceprint->expires_s, expires));
}

static int voiceprint_row(struct table *table, const void *one, const char *profile)
{
	const struct cubby_voiceprint *voiceprint = one;
	char made[MOMENT_TEXT], expires[MOMENT_TEXT];
	const char *cells[] = { profile, _(voiceprint->state),
				moment_local(voiceprint->made_s, made),
				moment_local(voiceprint->expires_s, expires) };

	return fault_trace(table_row(table, cells));
}

int verb_voiceprint_list(struct hand *hand)
{
	static const char *const heads[] = { N_("PROFILE"), N_("STATE"), N_("MADE"),
					     N_("EXPIRES"), NULL };
	_cleanup_(cubby_voiceprints_freep) struct cubby_voiceprints *voiceprints = NULL;
	int r = cubby_voiceprints(hand->cubby, &voiceprints);

	if (r != 0)
		return hand_refused(hand, r);
	return listing_print(hand, &(struct listing){
		.heads = heads, .nothing = N_("Nobody is enrolled: no voiceprint is kept."),
		.n = voiceprints->n, .list = (const void *const *)voiceprints->list,
		.profile_offset = offsetof(struct cubby_voiceprint, profile_id),
		.json = voiceprint_json, .row = voiceprint_row });
}

int verb_voiceprint_erase(struct hand *hand)
{
	_cleanup_(cleanup_free) char *job = NULL;
	int r = cubby_voiceprint_erase(hand->cubby, hand->command.arguments[0], &job);

	if (r != 0)
		return hand_refused(hand, r);
	return erase_finish(hand, job, NULL, 0);
}
