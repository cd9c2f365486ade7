/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches a keeper through ssh and opens items there is no descriptor for. No port is opened for
 * it, here or there. */

#include "client/remote.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "client/open.h"
#include "client/reply.h"

#define HOST_MAX_CHARACTERS 255

int remote_address(const char *host, char **ret_address)
{
	char escaped[3 * HOST_MAX_CHARACTERS + 1], *at = escaped;

	/* One that begins with a hyphen would be an option of ssh's. */
	if (!*host || *host == '-' || strlen(host) > HOST_MAX_CHARACTERS)
		return ANSWER_INVALID_ARGUMENT;
	for (; *host; host++) {
		if (!isalnum((unsigned char)*host) && !strchr("@._-:", *host))
			return ANSWER_INVALID_ARGUMENT;
		at += isalnum((unsigned char)*host) ? sprintf(at, "%c", *host)
						    : sprintf(at, "%%%02x", *host);
	}
	if (asprintf(ret_address, "unixexec:path=ssh,argv1=-xT,argv2=--,argv3=%s,"
		     "argv4=systemd-stdio-bridge", escaped) < 0)
		return fault_origin(-ENOMEM);
	return 0;
}

/* What has come of one kind. */
struct body {
	uint8_t *bytes;
	uint64_t size, n;
};

static void body_clear(struct body *body)
{
	free(body->bytes);
}

static int piece_read(struct message *reply, const struct box_keypair *pair, struct sealed *sealed,
		      struct body *body, struct secret **key)
{
	const void *bytes, *box;
	size_t n, n_box;
	uint64_t size;
	int r = sealed_header(reply, sealed);

	if (r == 0)
		r = message_read(reply, "tayay", &size, &bytes, &n, &box, &n_box);
	if (r == 0 && (size == 0 || size > 2 * ENVELOPE_CONTENT_MAX_BYTES || n == 0 ||
		       body->n + n > size || (body->bytes && size != body->size)))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	if (!body->bytes) {
		body->bytes = malloc(size);
		body->size = size;
		if (!body->bytes)
			return fault_origin(-ENOMEM);
		r = box_open(pair, box, n_box, key);
		if (r == 0 && (*key)->n != KEY_BYTES)
			r = ANSWER_INVALID_ARGUMENT;
	}
	memcpy(body->bytes + body->n, bytes, n);
	body->n += n;
	return fault_trace(r);
}

static int body_read(struct cubby *cubby, const char *id, const char *kind, struct sealed *sealed,
		     struct body *body, struct secret **key)
{
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	int r = box_keypair_new(&pair);

	while (r == 0 && (!body->bytes || body->n < body->size)) {
		_cleanup_(message_freep) struct message *reply = NULL;

		r = reply_get(cubby, "Archive", "Read", &reply, "sstay", id, kind, body->n,
			      (const void *)pair->public, sizeof(pair->public));
		if (r != 0)
			return fault_trace(r);
		r = session_malformed(cubby, piece_read(reply, pair, sealed, body, key),
				      "Archive.Read");
	}
	return fault_trace(r);
}

/* Behind what is there already. */
static int body_add(struct sealed *sealed, struct sealed_bodies *bodies, enum kind kind,
		    const struct body *body, const struct secret *key)
{
	_cleanup_(secret_freep) struct secret *keys = NULL;
	uint8_t *bytes = realloc(bodies->bytes, bodies->n + body->n);
	int r;

	if (!bytes)
		return fault_origin(-ENOMEM);
	bodies->bytes = bytes;
	r = secret_new((sealed->n_parts + 1) * KEY_BYTES, &keys);
	if (r != 0)
		return fault_trace(r);
	if (bodies->keys)
		memcpy(keys->bytes, bodies->keys->bytes, bodies->keys->n);
	memcpy(keys->bytes + sealed->n_parts * KEY_BYTES, key->bytes, KEY_BYTES);
	secret_free(bodies->keys);
	bodies->keys = take(keys);
	memcpy(bytes + bodies->n, body->bytes, body->n);
	sealed->parts[sealed->n_parts].kind = kind;
	sealed->parts[sealed->n_parts].offset = bodies->n;
	sealed->parts[sealed->n_parts++].n = body->n;
	bodies->n += body->n;
	return 0;
}

static bool kind_wanted(const char *const *kinds, const char *name)
{
	bool any = !kinds || !*kinds;

	for (; !any && *kinds; kinds++)
		any = strcmp(*kinds, name) == 0;
	return any;
}

int remote_open(struct cubby *cubby, const char *id_text_, const char *const *kinds,
		struct cubby_opened **ret)
{
	_cleanup_(sealed_bodies_clear) struct sealed_bodies bodies = { .n = 0 };
	struct sealed sealed = { .n_parts = 0 };
	struct id id;
	int r = 0;

	if (!id_parse(id_text_, &id))
		return ANSWER_INVALID_ARGUMENT;
	for (int kind = 1; kind <= KIND_MAX; kind++) {
		_cleanup_(body_clear) struct body body = { .n = 0 };
		_cleanup_(secret_freep) struct secret *key = NULL;

		if (!kind_wanted(kinds, kind_name(kind)))
			continue;
		r = body_read(cubby, id_text_, kind_name(kind), &sealed, &body, &key);
		if (r == 0)
			r = body_add(&sealed, &bodies, (enum kind)kind, &body, key);
		/* It has not all the kinds, or is gone: then of all. */
		if (r != 0 && r != ANSWER_NOT_FOUND)
			return fault_trace(r);
	}
	if (sealed.n_parts == 0)
		return fault_trace(r);
	return fault_trace(opened_make(cubby, &sealed, &bodies, &id, false, ret));
}
