/* SPDX-License-Identifier: Apache-2.0 */
/* How an item looks to people and to programs. */

#include "item.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "moment.h"
#include "sound/sound.h"

#define PATIENCE_TRIES 60
#define PATIENCE_MS 250

bool item_has(const struct cubby_item *item, const char *kind)
{
	for (size_t i = 0; i < item->n_parts; i++)
		if (strcmp(item->parts[i].kind, kind) == 0)
			return true;
	return false;
}

static json_t *duration_json(const struct cubby_opened *opened)
{
	if (!opened || opened->duration_ms < 0)
		return json_null();
	return json_real((double)opened->duration_ms / 1000.0);
}

json_t *item_json(const struct cubby_item *item, const char *profile,
		  const struct cubby_opened *opened)
{
	json_t *kinds = json_array(), *expires = json_object();
	json_t *transcript = opened && opened->text ? json_string(opened->text) : json_null();
	char text[MOMENT_TEXT], started[MOMENT_TEXT];

	for (size_t i = 0; i < item->n_parts; i++) {
		const struct cubby_part *part = &item->parts[i];

		json_array_append_new(kinds, json_string(part->kind));
		json_object_set_new(expires, part->kind,
				    json_string(moment_iso(part->expires_s, text)));
	}
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", item->id, "profile", profile,
			 "started", moment_iso(item->started_s, started), "duration_s",
			 duration_json(opened), "kinds", kinds, "expires", expires, "transcript",
			 transcript ? transcript : json_null());
}

void item_cells(const struct cubby_item *item, const struct cubby_opened *opened, int64_t now_s,
		struct item_cells *ret)
{
	char until[MOMENT_TEXT], first[MOMENT_TEXT] = "";
	bool same = true;

	memset(ret, 0, sizeof(*ret));
	snprintf(ret->id, sizeof(ret->id), "%.8s", item->id);
	moment_local(item->started_s, ret->started);
	for (size_t i = 0; i < item->n_parts; i++) {
		const struct cubby_part *part = &item->parts[i];
		size_t used = strlen(ret->kinds), left = strlen(ret->expires);

		moment_until(part->expires_s, now_s, until);
		if (i == 0)
			memcpy(first, until, sizeof(first));
		same = same && strcmp(first, until) == 0;
		snprintf(ret->kinds + used, sizeof(ret->kinds) - used, "%s%s", i ? " " : "",
			 part->kind);
		snprintf(ret->expires + left, sizeof(ret->expires) - left, "%s%s", i ? ", " : "",
			 until);
	}
	/* Several kinds with one fate need it said once. */
	if (same)
		snprintf(ret->expires, sizeof(ret->expires), "%s", first);
	if (opened && opened->duration_ms >= 0)
		snprintf(ret->length, sizeof(ret->length), "%.1f s",
			 (double)opened->duration_ms / 1000.0);
}

int item_open(struct hand *hand, const char *id, const char *const *kinds,
	      struct cubby_opened **ret)
{
	const struct timespec pause = { .tv_nsec = PATIENCE_MS * 1000000L };
	int r = cubby_open(hand->cubby, id, kinds, ret);

	for (int i = 0; (r == CUBBY_RATE_LIMITED || r == CUBBY_BUSY) && i < PATIENCE_TRIES; i++) {
		nanosleep(&pause, NULL);
		r = cubby_open(hand->cubby, id, kinds, ret);
	}
	return r;
}

int item_wav(const struct cubby_opened *opened, struct secret **ret)
{
	_cleanup_(sound_clear) struct sound sound = { .rate_hz = opened->rate_hz,
						      .frames = opened->frames };
	int r = secret_from(opened->samples, opened->frames * sizeof(*opened->samples),
			    &sound.samples);

	return fault_trace(r ? r : sound_to_wav(&sound, ret));
}
