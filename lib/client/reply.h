/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One call of the keeper and the reading of its reply, for the shapes that return again and again.
 * The callers turn what is malformed into words with session_malformed(). */

#include "client/array.h"
#include "client/session.h"

/* Calls with these arguments and empty options (see message_append()). */
int reply_get(struct cubby *cubby, const char *interface, const char *member,
	      struct message **ret, const char *signature, ...);
/* The same for a page that begins at `cursor` (NULL: the first). reply_page_end() reads the cursor
 * of the next one in its place, which the caller frees; "" means the end. empty: nothing was on the
 * page. */
int reply_page(struct cubby *cubby, const char *interface, const char *member, const char *cursor,
	       struct message **ret, const char *signature, ...);
int reply_page_end(struct message *reply, bool empty, char **cursor);
/* "cursor" and "limit" where they are needed, and the end of the request's options. */
int reply_page_options(struct cubby *cubby, struct message *request, const char *cursor);
/* The same for a method that erases: its reply is a job, asked for as `reason` (session_job()). */
int reply_job(struct cubby *cubby, const char *interface, const char *member, const char *reason,
	      char **ret_job, const char *signature, ...);
/* All properties of BUS_NAME.interface; path NULL: BUS_PATH. */
int reply_properties(struct cubby *cubby, const char *path, const char *interface,
		     struct message **ret);

/* Calls `read` inside each element of the array that comes next. contents: "(...)" or "{...}". */
int reply_each(struct message *message, const char *contents,
	       int (*read)(struct message *message, void *context), void *context);
/* The array of strings that comes next. */
int reply_texts(struct message *message, struct array *array);
/* The variant that comes next, with one value of a basic type. */
int reply_variant(struct message *message, const char *signature, void *ret);
/* A statement and, in a memfd, the lines under it (docs/FORMATS.md). ret_head lasts as long as the
 * reply. */
int reply_lines(struct message *reply, const char **ret_head, int *ret_fd, size_t *ret_n);
/* The same as one text, of which the first ret_head bytes are the statement. */
int reply_list(struct message *reply, char **ret_text, size_t *ret_n, size_t *ret_head);
