/* SPDX-License-Identifier: Apache-2.0 */
/* Writes JSON that holds proofs. No byte of it may be in memory that is not locked and wiped. */

#include "client/writer.h"

#include <stdarg.h>
#include <stdio.h>

void writer_add(struct writer *writer, const char *format, ...)
{
	size_t room = writer->buffer->n - writer->n;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf((char *)writer->buffer->bytes + writer->n, room, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= room)
		writer->overflow = true;
	else
		writer->n += (size_t)n;
}

void writer_add_hex(struct writer *writer, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		writer_add(writer, "%02x", ((const uint8_t *)bytes)[i]);
}
