/* SPDX-License-Identifier: Apache-2.0 */
/* Compares voices before an approval (R28). Voiceprints lie in locked memory and are wiped with
 * this; nothing of them is shown or written. */

#include "voice_check.h"

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "item.h"
#include "prompt.h"
#include "speaker/speech.h"

#define OWNERS_MAX 16

struct owner {
	char id[CUBBY_ID_TEXT];
	bool enrolled;
	struct voiceprint voiceprint;	/* if enrolled */
};

struct voice_check {
	struct hand *hand;
	struct speaker_model *model;
	struct speech *speech;
	struct secret *memory;		/* OWNERS_MAX struct owner */
	size_t n;
};

int voice_check_new(struct hand *hand, struct voice_check **ret)
{
	_cleanup_(voice_check_freep) struct voice_check *check = calloc(1, sizeof(*check));

	if (!check || secret_new(OWNERS_MAX * sizeof(struct owner), &check->memory) != 0)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	check->hand = hand;
	*ret = take(check);
	return 0;
}

struct voice_check *voice_check_free(struct voice_check *check)
{
	if (!check)
		return NULL;
	speech_free(check->speech);
	speaker_model_free(check->model);
	secret_free(check->memory);
	free(check);
	return NULL;
}

static int check_fail(struct voice_check *check, int r, const struct why *why)
{
	return hand_fail(check->hand, r > 0 ? exit_code_of(r) : EXIT_GENERAL,
			 "voices cannot be compared: %s", r > 0 ? why->text : strerror(-r));
}

static int model_prepare(struct voice_check *check, struct why *why)
{
	int r = 0;

	if (!check->model)
		r = speaker_model_open(SPEAKER_MODEL, &check->model, why);
	if (r == 0 && !check->speech)
		r = speech_new(check->model, &check->speech);
	return fault_trace(r);
}

/* Fetches the voiceprint. One that another model made compares with nothing. */
static int owner_fetch(struct voice_check *check, struct owner *owner)
{
	_cleanup_(secret_freep) struct secret *bytes = NULL;
	struct why why = { "" };
	size_t n;
	int r = secret_new(VOICEPRINT_BYTES_MAX, &bytes);

	if (r != 0)
		return check_fail(check, r, &why);
	r = cubby_export_voiceprint(check->hand->cubby, owner->id, bytes->bytes, bytes->n, &n);
	if (r == CUBBY_NOT_FOUND) {
		hand_say(check->hand, "Nobody is enrolled for this profile, so voices are not "
			 "compared.");
		return 0;
	}
	if (r != 0)
		return hand_refused(check->hand, r);
	r = model_prepare(check, &why);
	if (r == 0)
		r = voiceprint_read(bytes->bytes, n, &owner->voiceprint, &why);
	if (r == 0 && memcmp(owner->voiceprint.model, check->model->hash,
			     sizeof(check->model->hash)) != 0)
		r = answer_why(&why, ANSWER_FAILED, "the voiceprint was made with another model; "
			       "enrol anew, or \"cubby voiceprint erase\"");
	if (r != 0)
		return check_fail(check, r, &why);
	owner->enrolled = true;
	return 0;
}

static int owner_find(struct voice_check *check, const char *id, struct owner **ret)
{
	struct owner *owners = (struct owner *)(void *)check->memory->bytes, *owner;
	int r;

	for (size_t i = 0; i < check->n; i++)
		if (strcmp(owners[i].id, id) == 0) {
			*ret = &owners[i];
			return 0;
		}
	if (check->n == OWNERS_MAX)
		check->n = 0;
	owner = &owners[check->n];
	memset(owner, 0, sizeof(*owner));
	snprintf(owner->id, sizeof(owner->id), "%s", id);
	r = owner_fetch(check, owner);
	if (r != 0)
		return r;
	check->n++;
	*ret = owner;
	return 0;
}

int voice_check_enrolled(struct voice_check *check, const char *id, bool *ret)
{
	struct owner *owner;
	int r = owner_find(check, id, &owner);

	if (r == 0)
		*ret = owner->enrolled;
	return r;
}

/* The whole, and both sides of each split: a child who joins in is another voice, too. */
static enum voice_said judge(const struct voice_check *check, const struct voiceprint *voiceprint)
{
	const struct speech *speech = check->speech;

	return voiceprint_score(check->model, voiceprint, speech_point(speech)) >=
			       speech_least(speech, &check->model->whole) &&
	       speech_one_voice(speech, voiceprint) >= 0.0f ? VOICE_MATCH : VOICE_OTHER;
}

int voice_check_item(struct voice_check *check, const char *id,
		     const struct cubby_opened *opened, enum voice_said *ret)
{
	struct why why = { "" };
	struct owner *owner;
	int r = owner_find(check, id, &owner);

	if (r != 0)
		return r;
	*ret = VOICE_NONE;
	if (!owner->enrolled || !opened->samples)
		return 0;
	*ret = VOICE_UNCLEAR;
	if (opened->rate_hz != CEPSTRA_RATE_HZ)
		return 0;
	r = speech_hear(check->speech, opened->samples, opened->frames, &why);
	if (r == 0)
		*ret = judge(check, &owner->voiceprint);
	speech_reset(check->speech);
	return r < 0 ? check_fail(check, r, &why) : 0;
}

int voice_check_id(struct voice_check *check, const char *owner, const char *id,
		   enum voice_said *ret)
{
	static const char *const kinds[] = { "audio", NULL };
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
	bool enrolled;
	int r = voice_check_enrolled(check, owner, &enrolled);

	*ret = VOICE_NONE;
	if (r != 0 || !enrolled)
		return r;
	r = item_open(check->hand, id, kinds, &opened);
	if (r == CUBBY_NOT_FOUND)
		return 0;
	return r ? hand_refused(check->hand, r) : voice_check_item(check, owner, opened, ret);
}

const char *voice_said_text(enum voice_said said)
{
	static const char *const texts[] = {
		[VOICE_NONE] = N_("nobody is enrolled to compare the voice with"),
		[VOICE_MATCH] = N_("the voice matches its owner's"),
		[VOICE_OTHER] = N_("not the enrolled voice of its owner"),
		[VOICE_UNCLEAR] = N_("too short or unclear to tell whose voice it is"),
	};

	return _(texts[said]);
}

const char *voice_said_word(enum voice_said said)
{
	static const char *const words[] = { [VOICE_NONE] = "none", [VOICE_MATCH] = "match",
					     [VOICE_OTHER] = "mine", [VOICE_UNCLEAR] = "unclear" };

	return words[said];
}

bool voice_answered(struct hand *hand, const char *question)
{
	if (command_has(&hand->command, OPTION_MISMATCH))
		return true;
	return prompt_possible() && prompt_confirm(question, _("mine"));
}

bool voice_option_fits(struct hand *hand)
{
	const char *value = hand->command.value[OPTION_MISMATCH];

	if (!value || strcmp(value, "approve") == 0)
		return true;
	hand_fail(hand, EXIT_USAGE, "--mismatch takes \"approve\", not \"%.20s\"", value);
	return false;
}
