/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reading and writing the arguments of D-Bus messages. Only this room includes <dbus/dbus.h>.
 *
 * Both directions walk a signature with one C argument per complete type:
 *
 *   y b u i x t   uint8_t, bool, uint32_t, int32_t, int64_t, uint64_t
 *   s o           const char * (borrowed from the message when reading)
 *   ay            const void *, size_t (borrowed when reading)
 *   h             int (reading gives a new descriptor with close-on-exec, owned by the reader;
 *                 writing duplicates)
 *
 * Other arrays, structs, dict entries and variants are entered and left:
 *
 *   message_enter(m, 'a', "(st)"); while (message_more(m)) { message_enter(m, 'r', "st"); ... }
 *   message_open(m, 'a', "{sv}"); ... message_close(m);
 *
 * Types: 'a' array, 'r' struct, 'e' dict entry, 'v' variant.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"

struct message;

/* A method call's arguments, or a reply's. Owned by the caller. */
struct message *message_free(struct message *message);
CLEANUP_DEFINE(struct message *, message_free)

/* ANSWER_INVALID_ARGUMENT when the next types are not these. At most one h a call. */
int message_read(struct message *message, const char *signature, ...) _must_use_;
bool message_more(struct message *message);
/* contents NULL: whatever is inside. */
int message_enter(struct message *message, char type, const char *contents) _must_use_;
/* Leaves the container, read to its end or not. */
int message_leave(struct message *message);
int message_skip(struct message *message);

int message_append(struct message *message, const char *signature, ...) _must_use_;
/* The same, as a struct. */
int message_append_row(struct message *message, const char *signature, ...) _must_use_;
int message_append_list(struct message *message, const char *signature, va_list *list) _must_use_;
int message_open(struct message *message, char type, const char *contents) _must_use_;
int message_close(struct message *message) _must_use_;
/* One entry of an open a{sv}: key, and a variant holding the one argument of `signature`. */
int message_append_entry(struct message *message, const char *key, const char *signature,
			 ...) _must_use_;
