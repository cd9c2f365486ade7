/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby watch`: tells alerts as they come, and hands each to whatever an integrator put into the
 * folder of hooks. A hook that fails must not keep the next one, or the next alert, from coming. */

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "hand.h"
#include "hook.h"
#include "moment.h"
#include "render.h"
#include "said.h"
#include "verb.h"

#define HOOK_FOLDER "/etc/cubby/alert.d"
#define AGAIN_S 5

/* What is hidden, or an editor's copy of the one before, is no hook. */
static int hook_wanted(const struct dirent *entry)
{
	const size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && entry->d_name[n - 1] != '~';
}

static void hook_tell(struct hand *hand, const char *name, const char *kind, const char *text)
{
	_cleanup_(cleanup_free) char *path = NULL;
	struct stat status;

	if (asprintf(&path, HOOK_FOLDER "/%s", name) < 0 || stat(path, &status) < 0 ||
	    !S_ISREG(status.st_mode) || access(path, X_OK) < 0)
		return;
	if (hook_run(path, (const struct hook_word[]){ { "CUBBY_ALERT_KIND", kind },
						       { "CUBBY_ALERT_TEXT", text },
						       { NULL } }) != 0)
		hand_fail(hand, EXIT_GENERAL, "the hook %s did not succeed", path);
}

/* In the order of their names. */
static void hooks_tell(struct hand *hand, const char *kind, const char *text)
{
	struct dirent **entries = NULL;
	int n = scandir(HOOK_FOLDER, &entries, hook_wanted, alphasort);

	for (int i = 0; i < n; i++) {
		hook_tell(hand, entries[i]->d_name, kind, text);
		free(entries[i]);
	}
	free(entries);
}

static int alert_tell(struct hand *hand, const char *kind, char *text)
{
	char time_text[MOMENT_TEXT], room[SAID_TEXT];
	const int64_t now_s = clock_wall_s(&clock_system);
	int r = 0;

	render_clean(text);
	if (hand->json) {
		json_t *json = json_pack("{s:s, s:s, s:s}", "time", moment_iso(now_s, time_text),
					 "kind", kind, "text", text);

		r = json && render_json_whole() && json_dumpf(json, stdout, JSON_COMPACT) == 0
			? 0 : -1;
		json_decref(json);
		putchar('\n');
	} else {
		printf("%s  %s\n", moment_local(now_s, time_text), said(text, room));
	}
	if (r < 0 || fflush(stdout) != 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot write the output");
	hooks_tell(hand, kind, text);
	return 0;
}

int verb_watch(struct hand *hand)
{
	int r = hand_household(hand);

	if (r != 0 && r != EXIT_NOT_FOUND)
		return r;
	for (;;) {
		_cleanup_(cleanup_free) char *kind = NULL;
		_cleanup_(cleanup_free) char *text = NULL;

		r = cubby_alert_wait(hand->cubby, hand->timeout_ms, &kind, &text);
		if (r == 0)
			r = alert_tell(hand, kind, text);
		/* The keeper or the bus is started anew; whoever watches goes on watching. */
		else if (r == CUBBY_NO_DAEMON && hand->timeout_ms == 0)
			sleep(AGAIN_S), r = 0;
		else
			r = r == CUBBY_TIMEOUT ? EXIT_TIMEOUT : hand_refused(hand, r);
		if (r != 0)
			return r;
	}
}
