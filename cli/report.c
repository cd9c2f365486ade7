/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby report`: one page for parents. It opens nothing and needs no passphrase, so that there is
 * no word and no sound in it; like the listing it says what is kept, until when, and who looked. */

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "batch.h"
#include "deeds.h"
#include "receipts.h"
#include "moment.h"
#include "output.h"
#include "page.h"
#include "said.h"
#include "verb.h"

#define DAY_S 86400
#define KINDS 3
static const char *const kind_names[KINDS] = { "audio", "transcript", "location" };
static const char *const kind_words[KINDS] = { N_("Sound"), N_("Words"), N_("Place") };

/* What is kept of one profile and kind: ends[i] go in the i-th part of the time shown. */
#define PARTS 30
struct kept {
	unsigned n;
	int64_t first_s, last_s;
	int64_t keep_s;			/* how long each is kept; 0: none is */
	int64_t shown_s;		/* how far the picture reaches */
	unsigned ends[PARTS];
};

struct report {
	struct hand *hand;
	struct page page;
	struct cubby_profiles *profiles;
	struct cubby_consents *consents;
	struct cubby_retentions *retentions;
	struct kept (*kept)[KINDS];	/* of each profile */
};

/* ---- What is kept ---- */

static int report_item(void *context, const struct cubby_item *item,
		       const struct cubby_opened *opened)
{
	struct report *report = context;
	const int64_t now_s = report->hand->now_s;

	for (size_t i = 0; i < report->profiles->n; i++) {
		if (strcmp(report->profiles->list[i]->id, item->profile_id) != 0)
			continue;
		for (size_t k = 0; k < item->n_parts; k++)
			for (unsigned kind = 0; kind < KINDS; kind++) {
				struct kept *kept = &report->kept[i][kind];
				const int64_t ends_s = item->parts[k].expires_s;
				int64_t at;

				if (strcmp(item->parts[k].kind, kind_names[kind]) != 0)
					continue;
				if (!kept->n++ || ends_s < kept->first_s)
					kept->first_s = ends_s;
				if (ends_s > kept->last_s)
					kept->last_s = ends_s;
				at = (ends_s - now_s) * PARTS / kept->shown_s;
				kept->ends[at < 0 ? 0 : at >= PARTS ? PARTS - 1 : at]++;
			}
	}
	return 0;
}

/* Days in full: there is room for them. */
static char *days_text(int64_t duration_s, char text[static MOMENT_TEXT])
{
	const unsigned days = (unsigned)(duration_s / DAY_S);

	if (duration_s < DAY_S)
		return duration_text(duration_s, text);
	snprintf(text, MOMENT_TEXT, words_n("%u day", "%u days", days), days);
	return text;
}

static char *until_text(int64_t time_s, int64_t now_s, char text[static MOMENT_TEXT])
{
	const unsigned days = (unsigned)((time_s - now_s + DAY_S / 2) / DAY_S);

	if (time_s - now_s < DAY_S)
		return moment_until(time_s, now_s, text);
	snprintf(text, MOMENT_TEXT, words_n("in %u day", "in %u days", days), days);
	return text;
}

static void kept_put(struct report *report, unsigned kind, const struct kept *kept)
{
	char first[MOMENT_TEXT], last[MOMENT_TEXT], all[MOMENT_TEXT], label[256];
	const int64_t now_s = report->hand->now_s;
	unsigned left[PARTS], still = kept->n;

	until_text(kept->first_s, now_s, first);
	until_text(kept->last_s, now_s, last);
	for (unsigned i = 0; i < PARTS; i++) {
		left[i] = still;
		still -= kept->ends[i];
	}
	if (strcmp(first, last) == 0)
		snprintf(label, sizeof(label), _("%u kept, erased %s"), kept->n, last);
	else
		snprintf(label, sizeof(label), _("%u kept; the first is erased %s, the last %s"),
			 kept->n, first, last);
	page_add(&report->page, "<p>%s</p>\n", label);
	page_band(&report->page, label, kind_names[kind], left, PARTS);
	page_add(&report->page, "<div class=\"scale\"><span>now</span><span>%s</span></div>\n",
		 until_text(now_s + kept->shown_s, now_s, all));
}

/* ---- What may be kept ---- */

/* Of this kind, and that counts; or NULL. */
static const struct cubby_consent *consent_of(const struct report *report, const char *profile_id,
					      const char *kind)
{
	for (size_t i = 0; i < report->consents->n; i++) {
		const struct cubby_consent *consent = report->consents->list[i];

		if (strcmp(consent->profile_id, profile_id) == 0 &&
		    strcmp(consent->kind, kind) == 0 && strcmp(consent->state, "withdrawn") != 0)
			return consent;
	}
	return NULL;
}

static void kind_put(struct report *report, const struct cubby_profile *profile, unsigned kind,
		     const struct kept *kept)
{
	const struct cubby_consent *consent = consent_of(report, profile->id, kind_names[kind]);
	char keep[MOMENT_TEXT];

	page_add(&report->page, "<div class=\"kind\"><h3>%s</h3>", _(kind_words[kind]));
	if (consent && strcmp(consent->state, "in force") == 0)
		page_add(&report->page, "<span>allowed, each for %s</span></div>\n",
			 days_text(kept->keep_s ? kept->keep_s : consent->keep_s, keep));
	else if (consent)
		page_add(&report->page, "<span class=\"warn\">%s</span></div>\n",
			 _(consent->state));
	else
		page_add(&report->page, profile->child
			 ? _("<span class=\"soft\">not allowed</span></div>\n")
			 : _("<span class=\"soft\">not allowed to the ear</span></div>\n"));
	if (kept->n)
		kept_put(report, kind, kept);
	else
		page_add(&report->page, "<p class=\"soft\">Nothing is kept.</p>\n");
}

static void profile_put(struct report *report, const struct cubby_profile *profile,
			const struct kept kept[static KINDS])
{
	page_add(&report->page, "<section>\n<h2>%s <span class=\"badge soft\">%s</span></h2>\n",
		 profile->name, profile->child ? _("child") : _("adult"));
	for (unsigned kind = 0; kind < KINDS; kind++)
		kind_put(report, profile, kind, &kept[kind]);
	if (profile->child)
		page_add(&report->page, "<p class=\"good\">Never used for training. Nothing of a "
			 "child can be approved, opened or selected for an export.</p>\n");
	else
		page_add(&report->page, "<p>For training only copies that %s approved, each for "
			 "one purpose and recipient.</p>\n", profile->name);
	page_add(&report->page, "</section>\n");
}

static int profiles_put(struct report *report)
{
	struct cubby_selection everything = CUBBY_SELECTION_INIT;
	int r = batch_walk(&(struct batch){ .hand = report->hand, .selection = &everything,
					    .each = report_item, .context = report });

	for (size_t i = 0; r == 0 && i < report->profiles->n; i++)
		profile_put(report, report->profiles->list[i], report->kept[i]);
	if (r == 0 && report->profiles->n == 0)
		page_add(&report->page, "<section>\n<h2>Nobody yet</h2>\n<p>There is no profile, "
			 "so nothing can be kept of anybody.</p>\n</section>\n");
	return r;
}

/* ---- How it stands ---- */

static int status_put(struct report *report)
{
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	_cleanup_(cubby_drill_freep) struct cubby_drill *drill = NULL;
	char when[MOMENT_TEXT], room[SAID_TEXT], items[64], of[64];
	int r = cubby_status(report->hand->cubby, &status);

	if (r == 0)
		r = cubby_drill_last(report->hand->cubby, &drill);
	if (r != 0)
		return hand_refused(report->hand, r);
	snprintf(items, sizeof(items), words_n("%u item", "%u items", status->items),
		 status->items);
	snprintf(of, sizeof(of), words_n("of %u profile", "of %u profiles", status->profiles),
		 status->profiles);
	page_add(&report->page, "<section>\n<h2>Now</h2>\n<p>Kept: %s %s.</p>\n", items, of);
	if (status->erasing)
		page_add(&report->page, "<p>Being erased: %m.</p>\n", (long long)status->erasing);
	if (status->released)
		page_add(&report->page, "<p>Approved copies that could be exported: %m.</p>\n",
			 (long long)status->released);
	if (!drill->ended_s)
		page_add(&report->page, "<p>The daily test of deletion has not run yet.</p>\n");
	else
		page_add(&report->page, drill->found[0]
			 ? _("<p class=\"warn\">The last test of deletion, %s, failed: %s</p>\n")
			 : _("<p class=\"good\">The last test of deletion, %s, found nothing "
			     "left.</p>\n"),
			 moment_local(drill->ended_s, when), drill->found[0]);
	for (const char *const *alert = status->alerts; *alert; alert++)
		page_add(&report->page, "<p class=\"warn\"><strong>Alert:</strong> %s</p>\n",
			 said(*alert, room));
	page_add(&report->page, "</section>\n");
	return 0;
}

/* ---- Who did what ---- */

static void deeds_table(struct report *report, const struct deeds *deeds, enum deed_kind kind,
			const char *caption, const char *none)
{
	char when[MOMENT_TEXT];
	bool any = false;

	if (caption)
		page_add(&report->page, "<h3>%s</h3>\n", _(caption));
	for (size_t i = 0; i < deeds->n; i++) {
		const struct deed *deed = &deeds->all[i];

		if (deed->kind != kind)
			continue;
		if (!any)
			page_add(&report->page, "<table>\n<tr><th scope=\"col\">Day</th>"
				 "<th scope=\"col\">Who</th><th scope=\"col\">What</th></tr>\n");
		any = true;
		moment_local(deed->day_s, when)[10] = 0;
		page_add(&report->page, "<tr><td>%s</td><td>%s</td><td>%s", when, deed->who,
			 deed->what);
		if (kind == DEED_ERASURE)
			page_add(&report->page, deed->partial
				 ? words_n(", %m item: <span class=\"warn\">not complete, tried "
					   "again</span>", ", %m items: <span class=\"warn\">not "
					   "complete, tried again</span>", deed->items)
				 : words_n(", %m item: <span class=\"good\">verified, with a "
					   "signed receipt</span>", ", %m items: <span class=\""
					   "good\">verified, with a signed receipt</span>",
					   deed->items), (long long)deed->items);
		else if (deed->times > 1)
			page_add(&report->page, ", %m times", (long long)deed->times);
		page_add(&report->page, "</td></tr>\n");
	}
	page_add(&report->page, any ? "</table>\n" : "<p class=\"soft\">%s</p>\n", _(none));
}

static int deeds_put(struct report *report)
{
	_cleanup_(deeds_clear) struct deeds deeds = { .all = NULL };
	unsigned looks = 0, denials = 0;
	char label[160];
	int r = deeds_read(report->hand, &deeds);

	if (r != 0)
		return r;
	for (unsigned i = 0; i < DEEDS_DAYS; i++) {
		looks += deeds.days[i].one;
		denials += deeds.days[i].other;
	}
	snprintf(label, sizeof(label), _("In the last %d days: looks %u, refusals %u."),
		 DEEDS_DAYS, looks, denials);
	page_add(&report->page, "<section>\n<h2>Who looked or listened</h2>\n<p>In the last %m "
		 "days: <i class=\"look\"></i>looks %m, <i class=\"refusal\"></i>refusals "
		 "%m.</p>\n",
		 (long long)DEEDS_DAYS, (long long)looks, (long long)denials);
	page_columns(&report->page, label, deeds.days, DEEDS_DAYS);
	page_add(&report->page, "<div class=\"scale\"><span>%m days ago</span><span>today</span>"
		 "</div>\n", (long long)DEEDS_DAYS);
	deeds_table(report, &deeds, DEED_LOOK, N_("Looked or listened"), N_("Nobody did."));
	deeds_table(report, &deeds, DEED_DENIED, N_("Was refused"), N_("Nobody was."));
	page_add(&report->page, "</section>\n<section>\n<h2>What was erased</h2>\n");
	deeds_table(report, &deeds, DEED_ERASURE, NULL, N_("Nothing was."));
	r = receipts_put(report->hand, &report->page, DEEDS_DAYS);
	if (r != 0)
		return r;
	page_add(&report->page, "</section>\n<section>\n<h2>What else was done</h2>\n<details>\n"
		 "<summary>Show it</summary>\n");
	deeds_table(report, &deeds, DEED_CHANGE, NULL, N_("Nothing was."));
	page_add(&report->page, "</details>\n</section>\n");
	return 0;
}

/* "  audio       the sound: ..." */
static void policy_kind_put(struct page *page, char *line)
{
	char *word = line + strspn(line, " ");
	char *words = word + strcspn(word, " ");

	if (*words)
		*words++ = 0;
	page_add(page, "<li><strong>%s</strong> %s</li>\n", word, words + strspn(words, " "));
}

static void policy_line_put(struct page *page, char *line, bool *list)
{
	char room[SAID_TEXT];
	char *text = said(line, room) == room ? room : line;
	const bool kind = *line == ' ';

	if (kind != *list)
		page_add(page, kind ? "<ul>\n" : "</ul>\n");
	*list = kind;
	if (kind)
		policy_kind_put(page, text);
	else if (*text)
		page_add(page, "<p>%s</p>\n", text);
}

static int policy_put(struct report *report)
{
	_cleanup_(cleanup_free) char *text = NULL;
	char hash[CUBBY_KEY_TEXT];
	bool list = false;
	int r = cubby_policy(report->hand->cubby, &text, hash);

	if (r != 0)
		return hand_refused(report->hand, r);
	page_add(&report->page, "<section>\n<h2>The policy in force</h2>\n");
	for (char *line = text, *end; *line; line = end) {
		end = strchrnul(line, '\n');
		if (*end)
			*end++ = 0;
		policy_line_put(&report->page, line, &list);
	}
	page_add(&report->page, "<p class=\"soft\">%s: %s</p>\n</section>\n",
		 _("Hash of this text"), hash);
	return 0;
}

/* ---- The page ---- */

/* A picture reaches as far as a kind of a profile is kept, and a day at least. */
static void shown_choose(struct report *report)
{
	for (size_t i = 0; i < report->profiles->n; i++)
		for (unsigned kind = 0; kind < KINDS; kind++)
			report->kept[i][kind].shown_s = DAY_S;
	for (size_t k = 0; k < report->retentions->n; k++)
		for (size_t i = 0; i < report->profiles->n; i++)
			for (unsigned kind = 0; kind < KINDS; kind++) {
				const struct cubby_retention *one = report->retentions->list[k];
				struct kept *kept = &report->kept[i][kind];

				if (strcmp(one->profile_id, report->profiles->list[i]->id) != 0 ||
				    strcmp(one->kind, kind_names[kind]) != 0)
					continue;
				kept->keep_s = one->keep_s;
				if (one->keep_s > kept->shown_s)
					kept->shown_s = one->keep_s;
			}
}

static int report_fetch(struct report *report)
{
	struct hand *hand = report->hand;
	int r = hand_household(hand);

	if (r != 0)
		return r;
	r = cubby_profiles(hand->cubby, &report->profiles);
	if (r == 0)
		r = cubby_consents(hand->cubby, NULL, &report->consents);
	if (r == 0)
		r = cubby_retentions(hand->cubby, NULL, &report->retentions);
	if (r != 0)
		return hand_refused(hand, r);
	report->kept = calloc(report->profiles->n + 1, sizeof(*report->kept));
	if (!report->kept)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	shown_choose(report);
	return 0;
}

static int report_write(struct report *report, const char *path)
{
	char when[MOMENT_TEXT];
	int r;

	if (page_begin(&report->page, _("What Cubby keeps")) < 0)
		return hand_fail(report->hand, EXIT_GENERAL, "out of memory");
	page_add(&report->page, "<h1>What Cubby keeps of our family</h1>\n<p class=\"soft\">As of "
		 "%s. There is no word and no sound in this page.</p>\n",
		 moment_local(report->hand->now_s, when));
	r = status_put(report);
	if (r == 0)
		r = profiles_put(report);
	if (r == 0)
		r = deeds_put(report);
	if (r == 0)
		r = policy_put(report);
	if (r != 0)
		return r;
	if (page_end(&report->page) < 0)
		return hand_fail(report->hand, EXIT_GENERAL, "out of memory");
	r = output_write(path, report->page.text, report->page.n, 0600);
	if (r < 0)
		return hand_fail(report->hand, EXIT_GENERAL, "cannot write %s (%s)", path,
				 strerror(-r));
	return 0;
}

static void report_clear(struct report *report)
{
	page_clear(&report->page);
	cubby_profiles_free(report->profiles);
	cubby_consents_free(report->consents);
	cubby_retentions_free(report->retentions);
	free(report->kept);
}

int verb_report(struct hand *hand)
{
	_cleanup_(report_clear) struct report report = { .hand = hand };
	const char *path = hand->command.value[OPTION_OUTPUT];
	int r;

	if (!path)
		return hand_fail(hand, EXIT_USAGE, "say where to: -o FILE.html");
	r = report_fetch(&report);
	if (r == 0)
		r = report_write(&report, path);
	if (r == 0 && strcmp(path, "-") != 0)
		hand_say(hand, "Wrote %s. It has nicknames, times and counts in it; whoever has "
			       "the file can read them.", path);
	return r;
}
