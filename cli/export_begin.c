/* SPDX-License-Identifier: Apache-2.0 */
/* Begins an export, or goes on with the one that lies there. What it is for is never guessed: it is
 * named, or the only thing that anything is approved for. */

#include "export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "crypt/manifest.h"

int export_write_failed(struct hand *hand, const char *path, int r)
{
	if (r == -EEXIST)
		return hand_fail(hand, EXIT_GENERAL,
				 "%s is there already and not empty; name a new one", path);
	return hand_fail(hand, EXIT_GENERAL, "cannot write %s (%s)", path, strerror(-r));
}

int export_words_check(struct hand *hand)
{
	if (command_has(&hand->command, OPTION_PURPOSE) &&
	    command_has(&hand->command, OPTION_RECIPIENT))
		return 0;
	return hand_fail(hand, EXIT_USAGE, "say what for and for whom: --purpose P --recipient R");
}

/* The one purpose and recipient that there are approvals for, where none was named. */
struct finding_words {
	const char *purpose, *recipient;	/* NULL: any */
	char purpose_found[MANIFEST_TEXT], recipient_found[MANIFEST_TEXT];
	bool found, several;
};

static int words_meet(void *context, const struct cubby_copy *copy)
{
	struct finding_words *words = context;

	if ((words->purpose && strcmp(words->purpose, copy->purpose) != 0) ||
	    (words->recipient && strcmp(words->recipient, copy->recipient) != 0))
		return 0;
	if (words->found)
		words->several = words->several ||
				 strcmp(words->purpose_found, copy->purpose) != 0 ||
				 strcmp(words->recipient_found, copy->recipient) != 0;
	words->found = true;
	snprintf(words->purpose_found, MANIFEST_TEXT, "%s", copy->purpose);
	snprintf(words->recipient_found, MANIFEST_TEXT, "%s", copy->recipient);
	return 0;
}

static int words_find(struct hand *hand, struct finding_words *words)
{
	int r = cubby_copies(hand->cubby, words_meet, words);

	if (r != 0)
		return hand_refused(hand, r);
	if (words->several)
		return hand_fail(hand, EXIT_USAGE,
				 "items are approved for more than one export; say which: "
				 "--purpose P --recipient R ('cubby export list' shows them)");
	if (!words->found)
		return hand_fail(hand, EXIT_NOT_FOUND,
				 "nothing is approved for this export; an adult does that with "
				 "'cubby export review'");
	return 0;
}

static int export_new(struct hand *hand, const char *format, const char *encoding,
		      struct cubby_export **ret)
{
	struct cubby_export_options options = CUBBY_EXPORT_OPTIONS_INIT;
	struct finding_words words = { .purpose = hand->command.value[OPTION_PURPOSE],
				       .recipient = hand->command.value[OPTION_RECIPIENT] };
	int r;

	options.purpose = words.purpose;
	options.recipient = words.recipient;
	options.format = format;
	options.encoding = encoding;
	if (!options.purpose || !options.recipient) {
		r = words_find(hand, &words);
		if (r != 0)
			return r;
		options.purpose = words.purpose_found;
		options.recipient = words.recipient_found;
	}
	r = cubby_export_begin(hand->cubby, &options, ret);
	return r == 0 ? 0 : hand_refused(hand, r);
}

/* What was begun in this directory is for what was asked now. */
static int same_check(struct hand *hand, const char *path, const struct cubby_export_info *info,
		      const char *format, const char *encoding)
{
	const char *purpose = hand->command.value[OPTION_PURPOSE];
	const char *recipient = hand->command.value[OPTION_RECIPIENT];

	if ((!purpose || strcmp(purpose, info->purpose) == 0) &&
	    (!recipient || strcmp(recipient, info->recipient) == 0) &&
	    strcmp(format, info->format) == 0 && strcmp(encoding, info->encoding) == 0)
		return 0;
	return hand_fail(hand, EXIT_USAGE,
			 "an unfinished export lies there, %s and %s, for %s, to %s; go on with "
			 "just that, or drop it with 'cubby export cancel %s'",
			 info->format, info->encoding, info->purpose, info->recipient, path);
}

int export_take_up(struct hand *hand, struct dataset *dataset, const char *format,
			  const char *encoding, struct cubby_export **ret)
{
	struct cubby_export_options options = CUBBY_EXPORT_OPTIONS_INIT;
	const char *path = hand->command.arguments[0];
	const struct cubby_export_info *info;
	int r;

	options.resume = dataset_unfinished(dataset);
	if (options.resume) {
		r = cubby_export_begin(hand->cubby, &options, ret);
		if (r != 0 && r != CUBBY_NOT_FOUND)
			return hand_refused(hand, r);
		if (r == 0) {
			info = cubby_export_info(*ret);
			hand_say(hand, "Going on with %s: %u of %u items are written.", path,
				 info->written, info->items);
			return same_check(hand, path, info, format, encoding);
		}
	}
	/* Nothing to go on with: what lies there is worth nothing. */
	r = dataset_discard(dataset);
	if (r < 0)
		return export_write_failed(hand, path, r);
	return export_new(hand, format, encoding, ret);
}
