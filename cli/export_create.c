/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby export create`: writes what was approved. It proves with the release key alone, so that a
 * child's item could not be opened here even if one were handed out. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audiofolder.h"
#include "prompt.h"
#include "render.h"
#include "verb.h"

CLEANUP_DEFINE(struct audiofolder *, audiofolder_free)

static void signals_hold(sigset_t *ret_before)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, ret_before);
}

static bool signals_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) == 1 ||
					     sigismember(&pending, SIGTERM) == 1 ||
					     sigismember(&pending, SIGHUP) == 1);
}

static int copy_open(struct hand *hand, const char *id, struct cubby_opened **ret)
{
	const struct timespec pause = { .tv_nsec = 250000000L };
	int r = cubby_export_open(hand->cubby, id, ret);

	for (int i = 0; (r == CUBBY_RATE_LIMITED || r == CUBBY_BUSY) && i < 60; i++) {
		nanosleep(&pause, NULL);
		r = cubby_export_open(hand->cubby, id, ret);
	}
	return r;
}

/* *ret_written: a copy without sound is no training item and is left out. */
static int copies_write(struct hand *hand, const struct cubby_released *released,
			struct audiofolder *folder, size_t *ret_written)
{
	size_t written = 0;

	for (size_t i = 0; i < released->n; i++) {
		_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
		int r;

		if (signals_pending())
			return hand_fail(hand, EXIT_GENERAL, "stopped; nothing was written");
		r = copy_open(hand, released->ids[i], &opened);
		if (r != 0)
			return hand_refused(hand, r);
		if (!opened->flac)
			continue;
		r = audiofolder_add(folder, released->ids[i], opened->flac, opened->flac_bytes,
				    opened->text ? opened->text : "");
		if (r < 0)
			return hand_fail(hand, EXIT_GENERAL, "cannot write the export (%s)",
					 strerror(-r));
		written++;
	}
	if (written == 0)
		return hand_fail(hand, EXIT_NOT_FOUND,
				 "nothing that was approved has sound; nothing was written");
	*ret_written = written;
	return 0;
}

static int export_tell(struct hand *hand, const char *path, const struct cubby_released *released,
		       size_t written)
{
	json_t *excluded = json_object();
	size_t silent = released->n - written;
	int r = 0;

	for (size_t i = 0; i < released->n_excluded; i++)
		json_object_set_new(excluded, released->excluded[i]->reason,
				    json_integer(released->excluded[i]->items));
	if (silent)
		json_object_set_new(excluded, "no sound", json_integer((json_int_t)silent));
	if (hand->json) {
		r = render_json(json_pack("{s:s, s:s, s:i, s:o}", "directory", path, "format", "hf",
					  "items", (int)written, "excluded", excluded));
		return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
	}
	json_decref(excluded);
	hand_say(hand, "Wrote %zu item%s to %s.", written, written == 1 ? "" : "s", path);
	if (silent)
		hand_say(hand, "Left out: %zu (no sound).", silent);
	for (size_t i = 0; i < released->n_excluded; i++)
		if (released->excluded[i]->items)
			hand_say(hand, "Left out: %u (%s).", released->excluded[i]->items,
				 released->excluded[i]->reason);
	return 0;
}

static int export_write(struct hand *hand, const char *path, const struct cubby_released *released)
{
	_cleanup_(audiofolder_freep) struct audiofolder *folder = NULL;
	size_t written = 0;
	int r = audiofolder_new(path, &folder);

	if (r == -EEXIST)
		return hand_fail(hand, EXIT_GENERAL, "%s is there already and not empty; name a "
						     "new one",
				 path);
	if (r < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot make %s (%s)", path, strerror(-r));
	r = copies_write(hand, released, folder, &written);
	if (r != 0)
		return r;
	r = audiofolder_finish(folder);
	if (r < 0)
		return hand_fail(hand, EXIT_GENERAL, "cannot finish %s (%s)", path, strerror(-r));
	return export_tell(hand, path, released, written);
}

int verb_export_create(struct hand *hand)
{
	_cleanup_(cubby_released_freep) struct cubby_released *released = NULL;
	const char *path = hand->command.arguments[0];
	const char *format = hand->command.value[OPTION_FORMAT];
	const char *purpose = hand->command.value[OPTION_PURPOSE];
	const char *recipient = hand->command.value[OPTION_RECIPIENT];
	sigset_t before;
	int r;

	if (!format || strcmp(format, "hf") != 0)
		return hand_fail(hand, EXIT_USAGE, "%s%s; --format hf is the one there is",
				 format ? "no such format: " : "no format", format ? format : "");
	r = prompt_proof(hand, CUBBY_SECRET_RELEASE);
	if (r != 0)
		return r;
	r = cubby_export_select(hand->cubby, purpose ? purpose : "", recipient ? recipient : "",
				&released);
	if (r != 0)
		return hand_refused(hand, r);
	if (released->n == 0)
		return hand_fail(hand, EXIT_NOT_FOUND,
				 "nothing is approved for this export; an adult does that with "
				 "'cubby export approve ID...'");
	signals_hold(&before);
	r = export_write(hand, path, released);
	fflush(stdout);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
