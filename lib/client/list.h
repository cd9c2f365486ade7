/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A list that libcubby returns: struct cubby_NAMES with n and list, which its caller sees, and
 * behind it the array that owns the elements. */

#include <stdlib.h>
#include "base/cleanup.h"
#include "client/array.h"

/* Makes struct NAMES_owner, cubby_NAMES_free() with its cleanup, and NAMES_show(): what the caller
 * sees, once the array is filled. */
#define LIST_DEFINE(names, element, element_free)                                                  \
	struct names##_owner {                                                                     \
		struct cubby_##names public;                                                       \
		struct array array;                                                                \
	};                                                                                         \
												   \
	struct cubby_##names *cubby_##names##_free(struct cubby_##names *list)                     \
	{                                                                                          \
		struct names##_owner *owner = (struct names##_owner *)list;                        \
												   \
		if (!owner)                                                                        \
			return NULL;                                                               \
		array_clear(&owner->array, element_free);                                          \
		free(owner);                                                                       \
		return NULL;                                                                       \
	}                                                                                          \
	CLEANUP_DEFINE(struct cubby_##names *, cubby_##names##_free)                               \
												   \
	static void names##_show(struct names##_owner *owner)                                      \
	{                                                                                          \
		owner->public.n = owner->array.n;                                                  \
		owner->public.list = (struct element *const *)owner->array.all;                    \
	}
