/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What of all that is kept a call is about. */

#include "client/array.h"
#include "client/session.h"

/* A selection as it was given, kept for calls after the one that named it. */
struct list_selection {
	struct array ids;
	char *profile;
	char *kind;
	int64_t since_s, until_s;
	bool all;
};

/* from NULL: an empty one, which names everything. ANSWER_INVALID_ARGUMENT. */
int list_selection_copy(struct cubby *cubby, const struct cubby_selection *from,
			struct list_selection *to);
/* As the a{sv} of org.cubby.Cubby1.Archive. */
int list_selection_append(struct message *request, const struct list_selection *selection);
void list_selection_clear(struct list_selection *selection);
