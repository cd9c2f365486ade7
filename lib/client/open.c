/* SPDX-License-Identifier: Apache-2.0 */
/* Opens what was kept. This is the one place where a child's words and voice are in clear outside
 * the ear: only in locked memory, wiped when freed, and never written anywhere. */

#include "client/open.h"

#include <string.h>

#include "base/file.h"
#include "base/id.h"
#include "client/rekey.h"
#include "client/remote.h"
#include "crypt/transcript.h"
#include "sound/sound.h"

#define BODIES_MAX_BYTES (KIND_MAX * (size_t)ENVELOPE_CONTENT_MAX_BYTES + (1 << 20))

struct opened_owner {
	struct cubby_opened public;
	struct secret *text;
	struct secret *location;
	struct secret *flac;
	struct sound sound;
};

struct cubby_opened *cubby_opened_free(struct cubby_opened *opened)
{
	struct opened_owner *owner = (struct opened_owner *)opened;

	if (!owner)
		return NULL;
	secret_free(owner->text);
	secret_free(owner->location);
	secret_free(owner->flac);
	sound_clear(&owner->sound);
	free(owner);
	return NULL;
}
CLEANUP_DEFINE(struct cubby_opened *, cubby_opened_free)

static int transcript_take(struct opened_owner *owner, const struct secret *record)
{
	int r = transcript_read(record, &owner->text, &owner->public.confidence,
				&owner->public.duration_ms);

	if (r == 0)
		owner->public.text = (const char *)owner->text->bytes;
	return fault_trace(r);
}

/* Takes `content` over. */
static int content_take(struct cubby *cubby, struct opened_owner *owner, enum kind kind,
			struct secret *content)
{
	_cleanup_(secret_freep) struct secret *owned = content;
	int r = 0;

	switch (kind) {
	case KIND_AUDIO:
		r = sound_from_flac(owned->bytes, owned->n, &owner->sound, &cubby->why);
		if (r != 0)
			return fault_trace(r);
		owner->flac = take(owned);
		owner->public.flac = owner->flac->bytes;
		owner->public.flac_bytes = owner->flac->n;
		owner->public.samples = (const int16_t *)owner->sound.samples->bytes;
		owner->public.frames = owner->sound.frames;
		owner->public.rate_hz = owner->sound.rate_hz;
		return 0;
	case KIND_TRANSCRIPT:
		r = transcript_take(owner, owned);
		break;
	case KIND_LOCATION:
		r = secret_new(owned->n + 1, &owner->location);
		if (r == 0) {
			memcpy(owner->location->bytes, owned->bytes, owned->n);
			owner->public.location = (const char *)owner->location->bytes;
		}
		break;
	}
	if (r > 0)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the %s of this item is not in a form this version understands",
				  kind_name((int)kind));
	return fault_trace(r);
}

int sealed_parts(struct message *reply, struct sealed *sealed)
{
	const char *kind;
	uint64_t offset, n;
	int r;

	r = message_enter(reply, 'a', "(stt)");
	while (r == 0 && message_more(reply)) {
		r = message_enter(reply, 'r', "stt");
		if (r == 0)
			r = message_read(reply, "stt", &kind, &offset, &n);
		if (r == 0 && (sealed->n_parts >= KIND_MAX || !kind_from_name(kind) ||
			       n > BODIES_MAX_BYTES || offset > BODIES_MAX_BYTES))
			r = ANSWER_INVALID_ARGUMENT;
		if (r != 0)
			break;
		sealed->parts[sealed->n_parts].kind = (enum kind)kind_from_name(kind);
		sealed->parts[sealed->n_parts].offset = offset;
		sealed->parts[sealed->n_parts++].n = n;
		r = message_leave(reply);
	}
	return r == 0 ? message_leave(reply) : fault_trace(r);
}

int sealed_header(struct message *reply, struct sealed *sealed)
{
	const void *header;
	size_t n;
	int r = message_read(reply, "ay", &header, &n);

	if (r == 0 && n != sizeof(sealed->header.bytes))
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(r);
	memcpy(sealed->header.bytes, header, n);
	return 0;
}

void sealed_bodies_clear(struct sealed_bodies *bodies)
{
	free(bodies->bytes);
	secret_free(bodies->keys);
	*bodies = (struct sealed_bodies){ .n = 0 };
}

int bodies_read(struct message *reply, const struct box_keypair *reply_pair, size_t max_bytes,
		struct sealed_bodies *ret)
{
	_cleanup_(sealed_bodies_clear) struct sealed_bodies bodies = { .n = 0 };
	_cleanup_(cleanup_close) int fd = -1;
	const void *keys;
	size_t n_keys;
	int r;

	r = message_read(reply, "hay", &fd, &keys, &n_keys);
	if (r != 0)
		return fault_trace(r);
	/* Only a memfd that cannot change or be a pipe that never ends is read. */
	if (!file_memfd_sealed(fd, &bodies.n) || bodies.n > max_bytes)
		return ANSWER_INVALID_ARGUMENT;
	bodies.bytes = malloc(bodies.n + 1);
	if (!bodies.bytes)
		return fault_origin(-ENOMEM);
	r = file_pread(fd, bodies.bytes, bodies.n, 0);
	if (r == 0)
		r = box_open(reply_pair, keys, n_keys, &bodies.keys);
	if (r != 0)
		return fault_trace(r);
	*ret = bodies;
	bodies = (struct sealed_bodies){ .n = 0 };
	return 0;
}

int sealed_check(const struct sealed *sealed, const struct sealed_bodies *bodies)
{
	if ((sealed->first_key + sealed->n_parts) * KEY_BYTES > bodies->keys->n)
		return ANSWER_INVALID_ARGUMENT;
	for (size_t i = 0; i < sealed->n_parts; i++)
		if (sealed->parts[i].offset + sealed->parts[i].n > bodies->n)
			return ANSWER_INVALID_ARGUMENT;
	return 0;
}

static int part_open(struct cubby *cubby, const struct sealed *sealed,
		     const struct sealed_bodies *bodies, size_t i, const struct secret *fk,
		     const struct id *id, struct opened_owner *owner)
{
	_cleanup_(secret_freep) struct secret *key = NULL;
	struct secret *content = NULL;
	int r;

	r = secret_from(bodies->keys->bytes + (sealed->first_key + i) * KEY_BYTES, KEY_BYTES, &key);
	if (r == 0)
		r = envelope_unseal(fk, key, id, sealed->parts[i].kind,
				    bodies->bytes + sealed->parts[i].offset,
				    (size_t)sealed->parts[i].n, &content, &cubby->why);
	if (r != 0)
		return fault_trace(r);
	return fault_trace(content_take(cubby, owner, sealed->parts[i].kind, content));
}

int opened_make(struct cubby *cubby, const struct sealed *sealed,
		const struct sealed_bodies *bodies, const struct id *id,
		bool release, struct cubby_opened **ret)
{
	_cleanup_(secret_freep) struct secret *fk = NULL;
	_cleanup_(cubby_opened_freep) struct cubby_opened *opened = NULL;
	const struct box_keypair *recipient;
	struct opened_owner *owner;
	int r;

	r = rekey_pair(cubby, &sealed->header, release, &recipient);
	if (r == 0)
		r = envelope_open(&sealed->header, recipient, &fk, &cubby->why);
	if (r != 0)
		return fault_trace(r);
	owner = calloc(1, sizeof(*owner));
	if (!owner)
		return fault_origin(-ENOMEM);
	opened = &owner->public;
	opened->confidence = -1;
	opened->duration_ms = -1;
	for (size_t i = 0; r == 0 && i < sealed->n_parts; i++)
		r = part_open(cubby, sealed, bodies, i, fk, id, owner);
	if (r != 0)
		return fault_trace(r);
	*ret = take(opened);
	return 0;
}

static int opened_read(struct cubby *cubby, struct message *reply, const struct id *id,
		       const struct box_keypair *reply_pair, struct cubby_opened **ret)
{
	_cleanup_(sealed_bodies_clear) struct sealed_bodies bodies = { .n = 0 };
	struct sealed sealed = { .n_parts = 0 };
	int r;

	r = sealed_header(reply, &sealed);
	if (r == 0)
		r = sealed_parts(reply, &sealed);
	if (r == 0)
		r = bodies_read(reply, reply_pair, BODIES_MAX_BYTES, &bodies);
	if (r == 0)
		r = sealed_check(&sealed, &bodies);
	if (r == 0 && bodies.keys->n != sealed.n_parts * KEY_BYTES)
		r = ANSWER_INVALID_ARGUMENT;
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Open"));
	return fault_trace(opened_make(cubby, &sealed, &bodies, id, false, ret));
}

static int open_run(struct cubby *cubby, const char *id_text_, const char *const *kinds,
		    struct cubby_opened **ret)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL;
	struct id id;
	int r;

	if (cubby->home && cubby->host)
		return fault_trace(remote_open(cubby, id_text_, kinds, ret));
	if (!cubby->home)
		return answer_why(&cubby->why, ANSWER_NOT_AUTHORIZED,
				  "opening an item takes a parent's passphrase: prove first");
	if (!id_parse(id_text_, &id))
		return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
				  "'%.40s' is not the id of an item (32 hex digits)", id_text_);
	r = box_keypair_new(&pair);
	if (r == 0)
		r = session_request(cubby, NULL, "Archive", "Open", &request);
	if (r == 0)
		r = message_append(request, "s", id_text_);
	if (r == 0)
		r = message_open(request, 'a', "s");
	for (size_t i = 0; r == 0 && kinds && kinds[i]; i++)
		r = message_append(request, "s", kinds[i]);
	if (r == 0)
		r = message_close(request);
	if (r == 0)
		r = message_append(request, "ay", (const void *)pair->public, sizeof(pair->public));
	if (r == 0)
		r = session_call(cubby, request, &reply);
	if (r != 0)
		return fault_trace(r);
	return fault_trace(opened_read(cubby, reply, &id, pair, ret));
}

int cubby_open(struct cubby *cubby, const char *id, const char *const *kinds,
	       struct cubby_opened **ret)
{
	session_begin(cubby);
	return session_end(cubby, open_run(cubby, id, kinds, ret));
}
