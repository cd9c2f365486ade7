/* SPDX-License-Identifier: Apache-2.0 */
/* `cubby takeout`: a parent's copy of everything about a profile, in files that open anywhere. They
 * are not encrypted, so they stand only in the folder that was named, and takeout.json, written
 * last, says that they are all there. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/words.h"
#include "batch.h"
#include "crypt/secret.h"
#include "listing.h"
#include "moment.h"
#include "output.h"
#include "prompt.h"
#include "verb.h"

struct takeout {
	struct hand *hand;
	const struct cubby_profile *profile;
	const char *dir;
	json_t *items;
	size_t n, n_sounds;
};

static int folder_make(struct hand *hand, const char *path)
{
	const struct dirent *entry;
	DIR *dir;
	int r;

	if (mkdir(path, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return hand_fail(hand, EXIT_GENERAL, "cannot make the folder %s (%s)", path,
				 strerror(errno));
	dir = opendir(path);
	if (!dir)
		return hand_fail(hand, EXIT_GENERAL, "cannot use %s as a folder (%s)", path,
				 strerror(errno));
	r = file_next(dir, &entry);
	closedir(dir);
	if (r < 0 || entry)
		return hand_fail(hand, EXIT_GENERAL, "%s is not empty; name a new folder", path);
	return 0;
}

static int file_put(const struct takeout *takeout, const char *name, const void *bytes, size_t n)
{
	_cleanup_(cleanup_free) char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s", takeout->dir, name) < 0)
		return hand_fail(takeout->hand, EXIT_GENERAL, "out of memory");
	r = output_write(path, bytes, n, 0600);
	if (r < 0)
		return hand_fail(takeout->hand, EXIT_GENERAL, "cannot write %s (%s)", path,
				 strerror(-r));
	return 0;
}

static int sound_put(struct takeout *takeout, const struct cubby_opened *opened, const char *name)
{
	_cleanup_(secret_freep) struct secret *wav = NULL;
	int r = item_wav(opened, &wav);

	if (r != 0)
		return hand_fail(takeout->hand, EXIT_GENERAL, "cannot make the WAV (%s)",
				 strerror(-r));
	takeout->n_sounds++;
	return file_put(takeout, name, wav->bytes, wav->n);
}

/* A listing's entry, and what only an opened one can tell. */
static int takeout_item(void *context, const struct cubby_item *item,
			const struct cubby_opened *opened)
{
	struct takeout *takeout = context;
	json_t *json = item_json(item, takeout->profile->name, opened);
	char name[CUBBY_ID_TEXT + 4];
	int r = 0;

	/* It expired, or was deleted, a moment ago. */
	if (!opened) {
		json_decref(json);
		return 0;
	}
	if (json && opened->confidence >= 0)
		json_object_set_new(json, "confidence", json_real(opened->confidence));
	if (json && opened->location)
		json_object_set_new(json, "location", json_string(opened->location));
	if (opened->samples) {
		snprintf(name, sizeof(name), "%s.wav", item->id);
		json_object_set_new(json, "sound", json_string(name));
		r = sound_put(takeout, opened, name);
	}
	takeout->n++;
	if (json_array_append_new(takeout->items, json) < 0)
		return hand_fail(takeout->hand, EXIT_GENERAL, "out of memory");
	return r;
}

/* What parents decided about this profile. Returns an exit code. */
static int decisions_add(const struct takeout *takeout, json_t *json)
{
	_cleanup_(cubby_consents_freep) struct cubby_consents *consents = NULL;
	_cleanup_(cubby_retentions_freep) struct cubby_retentions *retentions = NULL;
	const struct cubby_profile *profile = takeout->profile;
	json_t *given = json_array(), *kept = json_array();
	int r;

	json_object_set_new(json, "consents", given);
	json_object_set_new(json, "retention", kept);
	r = cubby_consents(takeout->hand->cubby, profile->id, &consents);
	for (size_t i = 0; r == 0 && i < consents->n; i++)
		json_array_append_new(given, consent_json(consents->list[i], profile->name));
	if (r == 0)
		r = cubby_retentions(takeout->hand->cubby, profile->id, &retentions);
	for (size_t i = 0; r == 0 && i < retentions->n; i++)
		json_array_append_new(kept, retention_json(retentions->list[i], profile->name));
	return r == 0 ? 0 : hand_refused(takeout->hand, r);
}

static int index_put(const struct takeout *takeout)
{
	const struct cubby_profile *profile = takeout->profile;
	char created[MOMENT_TEXT], made[MOMENT_TEXT];
	_cleanup_(render_json_freep) json_t *json =
		json_pack("{s:s, s:{s:s, s:s, s:s, s:s}, s:O}", "made",
			  moment_iso(takeout->hand->now_s, made), "profile", "id", profile->id,
			  "name", profile->name, "type", profile->child ? "child" : "adult",
			  "created", moment_iso(profile->created_s, created), "items",
			  takeout->items);
	char *text;
	int r;

	if (!json)
		return hand_fail(takeout->hand, EXIT_GENERAL, "out of memory");
	r = decisions_add(takeout, json);
	if (r != 0)
		return r;
	text = render_json_whole() ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(12))
				       : NULL;
	if (!text)
		return hand_fail(takeout->hand, EXIT_GENERAL, "out of memory");
	r = file_put(takeout, "takeout.json", text, strlen(text));
	secret_wipe(text, strlen(text));
	free(text);
	return r;
}

static int takeout_run(struct takeout *takeout)
{
	static const char *const everything[] = { "audio", "transcript", "location", NULL };
	struct cubby_selection selection = CUBBY_SELECTION_INIT;
	int r = folder_make(takeout->hand, takeout->dir);

	selection.profile = takeout->profile->id;
	if (r == 0)
		r = batch_walk(&(struct batch){ .hand = takeout->hand, .selection = &selection,
						.kinds = everything, .each = takeout_item,
						.context = takeout });
	return r == 0 ? index_put(takeout) : r;
}

int verb_takeout(struct hand *hand)
{
	_cleanup_(cubby_profiles_freep) struct cubby_profiles *profiles = NULL;
	_cleanup_(render_json_freep) json_t *items = json_array();
	struct takeout takeout = { .hand = hand, .items = items,
				   .dir = hand->command.value[OPTION_OUTPUT] };
	int r;

	if (!takeout.dir)
		return hand_fail(hand, EXIT_USAGE, "say where to: -o DIR, a new folder");
	r = prompt_proof(hand, CUBBY_SECRET_HOME);
	if (r != 0)
		return r;
	r = cubby_profiles(hand->cubby, &profiles);
	if (r != 0)
		return hand_refused(hand, r);
	r = hand_profile(hand, profiles, hand->command.arguments[0], &takeout.profile);
	if (r == 0)
		r = takeout_run(&takeout);
	if (r != 0)
		return r;
	hand_say(hand, words_n("Wrote %zu item, %zu with sound, and takeout.json to %s. They are "
			       "not encrypted, and Cubby does not delete them.",
			       "Wrote %zu items, %zu with sound, and takeout.json to %s. They are "
			       "not encrypted, and Cubby does not delete them.", takeout.n),
		 takeout.n, takeout.n_sounds, takeout.dir);
	if (!hand->json)
		return 0;
	r = render_json(json_pack("{s:s, s:I, s:I}", "folder", takeout.dir, "items",
				  (json_int_t)takeout.n, "sounds", (json_int_t)takeout.n_sounds));
	return r < 0 ? hand_fail(hand, EXIT_GENERAL, "cannot write the output") : 0;
}
