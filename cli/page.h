/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A page of HTML that needs nothing but itself: style and pictures are in it, scripts are not. */

#include <stdio.h>
#include "base/cleanup.h"

struct page {
	FILE *file;
	char *text;
	size_t n;
};

/* -errno where there is no memory. */
int page_begin(struct page *page, const char *title);
/* *page->text is the whole page then. */
int page_end(struct page *page);
void page_clear(struct page *page);

/* Text of anybody's making: nothing in it is markup. */
void page_text(struct page *page, const char *text);
/* `format` is markup of ours, translated here; each %s in it is text (see above), each %m a number
 * (long long). */
void page_add(struct page *page, const char *format, ...);

/* How much of something is there on each of n days from now, as a band that fades out: left[0] is
 * what is there now. `label` is read out in place of the picture. */
void page_band(struct page *page, const char *label, const char *style, const unsigned *left,
	       unsigned n);
/* Counts of n days up to today as columns, two a day. */
struct page_column {
	unsigned one, other;
};
void page_columns(struct page *page, const char *label, const struct page_column *columns,
		  unsigned n);
