/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the arguments of a message. libdbus ends the process when it is handed a string that is
 * not UTF-8 or a path that is none, so that nothing reaches it here unchecked.
 */

#include <stdio.h>
#include <string.h>
#include "bus/message_private.h"

/* The place to write to; writing appends behind the last argument. */
static DBusMessageIter *write_at(struct message *message)
{
	if (message->mode != MESSAGE_WRITING) {
		message->mode = MESSAGE_WRITING;
		message->depth = 0;
		dbus_message_iter_init_append(message->dbus, &message->at[0]);
	}
	return &message->at[message->depth];
}

static int append_bytes(DBusMessageIter *at, const void *bytes, size_t n)
{
	DBusMessageIter inside;

	if (n > DBUS_MAXIMUM_ARRAY_LENGTH || (n > 0 && !bytes))
		return fault_origin(-EINVAL);
	if (!dbus_message_iter_open_container(at, DBUS_TYPE_ARRAY, "y", &inside))
		return fault_origin(-ENOMEM);
	if (n > 0 &&
	    !dbus_message_iter_append_fixed_array(&inside, DBUS_TYPE_BYTE, &bytes, (int)n)) {
		dbus_message_iter_abandon_container(at, &inside);
		return fault_origin(-ENOMEM);
	}
	if (!dbus_message_iter_close_container(at, &inside))
		return fault_origin(-ENOMEM);
	return 0;
}

static int append_basic(DBusMessageIter *at, char type, va_list *list)
{
	DBusBasicValue value = { 0 };

	switch (type) {
	case 'y':
		value.byt = (uint8_t)va_arg(*list, int);
		break;
	case 'b':
		value.bool_val = va_arg(*list, int) != 0;
		break;
	case 'u':
		value.u32 = va_arg(*list, uint32_t);
		break;
	case 'i':
		value.i32 = va_arg(*list, int32_t);
		break;
	case 'x':
		value.i64 = va_arg(*list, int64_t);
		break;
	case 't':
		value.u64 = va_arg(*list, uint64_t);
		break;
	case 'h':
		value.fd = va_arg(*list, int);
		if (value.fd < 0)
			return fault_origin(-EBADF);
		break;
	case 's':
		value.str = va_arg(*list, char *);
		if (!value.str || !dbus_validate_utf8(value.str, NULL))
			return fault_origin(-EINVAL);
		break;
	case 'o':
		value.str = va_arg(*list, char *);
		if (!value.str || !dbus_validate_path(value.str, NULL))
			return fault_origin(-EINVAL);
		break;
	default:
		return fault_origin(-EINVAL);
	}
	if (!dbus_message_iter_append_basic(at, type, &value))
		return fault_origin(-ENOMEM);
	return 0;
}

int message_append_list(struct message *message, const char *signature, va_list *list)
{
	DBusMessageIter *at = write_at(message);
	int r = 0;

	for (const char *type = signature; *type && r == 0; type++) {
		if (type[0] == 'a' && type[1] == 'y') {
			const void *bytes = va_arg(*list, const void *);
			r = append_bytes(at, bytes, va_arg(*list, size_t));
			type++;
		} else {
			r = append_basic(at, *type, list);
		}
	}
	return r < 0 ? fault_trace(r) : 0;
}

int message_append(struct message *message, const char *signature, ...)
{
	va_list list;
	int r;

	va_start(list, signature);
	r = message_append_list(message, signature, &list);
	va_end(list);
	return r < 0 ? fault_trace(r) : 0;
}

/* libdbus learns the contents of structs and dict entries from what is appended; those of arrays
 * and variants it wants to know first. */
static bool contents_valid(char type, const char *contents)
{
	char signature[DBUS_MAXIMUM_SIGNATURE_LENGTH + 1];
	int n;

	if (type == 'r' || type == 'e')
		return true;
	n = snprintf(signature, sizeof(signature), "%s%s", type == 'a' ? "a" : "", contents);
	return n > 0 && (size_t)n < sizeof(signature) &&
	       dbus_signature_validate_single(signature, NULL);
}

int message_open(struct message *message, char type, const char *contents)
{
	DBusMessageIter *at = write_at(message);
	const char *declared = type == 'a' || type == 'v' ? contents : NULL;

	if (!strchr("arev", type) || !contents || message->depth + 1 >= MESSAGE_DEPTH ||
	    !contents_valid(type, contents))
		return fault_origin(-EINVAL);
	if (!dbus_message_iter_open_container(at, type, declared, &message->at[message->depth + 1]))
		return fault_origin(-ENOMEM);
	message->depth++;
	return 0;
}

int message_close(struct message *message)
{
	if (message->mode != MESSAGE_WRITING || message->depth == 0)
		return fault_origin(-EINVAL);
	message->depth--;
	if (!dbus_message_iter_close_container(&message->at[message->depth],
					       &message->at[message->depth + 1]))
		return fault_origin(-ENOMEM);
	return 0;
}

/* {key, variant of one argument}, with the containers opened and closed around it. */
static int append_entry(struct message *message, const char *key, const char *signature,
			va_list *list)
{
	int r;

	if ((r = message_open(message, 'e', "sv")) < 0 ||
	    (r = message_append(message, "s", key)) < 0 ||
	    (r = message_open(message, 'v', signature)) < 0 ||
	    (r = message_append_list(message, signature, list)) < 0 ||
	    (r = message_close(message)) < 0 || (r = message_close(message)) < 0)
		return fault_trace(r);
	return 0;
}

int message_append_row(struct message *message, const char *signature, ...)
{
	va_list list;
	int r = message_open(message, 'r', signature);

	if (r)
		return fault_trace(r);
	va_start(list, signature);
	r = message_append_list(message, signature, &list);
	va_end(list);
	return fault_trace(r < 0 ? r : message_close(message));
}

int message_append_entry(struct message *message, const char *key, const char *signature, ...)
{
	va_list list;
	int r;

	va_start(list, signature);
	r = append_entry(message, key, signature, &list);
	va_end(list);
	return r < 0 ? fault_trace(r) : 0;
}
