/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby export review`: an adult hears each item of theirs and answers for it, or
 * hears some chosen at random and answers for all. Without an answer nothing is approved. */

#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "crypt/manifest.h"
#include "export.h"
#include "item.h"
#include "moment.h"
#include "playback.h"
#include "prompt.h"
#include "render.h"
#include "verb.h"
#include "voice_check.h"

#define SAMPLE_MIN 3

struct review_item {
	char id[CUBBY_ID_TEXT];
	char owner[CUBBY_ID_TEXT];
	int64_t started_s;
	enum voice_said said;
};

struct review {
	struct hand *hand;
	const struct cubby_profiles *profiles;
	struct voice_check *check;
	struct review_item *items;
	size_t n, room;
	size_t approved, refused;
};

static void review_clear(struct review *review)
{
	free(review->items);
}

static int review_add(struct review *review, const struct cubby_item *item)
{
	struct review_item *added;

	if (review->n == review->room) {
		const size_t room = 2 * review->room + 64;
		void *items = reallocarray(review->items, room, sizeof(*review->items));

		if (!items)
			return -ENOMEM;
		review->items = items;
		review->room = room;
	}
	added = &review->items[review->n++];
	*added = (struct review_item){ .started_s = item->started_s };
	strcpy(added->id, item->id);
	strcpy(added->owner, item->profile_id);
	return 0;
}

static int review_collect(struct review *review)
{
	_cleanup_(cubby_list_freep) struct cubby_list *list = NULL;
	struct hand *hand = review->hand;
	const struct cubby_item *item;
	int r;

	r = cubby_export_candidates(hand->cubby, hand->command.value[OPTION_PROFILE], &list);
	while (r == 0) {
		r = cubby_list_next(list, &item);
		if (r != 0 || !item)
			break;
		if (review_add(review, item) < 0)
			return hand_fail(hand, EXIT_GENERAL, "out of memory");
	}
	return r == 0 ? 0 : hand_refused(hand, r);
}

/* Says what it is and whose voice, and plays it where there is a sound server. */
static int review_show(struct review *review, size_t i)
{
	struct review_item *item = &review->items[i];
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
	struct hand *hand = review->hand;
	_cleanup_(cleanup_free) char *words = NULL;
	struct why why = { "" };
	char when[MOMENT_TEXT];
	int r = item_open(hand, item->id, NULL, &opened);

	if (r != 0)
		return hand_refused(hand, r);
	words = strdup(opened->text ? opened->text : _("(no transcript)"));
	if (!words)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	render_clean(words);
	fprintf(stderr, _("%zu of %zu: %.8s, %s, %s: %s\n"), i + 1, review->n, item->id,
		hand_profile_name(review->profiles, item->owner),
		moment_local(item->started_s, when), words);
	r = voice_check_item(review->check, item->owner, opened, &item->said);
	if (r != 0)
		return r;
	if (item->said != VOICE_NONE)
		fprintf(stderr, _("(Voice: %s.)\n"), voice_said_text(item->said));
	if (opened->samples &&
	    playback_run(opened->samples, opened->frames, opened->rate_hz, &why) != 0)
		fprintf(stderr, _("(It cannot be played: %s.)\n"), why.text);
	return 0;
}

static int review_approve(struct review *review, size_t i, const char *how)
{
	const struct review_item *item = &review->items[i];
	struct hand *hand = review->hand;
	char copy[CUBBY_ID_TEXT];
	int64_t expires_s;
	int r = cubby_export_approve(hand->cubby, item->id,
				     hand->command.value[OPTION_PURPOSE],
				     hand->command.value[OPTION_RECIPIENT], how,
				     voice_said_word(item->said), copy, &expires_s);

	if (r != 0)
		return hand_refused(hand, r);
	review->approved++;
	return 0;
}

static int review_refuse(struct review *review, size_t i)
{
	const char *const ids[] = { review->items[i].id };
	_cleanup_(cleanup_free) char *job = NULL;
	int r = cubby_export_refuse(review->hand->cubby, ids, 1, &job);

	if (r != 0)
		return hand_refused(review->hand, r);
	review->refused++;
	return 0;
}

/* 'a', 'r', 's', 'q'; an end of the input, or anything else three times, is 'q'. */
static char review_ask(void)
{
	char answer[16];

	for (int i = 0; i < 3; i++) {
		if (!prompt_text(_("[a]pprove, [r]efuse, [s]kip, [q]uit? "), answer,
				 sizeof(answer)))
			return 'q';
		if (answer[0] && strchr("arsq", answer[0]) && !answer[1])
			return answer[0];
	}
	return 'q';
}

static const char ask_mine[] = N_("It is not the enrolled voice. If it is yours all the same, "
				  "type mine: ");

static int review_each(struct review *review)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < review->n; i++) {
		char answer;

		r = review_show(review, i);
		if (r != 0)
			break;
		answer = review_ask();
		if (answer == 'q')
			break;
		if (answer == 'a' && review->items[i].said == VOICE_OTHER &&
		    !voice_answered(review->hand, _(ask_mine)))
			continue;
		if (answer == 'a')
			r = review_approve(review, i, "heard");
		else if (answer == 'r')
			r = review_refuse(review, i);
	}
	return r;
}

/* ---- A batch ---- */

/* Brings `sample` of them, any with the same chance, to the front. */
static void review_shuffle(struct review *review, size_t sample)
{
	for (size_t i = 0; i < sample; i++) {
		const struct review_item item = review->items[i];
		uint64_t random;
		size_t k;

		crypt_random(&random, sizeof(random));
		k = i + (size_t)(random % (review->n - i));
		review->items[i] = review->items[k];
		review->items[k] = item;
	}
}

/* Of every one, heard or not. */
static int review_compare(struct review *review)
{
	size_t others = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < review->n; i++) {
		struct review_item *item = &review->items[i];

		r = voice_check_id(review->check, item->owner, item->id, &item->said);
		if (r != 0 || item->said != VOICE_OTHER)
			continue;
		others++;
		fprintf(stderr, "%.8s: %s.\n", item->id, voice_said_text(item->said));
	}
	if (r == 0 && others > 0 &&
	    !voice_answered(review->hand, _("These are not the enrolled voice. If they are yours "
					    "all the same, type mine: ")))
		r = hand_fail(review->hand, EXIT_GENERAL,
			      "%zu of %zu are not the enrolled voice, so nothing was approved",
			      others, review->n);
	return r;
}

static int review_batch(struct review *review, size_t sample)
{
	struct hand *hand = review->hand;
	char question[128];
	int r;

	if (sample > review->n)
		sample = review->n;
	review_shuffle(review, sample);
	r = review_compare(review);
	for (size_t i = 0; r == 0 && i < sample; i++) {
		r = review_show(review, i);
		if (r == 0 && review_ask() != 'a')
			return hand_fail(hand, EXIT_GENERAL,
					 "one of the sample was not approved, so nothing is; go "
					 "through them one by one, without --sample");
	}
	if (r != 0)
		return r;
	snprintf(question, sizeof(question),
		 _("Approve these and the %zu you did not hear? Type yes: "), review->n - sample);
	if (!prompt_confirm(question, _("yes")))
		return hand_fail(hand, EXIT_GENERAL, "nothing was approved");
	for (size_t i = 0; r == 0 && i < review->n; i++)
		r = review_approve(review, i, i < sample ? "heard" : "batch");
	return r;
}

static int sample_read(struct hand *hand, size_t *ret)
{
	const char *text = hand->command.value[OPTION_SAMPLE];
	char *end;
	long n;

	*ret = 0;
	if (!text)
		return 0;
	n = strtol(text, &end, 10);
	if (*end || n < SAMPLE_MIN || n > ARGUMENTS_MAX)
		return hand_fail(hand, EXIT_USAGE, "--sample takes a number from %d to %d",
				 SAMPLE_MIN, ARGUMENTS_MAX);
	*ret = (size_t)n;
	return 0;
}

/* What is not named is asked for: an approval is for a purpose and a recipient. */
static int words_ask(struct hand *hand)
{
	static char answers[2][MANIFEST_TEXT];
	static const struct {
		enum option option;
		const char *question;
	} asked[] = { { OPTION_PURPOSE, N_("What is the export for? ") },
		      { OPTION_RECIPIENT, N_("Who gets it? ") } };

	for (size_t i = 0; i < ARRAY_SIZE(asked) && prompt_possible(); i++) {
		const char **value = &hand->command.value[asked[i].option];

		if (!*value && prompt_text(_(asked[i].question), answers[i], MANIFEST_TEXT) &&
		    answers[i][0])
			*value = answers[i];
	}
	return export_words_check(hand);
}

int verb_export_review(struct hand *hand)
{
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	_cleanup_(voice_check_freep) struct voice_check *check = NULL;
	_cleanup_(review_clear) struct review review = { .hand = hand };
	size_t sample;
	int r;

	r = words_ask(hand);
	if (r == 0)
		r = sample_read(hand, &sample);
	if (r != 0)
		return r;
	if (!voice_option_fits(hand))
		return EXIT_USAGE;
	if (!prompt_possible())
		return hand_fail(hand, EXIT_USAGE,
				 "a review needs somebody at a terminal; 'cubby export approve "
				 "ID...' names items");
	r = prompt_proof(hand, CUBBY_SECRET_HOME);
	if (r != 0)
		return r;
	r = cubby_profiles(hand->cubby, &profiles);
	if (r != 0)
		return hand_refused(hand, r);
	r = voice_check_new(hand, &check);
	if (r != 0)
		return r;
	review.profiles = profiles;
	review.check = check;
	r = review_collect(&review);
	if (r == 0 && review.n > 0)
		r = sample ? review_batch(&review, sample) : review_each(&review);
	if (hand->json)
		render_json(json_pack("{s:i, s:i, s:i}", "items", (int)review.n, "approved",
				      (int)review.approved, "refused", (int)review.refused));
	hand_say(hand, "%zu approved, %zu refused, %zu left as they were.", review.approved,
		 review.refused, review.n - review.approved - review.refused);
	return r;
}
