/* SPDX-License-Identifier: Apache-2.0 */
/* Reads marks and says what they promise. Must never take a thing for promised that was not
 * acknowledged, or the tests would fail for nothing, nor forget one that was. */

#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ledger_clear(struct ledger *ledger)
{
	free(ledger->entries);
	*ledger = (struct ledger){ .wall_s = LEDGER_BEGIN_S };
}

static void entry_add(struct ledger *ledger, const struct mark *mark)
{
	if (ledger->n == ledger->room) {
		ledger->room = ledger->room ? 2 * ledger->room : 64;
		ledger->entries = reallocarray(ledger->entries, ledger->room,
					       sizeof(*ledger->entries));
		if (!ledger->entries)
			abort();
	}
	ledger->entries[ledger->n++].mark = *mark;
}

static void entry_delete_begin(struct ledger *ledger, const struct mark *mark)
{
	for (size_t i = 0; i < ledger->n; i++) {
		struct mark *kept = &ledger->entries[i].mark;

		if (id_equal(&kept->id, &mark->id) && kept->thing == mark->thing) {
			kept->phase = MARK_DELETING;
			kept->act = mark->act;
		}
	}
}

/* All entries of the act go from one phase to the next. */
static void act_move(struct ledger *ledger, uint32_t act, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < ledger->n; i++) {
		struct mark *kept = &ledger->entries[i].mark;

		if (kept->act == act && kept->phase == from)
			kept->phase = to;
	}
}

static void act_drop(struct ledger *ledger, uint32_t act)
{
	act_move(ledger, act, MARK_DELETING, MARK_KEPT);
	for (size_t i = 0; i < ledger->n;) {
		if (ledger->entries[i].mark.act == act &&
		    ledger->entries[i].mark.phase == MARK_KEEPING)
			ledger->entries[i] = ledger->entries[--ledger->n];
		else
			i++;
	}
}

void ledger_take(struct ledger *ledger, const struct mark *mark)
{
	if (mark->act >= LEDGER_ACTS_MAX)
		abort();
	if (mark->act > ledger->act)
		ledger->act = mark->act;
	switch (mark->phase) {
	case MARK_KEEPING:
		entry_add(ledger, mark);
		break;
	case MARK_KEPT:
		act_move(ledger, mark->act, MARK_KEEPING, MARK_KEPT);
		break;
	case MARK_DELETING:
		entry_delete_begin(ledger, mark);
		break;
	case MARK_DELETED:
		act_move(ledger, mark->act, MARK_DELETING, MARK_DELETED);
		break;
	case MARK_ERASED:
		act_move(ledger, mark->act, MARK_DELETED, MARK_ERASED);
		break;
	case MARK_NOTHING:
		act_drop(ledger, mark->act);
		break;
	case MARK_CLOCK:
		ledger->wall_s = mark->wall_s;
		break;
	}
}

void ledger_read(struct ledger *ledger, const char *path)
{
	FILE *file = fopen(path, "re");
	struct mark mark;

	ledger_clear(ledger);
	if (!file)
		return;
	while (fread(&mark, sizeof(mark), 1, file) == 1)
		ledger_take(ledger, &mark);
	fclose(file);
}

static bool entry_gone(const struct mark *mark, bool deleted, const bool *gone)
{
	return mark->phase == MARK_ERASED || (deleted && mark->phase == MARK_DELETED) ||
	       (gone && mark->phase == MARK_DELETING && gone[mark->act]);
}

/* An id stays on the disk as long as one part of the thing does, or a copy made of it. */
static bool id_gone(const struct ledger *ledger, const struct id *id, bool deleted,
		    const bool *gone)
{
	for (size_t i = 0; i < ledger->n; i++) {
		const struct mark *mark = &ledger->entries[i].mark;

		if ((id_equal(&mark->id, id) ||
		     (mark->thing > THING_COPY && id_equal(&mark->owner, id))) &&
		    !entry_gone(mark, deleted, gone))
			return false;
	}
	return true;
}

size_t ledger_needles(const struct ledger *ledger, bool deleted, const bool *gone,
		      struct needle **ret)
{
	struct needle *needles = calloc(3 * ledger->n + 1, sizeof(*needles));
	size_t n = 0;

	if (!needles)
		abort();
	for (size_t i = 0; i < ledger->n; i++) {
		const struct entry *entry = &ledger->entries[i];
		const struct mark *mark = &entry->mark;

		if (!entry_gone(mark, deleted, gone))
			continue;
		if (mark->thing != THING_PROFILE)
			needles[n++] = (struct needle){ entry, mark->key, LEDGER_KEY_BYTES, "key" };
		needles[n++] = (struct needle){ entry, mark->head, LEDGER_HEAD_BYTES, "head" };
		if (id_gone(ledger, &mark->id, deleted, gone))
			needles[n++] = (struct needle){ entry, mark->id.bytes, ID_BYTES, "id" };
	}
	*ret = needles;
	return n;
}

size_t needles_count(const struct needle *needles, size_t n, const uint8_t *bytes, size_t n_bytes,
		     const struct needle **ret_first)
{
	uint8_t *filter = calloc(1, 65536 / 8);
	size_t count = 0;

	if (!filter)
		abort();
	for (size_t i = 0; i < n; i++) {
		const unsigned bit = needles[i].bytes[0] | needles[i].bytes[1] << 8;

		filter[bit / 8] |= (uint8_t)(1 << bit % 8);
	}
	for (size_t at = 0; at + LEDGER_HEAD_BYTES <= n_bytes; at++) {
		const unsigned bit = bytes[at] | bytes[at + 1] << 8;

		if (!(filter[bit / 8] >> bit % 8 & 1))
			continue;
		for (size_t i = 0; i < n; i++) {
			if (n_bytes - at < needles[i].n ||
			    memcmp(bytes + at, needles[i].bytes, needles[i].n) != 0)
				continue;
			if (count++ == 0)
				*ret_first = &needles[i];
		}
	}
	free(filter);
	return count;
}
