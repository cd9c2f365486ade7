/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of pointers that grow. An element is owned from the moment it is handed in. */

#include "client/array.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"

int array_add(struct array *array, void *element, void (*element_free)(void *element))
{
	size_t room = array->room ? array->room * 2 : 16;
	void **all;

	if (!element)
		return fault_origin(-ENOMEM);
	if (array->n + 2 > array->room) {
		all = realloc(array->all, room * sizeof(*all));
		if (!all) {
			element_free(element);
			return fault_origin(-ENOMEM);
		}
		array->all = all;
		array->room = room;
	}
	array->all[array->n++] = element;
	array->all[array->n] = NULL;
	return 0;
}

void array_clear(struct array *array, void (*element_free)(void *element))
{
	for (size_t i = 0; i < array->n; i++)
		element_free(array->all[i]);
	free(array->all);
	array->all = NULL;
	array->n = array->room = 0;
}

int array_add_text(struct array *array, const char *text)
{
	return fault_trace(array_add(array, strdup(text), free));
}
