/* SPDX-License-Identifier: Apache-2.0 */
/* Makes doors. The secrets behind them leave this process only as wraps; the passphrase and the
 * recovery code not at all. */

#include "client/doors.h"

#include "base/id.h"
#include "client/writer.h"

#define DOORS_JSON_MAX_BYTES 8192

static int writer_add_wrap(struct writer *writer, const struct secret *half, const char *name,
			   const struct secret *secret)
{
	_cleanup_(cleanup_free) uint8_t *wrapped = NULL;
	size_t n;
	int r;

	r = wrap_seal(half, name, secret, &wrapped, &n);
	if (r != 0)
		return fault_trace(r);
	writer_add(writer, "\"%s\":\"", name);
	writer_add_hex(writer, wrapped, n);
	writer_add(writer, "\"");
	return 0;
}

static int writer_add_door(struct writer *writer, enum door_kind kind, const char *opener,
			   const struct doors_secrets *secrets, struct why *why)
{
	_cleanup_(door_halves_clear) struct door_halves halves = { 0 };
	struct door door;
	int r;

	r = door_new(kind, &door);
	if (r == 0)
		r = door_open(&door, opener, &halves, why);
	if (r != 0)
		return fault_trace(r);
	writer_add(writer, "{\"kind\":\"%s\",\"salt\":\"", door_kind_name(kind));
	writer_add_hex(writer, door.salt, sizeof(door.salt));
	writer_add(writer, "\",\"passes\":%u,\"memory_bytes\":%llu,\"proof\":\"", door.passes,
		   (unsigned long long)door.memory_bytes);
	writer_add_hex(writer, halves.proof->bytes, halves.proof->n);
	writer_add(writer, "\",\"wraps\":{");
	r = writer_add_wrap(writer, halves.wrap, DOOR_SECRET_HOME, secrets->home->private);
	writer_add(writer, ",");
	if (r == 0)
		r = writer_add_wrap(writer, halves.wrap, DOOR_SECRET_RELEASE,
				    secrets->release->private);
	writer_add(writer, ",");
	if (r == 0)
		r = writer_add_wrap(writer, halves.wrap, DOOR_SECRET_SIGN, secrets->sign->seed);
	writer_add(writer, "}}");
	return fault_trace(r);
}

int doors_seal(struct cubby *cubby, const struct doors_secrets *secrets, const char *passphrase,
	       const char *code, uint8_t **ret_box, size_t *ret_n)
{
	_cleanup_(secret_freep) struct secret *buffer = NULL;
	struct writer writer = { 0 };
	uint8_t nonce[NONCE_BYTES];
	int r;

	r = session_nonce(cubby, nonce);
	if (r == 0)
		r = secret_new(DOORS_JSON_MAX_BYTES, &buffer);
	if (r != 0)
		return fault_trace(r);
	writer.buffer = buffer;
	writer_add(&writer, "{\"caller\":\"%s\",\"nonce\":\"", bus_client_name(cubby->bus));
	writer_add_hex(&writer, nonce, sizeof(nonce));
	writer_add(&writer, "\",\"doors\":[");
	if (passphrase)
		r = writer_add_door(&writer, DOOR_PASSPHRASE, passphrase, secrets, &cubby->why);
	if (passphrase && code)
		writer_add(&writer, ",");
	if (r == 0 && code)
		r = writer_add_door(&writer, DOOR_RECOVERY, code, secrets, &cubby->why);
	writer_add(&writer, "]}");
	if (r == 0 && writer.overflow)
		r = fault_origin(-EOVERFLOW);
	if (r != 0)
		return fault_trace(r);
	return fault_trace(box_seal(cubby->pins.device_box, buffer->bytes, writer.n, ret_box,
				    ret_n));
}
