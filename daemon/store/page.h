/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A page of the database file: see page.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At the end of every page, where SQLite writes nothing ("reserved space"). */
#define PAGE_SUM_BYTES 8
#define PAGE_HEADER_BYTES 100
#define PAGE_MAX_BYTES 65536

/* Whether bytes of a file of the database are a whole page of it. */
bool page_is(int n, int64_t at);
/* The first page (or its first PAGE_HEADER_BYTES) says that all of them carry sums. */
bool page_says_sums(const uint8_t *first);
/* Zeroes the gap of a b-tree page; leaves every other page, and one that makes no sense. */
void page_scrub_gap(uint8_t *page, size_t n, int64_t at);
void page_sum(uint8_t *page, size_t n, int64_t at);
bool page_sum_holds(const uint8_t *page, size_t n, int64_t at);
