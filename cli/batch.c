/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over what is kept, a few hundred items at a time. What was opened is wiped as soon as it
 * was looked at. */

#include "batch.h"

#include <stdio.h>
#include <string.h>

#include "progress.h"

#define BATCH_ITEMS 500

CLEANUP_DEFINE(struct cubby_opening *, cubby_opening_free)

/* The page under way. */
struct page {
	struct cubby_item items[BATCH_ITEMS];
	struct cubby_part parts[BATCH_ITEMS][3];
	size_t n;
	uint64_t done, total;
};

static void page_add(struct page *page, const struct cubby_item *item)
{
	struct cubby_item *copy = &page->items[page->n];

	*copy = *item;
	memcpy(page->parts[page->n], item->parts, item->n_parts * sizeof(*item->parts));
	copy->parts = page->parts[page->n++];
}

static bool wanted(const struct cubby_item *item, const char *const *kinds)
{
	for (; *kinds; kinds++)
		if (item_has(item, *kinds))
			return true;
	return false;
}

static int opening_begin(const struct batch *batch, struct page *page,
			 struct cubby_opening **ret)
{
	const char *ids[BATCH_ITEMS];
	size_t n = 0;

	for (size_t i = 0; i < page->n; i++)
		if (wanted(&page->items[i], batch->kinds))
			ids[n++] = page->items[i].id;
	return cubby_opening_new(batch->hand->cubby, ids, n, batch->kinds, ret);
}

static int page_open(const struct batch *batch, struct page *page)
{
	_cleanup_(cubby_opening_freep) struct cubby_opening *opening = NULL;
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
	char id[CUBBY_ID_TEXT] = "";
	int r = opening_begin(batch, page, &opening);

	for (size_t i = 0; r == 0 && i < page->n; i++) {
		bool this;
		int code;

		if (!opened && opening)
			r = cubby_opening_next(opening, id, &opened);
		/* At the end of the opening there may still be items that were not asked for. */
		if (r == 0 && !opened)
			opening = cubby_opening_free(opening);
		if (r != 0)
			break;
		this = opened && strcmp(id, page->items[i].id) == 0;
		code = batch->each(batch->context, &page->items[i], this ? opened : NULL);
		if (this)
			opened = cubby_opened_free(opened);
		if (code != 0)
			return code;
		progress_draw(batch->hand, ++page->done, page->total);
	}
	page->n = 0;
	return r == 0 ? 0 : hand_refused(batch->hand, r);
}

static int page_walk(const struct batch *batch, struct page *page)
{
	_cleanup_(cubby_list_freep) struct cubby_list *list = NULL;
	const struct cubby_item *item = NULL;
	int r = cubby_list_new(batch->hand->cubby, batch->selection, &list);

	while (r == 0) {
		int code = 0;

		r = cubby_list_next(list, &item);
		if (r != 0)
			break;
		if (item && !batch->kinds)
			code = batch->each(batch->context, item, NULL);
		else if (item)
			page_add(page, item);
		if (batch->kinds && (page->n == BATCH_ITEMS || (!item && page->n > 0)))
			code = page_open(batch, page);
		if (code != 0 || !item)
			return code;
	}
	return hand_refused(batch->hand, r);
}

/* How many there are, for who watches. Returns an exit code. */
static int page_count(const struct batch *batch, uint64_t *ret)
{
	_cleanup_(cleanup_free) char *none = NULL;
	struct cubby_selection selection = *batch->selection;
	uint32_t items = 0;
	int r;

	selection.all = !selection.profile && !selection.since_s && !selection.until_s &&
			!selection.kind && !selection.n_ids;
	r = cubby_delete(batch->hand->cubby, &selection, true, &none, &items);
	if (r != 0 && r != CUBBY_NOT_FOUND)
		return hand_refused(batch->hand, r);
	*ret = items;
	return 0;
}

int batch_walk(const struct batch *batch)
{
	_cleanup_(cleanup_free) struct page *page = calloc(1, sizeof(*page));
	int r = 0;

	if (!page)
		return hand_fail(batch->hand, EXIT_GENERAL, "out of memory");
	if (batch->kinds && progress_watched(batch->hand))
		r = page_count(batch, &page->total);
	if (r == 0)
		r = page_walk(batch, page);
	progress_end(batch->hand);
	return r;
}
