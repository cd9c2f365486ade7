/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the arguments of a message. What arrives was written by somebody else: each type is
 * checked before its value is touched, and nothing is handed out before all of them have passed.
 */

#include <string.h>
#include "bus/message_private.h"

struct message *message_wrap(DBusMessage *dbus)
{
	struct message *message = calloc(1, sizeof(*message));

	if (message)
		message->dbus = dbus_message_ref(dbus);
	return message;
}

struct message *message_free(struct message *message)
{
	if (!message)
		return NULL;
	if (message->mode == MESSAGE_WRITING)
		for (; message->depth > 0; message->depth--)
			dbus_message_iter_abandon_container(&message->at[message->depth - 1],
							    &message->at[message->depth]);
	dbus_message_unref(message->dbus);
	free(message);
	return NULL;
}

/* The place to read from; reading begins at the first argument. */
static DBusMessageIter *read_at(struct message *message)
{
	if (message->mode != MESSAGE_READING) {
		message->mode = MESSAGE_READING;
		message->depth = 0;
		dbus_message_iter_init(message->dbus, &message->at[0]);
	}
	return &message->at[message->depth];
}

bool message_more(struct message *message)
{
	return dbus_message_iter_get_arg_type(read_at(message)) != DBUS_TYPE_INVALID;
}

/* Takes the one descriptor a message may carry; ownership passes to *ret_fd. */
static int read_fd(DBusMessageIter *at, int *ret_fd)
{
	int fd = -1;

	if (*ret_fd >= 0)
		return fault_origin(-EINVAL);
	dbus_message_iter_get_basic(at, &fd);
	if (fd < 0)
		return fault_origin(-EMFILE);
	*ret_fd = fd;
	return 0;
}

static bool bytes_here(DBusMessageIter *at)
{
	return dbus_message_iter_get_arg_type(at) == DBUS_TYPE_ARRAY &&
	       dbus_message_iter_get_element_type(at) == DBUS_TYPE_BYTE;
}

/* Are the next arguments of these types? Takes the descriptor among them, if any. */
static int read_check(DBusMessageIter at, const char *signature, int *ret_fd)
{
	for (const char *type = signature; *type; type++) {
		if (*type == 'a') {
			if (*++type != 'y')
				return fault_origin(-EINVAL);
			if (!bytes_here(&at))
				return ANSWER_INVALID_ARGUMENT;
		} else if (!strchr("ybuixtsoh", *type)) {
			return fault_origin(-EINVAL);
		} else if (dbus_message_iter_get_arg_type(&at) != *type) {
			return ANSWER_INVALID_ARGUMENT;
		} else if (*type == 'h') {
			int r = read_fd(&at, ret_fd);
			if (r < 0)
				return fault_trace(r);
		}
		dbus_message_iter_next(&at);
	}
	return 0;
}

static void read_bytes(DBusMessageIter *at, const void **ret_bytes, size_t *ret_n)
{
	DBusMessageIter inside;
	const void *bytes = NULL;
	int n = 0;

	dbus_message_iter_recurse(at, &inside);
	dbus_message_iter_get_fixed_array(&inside, &bytes, &n);
	*ret_bytes = n > 0 ? bytes : "";
	*ret_n = n > 0 ? (size_t)n : 0;
}

static void read_basic(DBusMessageIter *at, char type, va_list *list)
{
	DBusBasicValue value;

	dbus_message_iter_get_basic(at, &value);
	switch (type) {
	case 'y':
		*va_arg(*list, uint8_t *) = value.byt;
		break;
	case 'b':
		*va_arg(*list, bool *) = value.bool_val;
		break;
	case 'u':
		*va_arg(*list, uint32_t *) = value.u32;
		break;
	case 'i':
		*va_arg(*list, int32_t *) = value.i32;
		break;
	case 'x':
		*va_arg(*list, int64_t *) = value.i64;
		break;
	case 't':
		*va_arg(*list, uint64_t *) = value.u64;
		break;
	default:
		*va_arg(*list, const char **) = value.str;
	}
}

int message_read_list(struct message *message, const char *signature, va_list *list)
{
	DBusMessageIter *at = read_at(message);
	_cleanup_(cleanup_close) int fd = -1;
	int r;

	r = read_check(*at, signature, &fd);
	if (r < 0)
		return fault_trace(r);
	if (r > 0)
		return r;
	for (const char *type = signature; *type; type++) {
		if (*type == 'a') {
			const void **bytes = va_arg(*list, const void **);
			read_bytes(at, bytes, va_arg(*list, size_t *));
			type++;
		} else if (*type == 'h') {
			*va_arg(*list, int *) = take_fd(fd);
		} else {
			read_basic(at, *type, list);
		}
		dbus_message_iter_next(at);
	}
	return 0;
}

int message_read(struct message *message, const char *signature, ...)
{
	va_list list;
	int r;

	va_start(list, signature);
	r = message_read_list(message, signature, &list);
	va_end(list);
	return r < 0 ? fault_trace(r) : r;
}

/* Does the container at `at` hold `contents`? ANSWER_INVALID_ARGUMENT. */
static int contents_match(DBusMessageIter *at, char type, const char *contents)
{
	const char *open = type == 'r' ? "(" : type == 'e' ? "{" : type == 'a' ? "a" : "";
	const char *close = type == 'r' ? ")" : type == 'e' ? "}" : "";
	const size_t n = strlen(contents), n_open = strlen(open);
	char *signature = dbus_message_iter_get_signature(at);
	bool match;

	if (!signature)
		return fault_origin(-ENOMEM);
	match = strlen(signature) == n_open + n + strlen(close) &&
		strncmp(signature, open, n_open) == 0 &&
		strncmp(signature + n_open, contents, n) == 0 &&
		strcmp(signature + n_open + n, close) == 0;
	dbus_free(signature);
	return match ? 0 : ANSWER_INVALID_ARGUMENT;
}

/* contents NULL asks only for the container. */
int message_enter(struct message *message, char type, const char *contents)
{
	DBusMessageIter *at = read_at(message);
	DBusMessageIter inside;
	int r = 0;

	if (!strchr("arev", type) || message->depth + 1 >= MESSAGE_DEPTH)
		return fault_origin(-EINVAL);
	if (dbus_message_iter_get_arg_type(at) != type)
		return ANSWER_INVALID_ARGUMENT;
	dbus_message_iter_recurse(at, &inside);
	/* What is inside a variant is only told there. */
	if (contents)
		r = contents_match(type == 'v' ? &inside : at, type, contents);
	if (r != 0)
		return r < 0 ? fault_trace(r) : r;
	message->at[++message->depth] = inside;
	return 0;
}

int message_leave(struct message *message)
{
	if (message->mode != MESSAGE_READING || message->depth == 0)
		return fault_origin(-EINVAL);
	message->depth--;
	dbus_message_iter_next(&message->at[message->depth]);
	return 0;
}

int message_skip(struct message *message)
{
	DBusMessageIter *at = read_at(message);

	if (dbus_message_iter_get_arg_type(at) == DBUS_TYPE_INVALID)
		return ANSWER_INVALID_ARGUMENT;
	dbus_message_iter_next(at);
	return 0;
}

bool message_keys_allowed(DBusMessageIter *options, const char *const *keys, const char **ret_bad)
{
	DBusMessageIter entry;

	for (dbus_message_iter_recurse(options, &entry);
	     dbus_message_iter_get_arg_type(&entry) == DBUS_TYPE_DICT_ENTRY;
	     dbus_message_iter_next(&entry)) {
		DBusMessageIter inside, before, again;
		const char *key, *other;
		size_t i = 0;

		dbus_message_iter_recurse(&entry, &inside);
		dbus_message_iter_get_basic(&inside, &key);
		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		*ret_bad = key;
		if (!keys[i])
			return false;
		/* A key given twice is two answers to one question; which counts is not guessed. */
		again = entry;
		while (dbus_message_iter_next(&again)) {
			dbus_message_iter_recurse(&again, &before);
			dbus_message_iter_get_basic(&before, &other);
			if (strcmp(other, key) == 0)
				return false;
		}
	}
	return true;
}
