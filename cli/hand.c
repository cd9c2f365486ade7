/* SPDX-License-Identifier: Apache-2.0 */
/* What every verb needs: the session, the common options, and how a refusal is told. Whatever the
 * keeper or a file says is untrusted text on its way to a terminal: no control character passes. */

#include "hand.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/kind.h"
#include "base/words.h"
#include "moment.h"
#include "render.h"
#include "said.h"

#define TIMEOUT_MAX_S 86400

int hand_fail(struct hand *hand, enum exit_code code, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), _(format), arguments);
	va_end(arguments);
	render_clean(text);
	fflush(stdout);
	fprintf(stderr, "cubby: %s\n", text);
	return (int)code;
}

int hand_refused(struct hand *hand, int r)
{
	char room[SAID_TEXT];

	/* jansson goes on without what it got no memory for: a signature over the rest "does not
	 * hold". */
	if (!render_json_whole())
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	return hand_fail(hand, exit_code_of(r), "%s", said(cubby_why(hand->cubby), room));
}

void hand_say(struct hand *hand, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (hand->json || hand->quiet)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), _(format), arguments);
	va_end(arguments);
	render_clean(text);
	puts(text);
	/* Whoever is asked to speak or to wait reads it now, through a pipe too. */
	fflush(stdout);
}

static int color_choose(struct hand *hand)
{
	const char *color = hand->command.value[OPTION_COLOR];
	const char *none = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	hand->color = isatty(STDOUT_FILENO) && !(none && *none) &&
		      !(term && strcmp(term, "dumb") == 0);
	if (!color || strcmp(color, "auto") == 0)
		return 0;
	if (strcmp(color, "always") != 0 && strcmp(color, "never") != 0)
		return hand_fail(hand, EXIT_USAGE,
				 "--color takes auto, always or never, not '%s'", color);
	hand->color = strcmp(color, "always") == 0;
	return 0;
}

static int timeout_choose(struct hand *hand)
{
	const char *text = hand->command.value[OPTION_TIMEOUT];
	unsigned long value_s;
	char *end;

	if (!text)
		return 0;
	value_s = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value_s < 1 || value_s > TIMEOUT_MAX_S)
		return hand_fail(hand, EXIT_USAGE,
				 "--timeout takes seconds, 1 to %d, not '%s'", TIMEOUT_MAX_S, text);
	hand->timeout_ms = (int)value_s * 1000;
	return 0;
}

int hand_open(struct hand *hand)
{
	struct cubby_options options = CUBBY_OPTIONS_INIT;
	int r;

	hand->json = command_has(&hand->command, OPTION_JSON);
	hand->quiet = command_has(&hand->command, OPTION_QUIET);
	hand->now_s = clock_wall_s(&clock_system);
	r = color_choose(hand);
	if (r == 0)
		r = timeout_choose(hand);
	if (r != 0)
		return r;
	options.timeout_ms = hand->timeout_ms;
	options.host = hand->command.value[OPTION_HOST];
	r = cubby_new(&options, &hand->cubby);
	if (r > 0)
		return hand_fail(hand, EXIT_USAGE,
				 "--host takes a machine, or user@machine, not '%s'", options.host);
	if (r < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot begin (%s)", strerror(-r));
	return 0;
}

void hand_close(struct hand *hand)
{
	hand->cubby = cubby_free(hand->cubby);
}

int hand_household(struct hand *hand)
{
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	int r = cubby_status(hand->cubby, &status);

	if (r != 0)
		return hand_refused(hand, r);
	if (!status->described)
		return hand_fail(hand, EXIT_NOT_AUTHORIZED,
				 "only parents may do this: be in the group cubby-parents (and not "
				 "root), and log in again after being added");
	if (!status->household)
		return hand_fail(hand, EXIT_NOT_FOUND,
				 "there is no household yet; run 'cubby setup --parent NAME' "
				 "first");
	return 0;
}

static int time_option(struct hand *hand, enum option option, int64_t *ret_s)
{
	const char *text = hand->command.value[option];
	struct why why;

	if (!text || moment_parse(text, hand->now_s, ret_s, &why) == 0)
		return 0;
	return hand_fail(hand, EXIT_USAGE, "--%s: %s", option_table[option].name, why.text);
}

int hand_select(struct hand *hand, struct cubby_selection *selection)
{
	const char *kind = hand->command.value[OPTION_KIND];
	int r;

	selection->profile = hand->command.value[OPTION_PROFILE];
	selection->kind = kind;
	if (kind && !kind_from_name(kind))
		return hand_fail(hand, EXIT_USAGE,
				 "--kind: '%s' is not a kind; there are audio, transcript and "
				 "location",
				 kind);
	r = time_option(hand, OPTION_SINCE, &selection->since_s);
	if (r == 0)
		r = time_option(hand, OPTION_UNTIL, &selection->until_s);
	if (r == 0 && selection->since_s && selection->until_s &&
	    selection->since_s >= selection->until_s)
		return hand_fail(hand, EXIT_USAGE, "--since is not before --until, so nothing "
						   "can match");
	return r;
}

void hand_ids_free(char **ids)
{
	for (size_t i = 0; ids && ids[i]; i++)
		free(ids[i]);
	free(ids);
}

int hand_ids(struct hand *hand, char ***ret_ids)
{
	_cleanup_(hand_ids_freep) char **ids = calloc(hand->command.n + 1, sizeof(*ids));
	char id[CUBBY_ID_TEXT];
	int r;

	if (!ids)
		return hand_fail(hand, EXIT_GENERAL, "out of memory");
	for (size_t i = 0; i < hand->command.n; i++) {
		r = cubby_resolve(hand->cubby, hand->command.arguments[i], id);
		if (r == CUBBY_INVALID_ARGUMENT)
			return hand_fail(hand, EXIT_USAGE, "%s", cubby_why(hand->cubby));
		if (r != 0)
			return hand_refused(hand, r);
		ids[i] = strdup(id);
		if (!ids[i])
			return hand_fail(hand, EXIT_GENERAL, "out of memory");
	}
	*ret_ids = take(ids);
	return 0;
}

int hand_profile(struct hand *hand, const struct cubby_profiles *profiles, const char *asked,
		 const struct cubby_profile **ret)
{
	for (size_t i = 0; i < profiles->n; i++)
		if (strcasecmp(profiles->list[i]->name, asked) == 0 ||
		    strcmp(profiles->list[i]->id, asked) == 0) {
			*ret = profiles->list[i];
			return 0;
		}
	return hand_fail(hand, EXIT_NOT_FOUND,
			 "there is no profile '%s'; 'cubby profile list' shows them", asked);
}

const char *hand_profile_name(const struct cubby_profiles *profiles, const char *id)
{
	for (size_t i = 0; profiles && i < profiles->n; i++)
		if (strcmp(profiles->list[i]->id, id) == 0)
			return profiles->list[i]->name;
	return id;
}
