/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the keeper's sentence by its words, and says it in the parent's language. Whatever does not
 * fit exactly is left alone: a wrong translation would be worse than none. */

#include "said.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/words.h"

#define VALUES_MAX 6

/* As the keeper has them (script/words looks); of two that fit the first counts. */
static const char *const sentences[] = {
	/* Proofs. */
	N_("wrong passphrase; try again"),
	N_("wrong recovery code; try again"),
	N_("wrong passphrase; the next try is checked in %u seconds"),
	N_("too many wrong passphrases; wait %u seconds, or use the recovery code"),
	N_("give the passphrase first"),
	N_("%s needs a parent's passphrase on this connection first"),
	N_("%s is for members of the group of parents only; root is not one of them"),
	N_("%s is for members of the group of parents only"),
	N_("only a parent can consent; give the passphrase first"),
	N_("there is no household yet; begin with \"cubby setup\""),
	N_("there is no household yet; a parent begins with \"cubby setup\""),
	N_("there is a household already; its parents can use it as it is"),
	N_("there is no parent \"%s\"; \"cubby parent list\" names those there are"),
	N_("there is a parent of this name or key already; choose another name"),
	N_("this user looked more than %d times, and then more than %d times a minute, and each "
	   "is an entry of the access log: wait a minute"),
	/* People. */
	N_("there is no profile \"%s\"; \"cubby profile list\" shows those there are"),
	N_("there is no profile %s; cubby profile list shows what there is"),
	N_("there is a profile of this name already; choose another name"),
	N_("a profile of this name is still being erased; try again in a moment"),
	N_("%s has no voiceprint, so nothing was erased"),
	/* Consent and how long. */
	N_("the consent is for another policy than the one in force (%s); read it with \"cubby "
	   "policy\" and consent again"),
	N_("%s may be kept for %u minutes at the most here, not %u; ask for less"),
	N_("no parent has consented to keep %s of %s, so there is nothing to shorten; \"cubby "
	   "consent grant %s %s --keep\" consents"),
	N_("that is longer than %s of %s is kept now; keeping it longer is a new consent that a "
	   "parent signs: \"cubby consent grant %s %s --keep DURATION\""),
	/* Items. */
	N_("there is no item with this id; \"cubby list\" shows those there are"),
	N_("there is no item %s; cubby list shows what there is"),
	N_("this item has none of the kinds asked for; \"cubby show\" tells what is kept of it"),
	N_("this is a child's item; it never becomes an adult's, whoever asks"),
	N_("this is a child's item; nothing of a child can go into a training export, whoever "
	   "asks"),
	N_("this is a child's profile; nothing of a child is reviewed for a training export"),
	N_("this item is approved already; \"cubby export refuse\" takes that back"),
	N_("this is an adult's profile with no enrolled voice, so nobody knows that it is that "
	   "adult who speaks; use \"cubby enroll\" or \"cubby import\""),
	N_("the disk with the state directory is full; nothing was changed. Make room, or delete "
	   "something, and try again"),
	N_("the disk is full; free some space"),
	/* Alerts. */
	N_("An erasure is only partly done; it is tried again by itself. \"cubby log\" shows when "
	   "it was asked for."),
	N_("The policy now allows more than a parent consented to: %s consents%s stopped counting, "
	   "and nothing more is kept under them. \"cubby policy\" shows the new one, \"cubby "
	   "consent grant\" agrees to it."),
	N_("The policy now allows more than a parent consented to: %s consent%s stopped counting, "
	   "and nothing more is kept under them. \"cubby policy\" shows the new one, \"cubby "
	   "consent grant\" agrees to it."),
	N_("Nothing%s was kept for a long time: in %s days the profile and all that is kept of it "
	   "are erased, unless it is used or \"cubby profile keep\" is said."),
	N_("Nothing%s was kept for a long time: in %s day the profile and all that is kept of it "
	   "are erased, unless it is used or \"cubby profile keep\" is said."),
	N_("The consent to a voiceprint%s ends in %s days; from then on nobody is known by it, and "
	   "nothing more of theirs is kept. \"cubby enroll\" asks for another."),
	N_("The consent to a voiceprint%s ends in %s day; from then on nobody is known by it, and "
	   "nothing more of theirs is kept. \"cubby enroll\" asks for another."),
	N_("%s items%s were opened within a short time; \"cubby log\" shows by whom."),
	N_("%s item%s were opened within a short time; \"cubby log\" shows by whom."),
	N_("There was unusual access%s (%s); \"cubby log\" shows what and by whom."),
	N_("Somebody asked by voice to forget today: %s items%s."),
	N_("Somebody asked by voice to forget today: %s item%s."),
	N_("The last deletion drill failed; \"cubby drill\" runs it again and says where."),
	N_("Somebody gave wrong passphrases again and again; \"cubby log\" shows who."),
	/* The policy (lib/crypt/terms.c). */
	N_("What this device keeps, and for how long"),
	N_("Speech is recognised on this device and forgotten, unless a parent has consented to "
	   "keep it."),
	N_("A parent consents for one person and one kind at a time. Each kind is off until then, "
	   "and none implies another."),
	N_("  audio       the sound: erased after %s at the latest"),
	N_("  transcript  the words recognised: erased after %s at the latest"),
	N_("  location    a place, to two decimals of a degree at most: erased after %s at the "
	   "latest; the listener of this version knows no place and keeps none"),
	N_("A consent can ask for less, and a parent can shorten it at any time, without a "
	   "passphrase. Nothing is kept without an end. Days are counted while this device has "
	   "power; days without it count once its clock has been right for a day."),
	N_("When nothing of a child was kept for %s, parents are told, and %s later the child's "
	   "profile is erased with everything kept of it, unless it is used again or a parent "
	   "keeps it."),
	N_("What is kept is encrypted where it is heard, and opened only with a parent's "
	   "passphrase."),
	N_("A parent can enrol the voice of an adult, so that this device knows when that adult "
	   "speaks. Of it a voiceprint is kept, a row of numbers, and no sound. This device can "
	   "read it without a passphrase. It is erased after 365 days at the latest, and at any "
	   "time when a parent says so, without a passphrase. There is no voiceprint of a child."),
	N_("A parent can list, hear and delete all of it at any time; deleting and withdrawing a "
	   "consent need no passphrase."),
	N_("Withdrawing a consent erases what was kept under it."),
	N_("Every time something is listed, opened, deleted or refused, it is written into a log "
	   "that parents can read."),
	N_("Nothing of a child is ever used for training. An adult's own recording is, only after "
	   "that adult approved it, one by one, for at most 30 days."),
	N_("A consent holds for this policy and for one that is worded the same and keeps less. "
	   "When this policy changes otherwise, nothing more is kept until a parent has consented "
	   "to the new one."),
	/* What a consent or a voiceprint is. */
	N_("in force"), N_("withdrawn"), N_("policy changed"),
	/* What is wrong with a file of an export. */
	N_("changed"), N_("missing"), N_("recalled"), N_("renamed"), N_("repacked"),
	N_("unreadable"),
};

struct value {
	const char *text;
	size_t n;
};

/* Behind a directive, which `at` points to: "%.40s", "%1$s", "%llu". */
static const char *directive_end(const char *at)
{
	at += 1 + strspn(at + 1, "0123456789.$-");
	at += strspn(at, "lz");
	return at + 1;
}

/* Does it fit from end to end? Values are what stands in place of the directives, in order. */
static bool fits(const char *format, const char *text, struct value *values)
{
	size_t n = 0;

	for (;;) {
		size_t words = strcspn(format, "%");
		const char *next;

		if (strncmp(format, text, words) != 0)
			return false;
		format += words;
		text += words;
		if (!*format)
			return !*text;
		if (n == VALUES_MAX)
			return false;
		format = directive_end(format);
		words = strcspn(format, "%");
		/* The last words are those at the end. */
		if (!format[words])
			next = strlen(text) >= words ? text + strlen(text) - words : NULL;
		else
			next = memmem(text, strlen(text), format, words);
		if (!next)
			return false;
		values[n++] = (struct value){ text, (size_t)(next - text) };
		text = next;
	}
}

/* "30 days", as the keeper has it in its policy. */
static bool duration_put(FILE *file, const struct value *value)
{
	unsigned n;
	char unit[16], text[48];

	if (value->n >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)value->n, value->text);
	if (sscanf(text, "%u %15s", &n, unit) != 2)
		return false;
	if (strncmp(unit, "day", 3) == 0)
		fprintf(file, words_n("%u day", "%u days", n), n);
	else if (strncmp(unit, "hour", 4) == 0)
		fprintf(file, words_n("%u hour", "%u hours", n), n);
	else if (strncmp(unit, "minute", 6) == 0)
		fprintf(file, words_n("%u minute", "%u minutes", n), n);
	else if (strncmp(unit, "second", 6) == 0)
		fprintf(file, words_n("%u second", "%u seconds", n), n);
	else
		return false;
	return true;
}

static void value_put(FILE *file, const struct value *value)
{
	static const char of[] = N_(" of ");
	const size_t n = sizeof(of) - 1;

	if (duration_put(file, value))
		return;
	/* " of NICKNAME", as the keeper puts it into a sentence. */
	if (value->n > n && strncmp(value->text, of, n) == 0)
		fprintf(file, "%s%.*s", _(of), (int)(value->n - n), value->text + n);
	else
		fprintf(file, "%.*s", (int)value->n, value->text);
}

/* The sentence in the parent's language, which may have the values in another order ("%2$s"). */
static void say_again(FILE *file, const char *format, const struct value *values)
{
	size_t next = 0;

	while (*format) {
		const size_t words = strcspn(format, "%");
		size_t at;

		fprintf(file, "%.*s", (int)words, format);
		format += words;
		if (!*format)
			return;
		at = format[1] >= '1' && format[1] <= '9' && format[2] == '$'
			     ? (size_t)(format[1] - '1') : next++;
		if (at < VALUES_MAX && values[at].text)
			value_put(file, &values[at]);
		format = directive_end(format);
	}
}

const char *said(const char *text, char room[static SAID_TEXT])
{
	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++) {
		struct value values[VALUES_MAX] = { { NULL } };
		const char *format = _(sentences[i]);
		FILE *file;

		if (format == sentences[i] || !fits(sentences[i], text, values))
			continue;
		file = fmemopen(room, SAID_TEXT, "w");
		if (!file)
			return text;
		say_again(file, format, values);
		return fclose(file) == 0 ? room : text;
	}
	return text;
}
