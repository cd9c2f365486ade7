/* SPDX-License-Identifier: Apache-2.0 */

/* The policy text. Every sentence must be true of the running keeper; one that depends on a setting
 * is written from that setting. Changing a word here changes the hash: every consent is asked for
 * anew, which is what a changed policy deserves. */

#include "crypt/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

#define KEEP_MIN_S 60

static const char terms_format[] =
	"What this device keeps, and for how long\n"
	"\n"
	"Speech is recognised on this device and forgotten, unless a parent has consented to "
	"keep it.\n"
	"A parent consents for one person and one kind at a time. Each kind is off until then, "
	"and none implies another.\n"
	"\n"
	"  audio       the sound: erased after %s at the latest\n"
	"  transcript  the words recognised: erased after %s at the latest\n"
	"  location    a place, to two decimals of a degree at most: erased after %s at the "
	"latest; the listener of this version knows no place and keeps none\n"
	"\n"
	"A consent can ask for less, and a parent can shorten it at any time, without a "
	"passphrase. Nothing is kept without an end. Days are counted while this device has "
	"power; days without it count once its clock has been right for a day.\n"
	"When nothing of a child was kept for %s, parents are told, and %s later the child's "
	"profile is erased with everything kept of it, unless it is used again or a parent keeps "
	"it.\n"
	"What is kept is encrypted where it is heard, and opened only with a parent's "
	"passphrase.\n"
	"A parent can enrol the voice of an adult, so that this device knows when that adult "
	"speaks. Of it a voiceprint is kept, a row of numbers, and no sound. This device can read "
	"it without a passphrase. It is erased after 365 days at the latest, and at any time when "
	"a parent says so, without a passphrase. There is no voiceprint of a child.\n"
	"A parent can list, hear and delete all of it at any time; deleting and withdrawing a "
	"consent need no passphrase.\n"
	"Withdrawing a consent erases what was kept under it.\n"
	"Every time something is listed, opened, deleted or refused, it is written into a log "
	"that parents can read.\n"
	"Nothing of a child is ever used for training. An adult's own recording is, only after "
	"that adult approved it, one by one, for at most 30 days.\n"
	"A consent holds for this policy and for one that is worded the same and keeps less. "
	"When this policy changes otherwise, nothing more is kept until a parent has consented "
	"to the new one.\n";

void terms_default(struct terms *ret)
{
	*ret = (struct terms){
		.inactive_days = TERMS_INACTIVE_DAYS_MAX,
		.notice_days = TERMS_NOTICE_DAYS_MAX,
	};
	for (int kind = 1; kind <= KIND_MAX; kind++)
		ret->keep_max_s[kind] = kind_keep_max_s(kind);
}

bool terms_valid(const struct terms *terms)
{
	for (int kind = 1; kind <= KIND_MAX; kind++)
		if (terms->keep_max_s[kind] < KEEP_MIN_S ||
		    terms->keep_max_s[kind] > kind_keep_max_s(kind))
			return false;
	return terms->inactive_days >= 1 && terms->inactive_days <= TERMS_INACTIVE_DAYS_MAX &&
	       terms->notice_days >= 1 && terms->notice_days <= TERMS_NOTICE_DAYS_MAX;
}

bool terms_within(const struct terms *terms, const struct terms *consented)
{
	for (int kind = 1; kind <= KIND_MAX; kind++)
		if (terms->keep_max_s[kind] > consented->keep_max_s[kind])
			return false;
	return terms->inactive_days <= consented->inactive_days &&
	       terms->notice_days <= consented->notice_days;
}

static const char *duration_text(uint32_t s, char text[static 32])
{
	static const struct {
		uint32_t s;
		const char *name;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint32_t count = s / units[i].s;

		if (s % units[i].s)
			continue;
		snprintf(text, 32, "%u %s%s", count, units[i].name, count == 1 ? "" : "s");
		break;
	}
	return text;
}

int terms_text(const struct terms *terms, char **ret)
{
	char keep[KIND_MAX + 1][32], inactive[32], notice[32];
	char *text;

	if (!terms_valid(terms))
		return fault_origin(-EINVAL);
	for (int kind = 1; kind <= KIND_MAX; kind++)
		duration_text(terms->keep_max_s[kind], keep[kind]);
	duration_text(terms->inactive_days * 86400, inactive);
	duration_text(terms->notice_days * 86400, notice);
	if (asprintf(&text, terms_format, keep[KIND_AUDIO], keep[KIND_TRANSCRIPT],
		     keep[KIND_LOCATION], inactive, notice) < 0)
		return fault_origin(-ENOMEM);
	*ret = text;
	return 0;
}

int terms_hash(const struct terms *terms, uint8_t ret_hash[static HASH_BYTES])
{
	_cleanup_(cleanup_free) char *text = NULL;
	int r = terms_text(terms, &text);

	if (r)
		return fault_trace(r);
	crypt_hash(text, strlen(text), ret_hash);
	return 0;
}
