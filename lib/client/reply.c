/* SPDX-License-Identifier: Apache-2.0 */
/* Calling the keeper and walking what it answers. Nothing is believed of a reply here but its
 * shape; what it means is for the noun's own file to check. */

#include "client/reply.h"

#include <string.h>

#include "base/file.h"

/* Of a manifest or a list of recalls. */
#define LIST_MAX_BYTES (256u << 20)

static int reply_send(struct cubby *cubby, const char *interface, const char *member,
		      struct message **ret, const char *signature, va_list *list)
{
	_cleanup_(message_freep) struct message *request = NULL;
	int r = session_request(cubby, NULL, interface, member, &request);

	if (r == 0)
		r = message_append_list(request, signature, list);
	if (r == 0)
		r = session_call(cubby, request, ret);
	return fault_trace(r);
}

int reply_get(struct cubby *cubby, const char *interface, const char *member,
	      struct message **ret, const char *signature, ...)
{
	va_list list;
	int r;

	va_start(list, signature);
	r = reply_send(cubby, interface, member, ret, signature, &list);
	va_end(list);
	return fault_trace(r);
}

int reply_page_options(struct cubby *cubby, struct message *request, const char *cursor)
{
	int r = message_open(request, 'a', "{sv}");

	if (r == 0 && cursor && *cursor)
		r = message_append_entry(request, "cursor", "s", cursor);
	if (r == 0 && cubby->page_items)
		r = message_append_entry(request, "limit", "u", cubby->page_items);
	return r == 0 ? message_close(request) : fault_trace(r);
}

int reply_page(struct cubby *cubby, const char *interface, const char *member, const char *cursor,
	       struct message **ret, const char *signature, ...)
{
	_cleanup_(message_freep) struct message *request = NULL;
	va_list list;
	int r = session_request(cubby, NULL, interface, member, &request);

	if (r != 0)
		return fault_trace(r);
	va_start(list, signature);
	r = message_append_list(request, signature, &list);
	va_end(list);
	if (r == 0)
		r = reply_page_options(cubby, request, cursor);
	if (r == 0)
		r = session_call_complete(cubby, request, cubby->timeout_ms, ret);
	return fault_trace(r);
}

/* Cursors are numbers of the newest left, in as many digits or fewer. */
static bool cursor_falls(const char *next, const char *cursor)
{
	const size_t n = strlen(next), n_cursor = strlen(cursor);

	return n < n_cursor || (n == n_cursor && strcmp(next, cursor) < 0);
}

int reply_page_end(struct message *reply, bool empty, char **cursor)
{
	const char *next;
	char *copy;
	int r = message_read(reply, "s", &next);

	/* Anything else would have us ask for ever. */
	if (r == 0 && *next && (empty || (*cursor && !cursor_falls(next, *cursor))))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	copy = strdup(next);
	if (!copy)
		return fault_origin(-ENOMEM);
	free(*cursor);
	*cursor = copy;
	return 0;
}

int reply_job(struct cubby *cubby, const char *interface, const char *member, const char *reason,
	      char **ret_job, const char *signature, ...)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	char name[64];
	const char *job;
	va_list list;
	int r;

	va_start(list, signature);
	r = reply_send(cubby, interface, member, &reply, signature, &list);
	va_end(list);
	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "o", &job);
	if (r != 0) {
		snprintf(name, sizeof(name), "%s.%s", interface, member);
		return fault_trace(session_malformed(cubby, r, name));
	}
	return fault_trace(session_job(cubby, job, reason, -1, ret_job));
}

int reply_properties(struct cubby *cubby, const char *path, const char *interface,
		     struct message **ret)
{
	_cleanup_(cleanup_free) char *whole = NULL;
	_cleanup_(message_freep) struct message *request = NULL;
	int r;

	if (asprintf(&whole, BUS_NAME ".%s", interface) < 0)
		return fault_origin(-ENOMEM);
	r = session_request(cubby, path, "org.freedesktop.DBus.Properties", "GetAll", &request);
	if (r == 0)
		r = message_append(request, "s", whole);
	if (r == 0)
		r = session_call_complete(cubby, request, cubby->timeout_ms, ret);
	return fault_trace(r);
}

int reply_each(struct message *message, const char *contents,
	       int (*read)(struct message *message, void *context), void *context)
{
	char type = contents[0] == '{' ? 'e' : 'r';
	int r = message_enter(message, 'a', contents);

	while (r == 0 && message_more(message)) {
		r = message_enter(message, type, NULL);
		if (r == 0)
			r = read(message, context);
		if (r == 0)
			r = message_leave(message);
	}
	return r == 0 ? message_leave(message) : fault_trace(r);
}

int reply_texts(struct message *message, struct array *array)
{
	const char *text;
	int r = message_enter(message, 'a', "s");

	while (r == 0 && message_more(message)) {
		r = message_read(message, "s", &text);
		if (r == 0)
			r = array_add_text(array, text);
	}
	return r == 0 ? message_leave(message) : fault_trace(r);
}

int reply_variant(struct message *message, const char *signature, void *ret)
{
	int r = message_enter(message, 'v', signature);

	if (r == 0)
		r = message_read(message, signature, ret);
	return r == 0 ? message_leave(message) : fault_trace(r);
}

int reply_lines(struct message *reply, const char **ret_head, int *ret_fd, size_t *ret_n)
{
	_cleanup_(cleanup_close) int fd = -1;
	int r = message_read(reply, "sh", ret_head, &fd);

	if (r != 0)
		return fault_trace(r);
	if (!file_memfd_sealed(fd, ret_n) || *ret_n > LIST_MAX_BYTES)
		return ANSWER_INVALID_ARGUMENT;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int reply_list(struct message *reply, char **ret_text, size_t *ret_n, size_t *ret_head)
{
	_cleanup_(cleanup_free) char *text = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	const char *head;
	size_t n_head, n;
	int r = reply_lines(reply, &head, &fd, &n);

	if (r != 0)
		return fault_trace(r);
	n_head = strlen(head);
	text = malloc(n_head + 1 + n + 1);
	if (!text)
		return fault_origin(-ENOMEM);
	memcpy(text, head, n_head);
	text[n_head] = '\n';
	r = file_pread(fd, text + n_head + 1, n, 0);
	if (r != 0)
		return fault_trace(r);
	text[n_head + 1 + n] = '\0';
	*ret_text = take(text);
	*ret_n = n_head + 1 + n;
	*ret_head = n_head;
	return 0;
}
