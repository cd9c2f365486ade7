/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A NULL-ended array of owned pointers, for the lists that libcubby returns. */

#include <stddef.h>

struct array {
	void **all;
	size_t n;
	size_t room;
};

/* Takes `element` over in any case, with `element_free` when there is no memory. */
int array_add(struct array *array, void *element, void (*element_free)(void *element));
void array_clear(struct array *array, void (*element_free)(void *element));
/* A NULL-ended copy of nothing or more strings. */
int array_add_text(struct array *array, const char *text);
