/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A statement, and the lines that it signs. */

#include "crypt/secret.h"

struct export_list {
	char *head;			/* "" where there is none */
	int lines;			/* a memfd, sealed at the end */
	size_t n_lines;			/* bytes */
	struct hash_stream hash;
	uint64_t generation;
};
#define EXPORT_LIST_INIT { .lines = -1 }
void export_list_clear(struct export_list *list);

int export_list_begin(struct export_list *list);
int export_list_add(struct export_list *list, const char *line);
/* Nothing is added any more. */
int export_list_end(struct export_list *list, uint8_t ret_hash[static HASH_BYTES]);
