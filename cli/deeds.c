/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the access log for a parent who is no administrator. What it does not know it shows under
 * its own name, and leaves nothing out but what it shows under another. */

#include "deeds.h"

#include <pwd.h>
#include <string.h>
#include <time.h>

#include "base/words.h"
#include "render.h"

#define DAY_S 86400

static const struct {
	const char *what, *words;
	enum deed_kind kind;
} known[] = {
	{ "list", N_("looked at what is kept"), DEED_LOOK },
	{ "open", N_("read or listened"), DEED_LOOK },
	{ "export-open", N_("took a copy that an adult approved"), DEED_LOOK },
	{ "export-list", N_("looked at approved copies"), DEED_LOOK },
	{ "prove", N_("gave a passphrase or code"), DEED_CHANGE },
	{ "denied", N_("was refused"), DEED_DENIED },
	{ "delete", N_("deleted"), DEED_ERASURE },
	{ "withdraw", N_("withdrew a consent"), DEED_ERASURE },
	{ "remove", N_("removed a profile"), DEED_ERASURE },
	{ "expire", N_("expired"), DEED_ERASURE },
	{ "reset", N_("erased everything"), DEED_ERASURE },
	{ "forget", N_("said \"forget that\""), DEED_ERASURE },
	{ "keep", N_("kept something that was said"), DEED_CHANGE },
	{ "import", N_("brought in a recording"), DEED_CHANGE },
	{ "setup", N_("made the household"), DEED_CHANGE },
	{ "profile-add", N_("added a profile"), DEED_CHANGE },
	{ "profile-rename", N_("renamed a profile"), DEED_CHANGE },
	{ "profile-keep", N_("kept an unused profile"), DEED_CHANGE },
	{ "parent-add", N_("added a parent"), DEED_CHANGE },
	{ "parent-remove", N_("removed a parent"), DEED_CHANGE },
	{ "keys-taken", N_("took the household's new keys"), DEED_CHANGE },
	{ "reseal", N_("finished sealing what is kept to new keys"), DEED_CHANGE },
	{ "passphrase", N_("changed a passphrase or code"), DEED_CHANGE },
	{ "consent-grant", N_("consented"), DEED_CHANGE },
	{ "consent-withdraw", N_("withdrew a consent"), DEED_CHANGE },
	{ "retention", N_("shortened how long something is kept"), DEED_CHANGE },
	{ "export-approve", N_("approved a copy for export"), DEED_CHANGE },
	{ "export-refuse", N_("took an approval back"), DEED_CHANGE },
	{ "export-begin", N_("began an export"), DEED_CHANGE },
	{ "export-end", N_("finished an export"), DEED_CHANGE },
	{ "export-cancel", N_("dropped an export"), DEED_CHANGE },
	{ "export-recalls", N_("wrote a list of recalls"), DEED_CHANGE },
	{ "move", N_("moved an item"), DEED_CHANGE },
	{ "drill", N_("ran the deletion drill"), DEED_CHANGE },
	{ "enrol", N_("enrolled an adult's voice"), DEED_CHANGE },
	{ "voiceprint-erase", N_("erased a voiceprint"), DEED_ERASURE },
	{ "voiceprints", N_("fetched voiceprints for the ear"), DEED_CHANGE },
};

void deeds_clear(struct deeds *deeds)
{
	free(deeds->all);
	deeds->all = NULL;
}

static int64_t midnight_s(int64_t time_s)
{
	time_t time = (time_t)time_s;
	struct tm tm;

	localtime_r(&time, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

const char *deed_who(const struct hand *hand, const json_t *body, char ret[static DEED_WHO_TEXT])
{
	const json_t *uid = json_object_get(body, "uid");
	const long long number = json_is_integer(uid) ? json_integer_value(uid) : -1;
	const struct passwd *passwd = NULL;

	/* Another machine has other users. */
	if (number >= 0 && !hand->command.value[OPTION_HOST])
		passwd = getpwuid((uid_t)number);
	if (number < 0)
		snprintf(ret, DEED_WHO_TEXT, "Cubby");
	else if (passwd)
		snprintf(ret, DEED_WHO_TEXT, "%s", passwd->pw_name);
	else
		snprintf(ret, DEED_WHO_TEXT, _("user %lld"), number);
	render_clean(ret);
	return ret;
}

const char *deed_words(const char *what, enum deed_kind *ret_kind)
{
	*ret_kind = DEED_CHANGE;
	for (size_t i = 0; what && i < ARRAY_SIZE(known); i++)
		if (strcmp(known[i].what, what) == 0) {
			*ret_kind = known[i].kind;
			return _(known[i].words);
		}
	return what ? what : _("(emptied after 24 months)");
}

static struct deed deed_of(const struct hand *hand, const struct cubby_log_entry *entry,
			   const json_t *body)
{
	const char *what = json_string_value(json_object_get(body, "what"));
	const char *outcome = json_string_value(json_object_get(body, "outcome"));
	const json_t *items = json_object_get(body, "items");
	const json_t *times = json_object_get(body, "times");
	struct deed deed = { .day_s = midnight_s(entry->time_s) };

	snprintf(deed.what, sizeof(deed.what), "%s", deed_words(what, &deed.kind));
	deed.partial = outcome && strcmp(outcome, "partial") == 0;
	deed.times = json_is_integer(times) ? (unsigned)json_integer_value(times) : 1;
	deed.items = json_is_integer(items) ? (unsigned)json_integer_value(items) : 1;
	deed_who(hand, body, deed.who);
	return deed;
}

/* To the line of the same day, deed and person, or a new one in front. */
static int deed_add(struct deeds *deeds, const struct deed *deed)
{
	for (size_t i = 0; i < deeds->n; i++) {
		struct deed *one = &deeds->all[i];

		if (one->day_s != deed->day_s || one->partial != deed->partial ||
		    strcmp(one->what, deed->what) != 0 || strcmp(one->who, deed->who) != 0)
			continue;
		one->times += deed->times;
		one->items += deed->items;
		return 0;
	}
	if (deeds->n == deeds->room) {
		struct deed *more = reallocarray(deeds->all, deeds->room + 256, sizeof(*more));

		if (!more)
			return -1;
		deeds->all = more;
		deeds->room += 256;
	}
	memmove(deeds->all + 1, deeds->all, deeds->n++ * sizeof(*deeds->all));
	deeds->all[0] = *deed;
	return 0;
}

static int deed_take(struct hand *hand, struct deeds *deeds, const struct cubby_log_entry *entry)
{
	const int64_t today_s = midnight_s(hand->now_s);
	_cleanup_(render_json_freep) json_t *body = json_loads(entry->body, 0, NULL);
	const char *outcome = json_string_value(json_object_get(body, "outcome"));
	const struct deed deed = deed_of(hand, entry, body);
	const int64_t ago = (today_s - deed.day_s + DAY_S / 2) / DAY_S;

	if (ago < 0 || ago >= DEEDS_DAYS)
		return 0;
	/* What was only asked for is no erasure; its end has a line of its own. */
	if (deed.kind == DEED_ERASURE && outcome && strcmp(outcome, "asked") == 0)
		return 0;
	if (deed.kind == DEED_LOOK)
		deeds->days[DEEDS_DAYS - 1 - ago].one += deed.times;
	else if (deed.kind == DEED_DENIED)
		deeds->days[DEEDS_DAYS - 1 - ago].other += deed.times;
	return deed_add(deeds, &deed);
}

int deeds_read(struct hand *hand, struct deeds *ret)
{
	_cleanup_(cubby_log_freep) struct cubby_log *log = NULL;
	const struct cubby_log_entry *entry = NULL;
	int r = cubby_log_new(hand->cubby, &log);

	while (r == 0) {
		r = cubby_log_next(log, &entry);
		if (r == 0 && !entry)
			return 0;
		if (r == 0 && deed_take(hand, ret, entry) < 0)
			return hand_fail(hand, EXIT_GENERAL, "out of memory");
	}
	return hand_refused(hand, r);
}
