/* SPDX-License-Identifier: Apache-2.0 */

/* org.cubby.Cubby1.Archive, opening. Every opening is in the access log, on the disk, before the
 * first byte of it or a key leaves. */

#include <string.h>
#include "base/file.h"
#include "dbus-table.h"
#include "service/service.h"

/* Of OpenMany: ids in a call, items in a reply, and not many more bytes than these in one. */
#define MANY_IDS_MAX 500
#define MANY_ITEMS_MAX 64
#define MANY_BYTES (8u << 20)
/* Of Read. */
#define READ_BYTES_MAX (48u << 10)

int reply_keys(struct message *reply, const uint8_t *reply_key, const struct secret *keys,
	       struct why *why)
{
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	size_t n;
	int r;

	r = box_seal(reply_key, keys->bytes, keys->n, &box, &n);
	if (r > 0)
		return answer_why(why, r, "reply_key is not a key that anything can be sealed to");
	if (!r)
		r = message_append(reply, "ay", box, n);
	return fault_trace(r);
}

int reply_parts(struct message *reply, const struct archive_opened *opened, uint64_t offset)
{
	int r = message_open(reply, 'a', "(stt)");

	for (unsigned i = 0; !r && i < opened->n_parts; i++)
		r = message_append_row(reply, "stt", kind_name(opened->parts[i].kind),
				       offset + opened->parts[i].offset, opened->parts[i].bytes);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}

int reply_bodies(struct message *reply, const struct archive_opened *const *opened, size_t n,
		 const uint8_t *reply_key, struct why *why)
{
	_cleanup_(secret_freep) struct secret *keys = NULL;
	_cleanup_(cleanup_free) uint8_t *bodies = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	size_t n_bodies = 0, n_keys = 0;
	int r;

	for (size_t i = 0; i < n; i++) {
		n_bodies += opened[i]->n_bodies;
		n_keys += opened[i]->keys->n;
	}
	bodies = malloc(n_bodies + 1);
	r = bodies ? secret_new(n_keys, &keys) : fault_origin(-ENOMEM);
	if (r)
		return fault_trace(r);
	n_bodies = n_keys = 0;
	for (size_t i = 0; i < n; i++) {
		memcpy(bodies + n_bodies, opened[i]->bodies, opened[i]->n_bodies);
		memcpy(keys->bytes + n_keys, opened[i]->keys->bytes, opened[i]->keys->n);
		n_bodies += opened[i]->n_bodies;
		n_keys += opened[i]->keys->n;
	}
	r = file_memfd("cubby", bodies, n_bodies, &fd);
	if (!r)
		r = message_append(reply, "h", fd);
	if (!r)
		r = reply_keys(reply, reply_key, keys, why);
	return fault_trace(r);
}

/* ---- What is opened ---- */

struct many {
	struct id ids[MANY_ITEMS_MAX];
	struct archive_opened *opened[MANY_ITEMS_MAX];
	unsigned n;
	size_t bytes;
};

static void many_clear(struct many *many)
{
	for (unsigned i = 0; i < many->n; i++)
		archive_opened_free(many->opened[i]);
}

static int id_read(const char *text, struct id *ret, struct why *why)
{
	if (id_parse(text, ret))
		return 0;
	return answer_why(why, ANSWER_INVALID_ARGUMENT,
			  "\"%.40s\" is not the id of an item (32 hex digits)", text);
}

static int kind_add(const char *name, unsigned *kinds, struct why *why)
{
	int kind = kind_from_name(name);

	if (!kind)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "there is no kind \"%.20s\"; say audio, transcript or location",
				  name);
	*kinds |= 1u << kind;
	return 0;
}

static int kinds_read(struct call *call, unsigned *ret)
{
	_cleanup_(strings_clear) struct strings names = {0};
	unsigned kinds = 0;
	int r;

	r = args_strings(call_arguments(call), KIND_MAX, &names, call_why(call));
	for (size_t i = 0; !r && i < names.n; i++)
		r = kind_add(names.items[i], &kinds, call_why(call));
	*ret = kinds;
	return fault_trace(r);
}

/* ---- Who must know ---- */

static bool profile_seen(const struct many *many, unsigned before, const struct id *profile)
{
	for (unsigned i = 0; i < before; i++)
		if (id_equal(&many->opened[i]->profile, profile))
			return true;
	return false;
}

/* One entry for each profile. */
static int many_log(struct keeper *keeper, struct call *call, const struct many *many,
		    const char *method)
{
	int r = 0;

	for (unsigned i = 0; !r && i < many->n; i++) {
		const struct id *id = &many->opened[i]->profile;
		struct profile profile;
		struct access_entry entry = {
			.what = "open", .uid = call_caller(call)->uid, .outcome = "done",
			.method = method, .profile = &profile,
		};

		if (profile_seen(many, i, id))
			continue;
		for (unsigned k = i; k < many->n; k++)
			entry.items += id_equal(&many->opened[k]->profile, id);
		if (entry.items == 1) {
			entry.items = 0;
			entry.item = &many->ids[i];
		}
		r = store_profile_by_id(keeper->store, id, &profile);
		/* Not even the profile's removal may make an opening go unseen. */
		if (r > 0)
			r = fault_origin(-EBADMSG);
		if (!r)
			r = ground_stored(access_log_write(keeper->log, &entry), call_why(call));
	}
	return fault_trace(r);
}

/* The child may know (R31). Whether it is listened to is the client's; here it was handed out. */
static void played_tell(struct keeper *keeper, const struct many *many)
{
	struct profile profile;

	for (unsigned i = 0; i < many->n; i++) {
		const struct archive_opened *opened = many->opened[i];
		bool sound = false;

		for (unsigned k = 0; k < opened->n_parts; k++)
			sound |= opened->parts[k].kind == KIND_AUDIO;
		if (sound && !profile_seen(many, i, &opened->profile) &&
		    !store_profile_by_id(keeper->store, &opened->profile, &profile))
			service_played(keeper, profile.name);
	}
}

/* ---- Methods ---- */

static int many_add(struct keeper *keeper, const struct id *id, unsigned kinds, struct many *many,
		    struct why *why)
{
	int r = archive_open(keeper->archive, id, kinds, &many->opened[many->n], why);

	if (r)
		return fault_trace(r);
	many->ids[many->n] = *id;
	many->bytes += many->opened[many->n++]->n_bodies;
	return 0;
}

int service_archive_open(struct call *call, void *service)
{
	_cleanup_(many_clear) struct many many = {.n = 0};
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	const uint8_t *reply_key;
	const char *text;
	unsigned kinds = 0;
	struct id id;
	int r;

	r = message_read(call_arguments(call), "s", &text);
	if (!r)
		r = kinds_read(call, &kinds);
	if (!r)
		r = args_reply_key(call_arguments(call), &reply_key, call_why(call));
	if (!r)
		r = id_read(text, &id, call_why(call));
	if (!r)
		r = many_add(keeper, &id, kinds, &many, call_why(call));
	if (!r)
		r = many_log(keeper, call, &many, "Archive.Open");
	if (!r)
		r = message_append(reply, "ay", many.opened[0]->header.bytes,
				   sizeof(many.opened[0]->header.bytes));
	if (!r)
		r = reply_parts(reply, many.opened[0], 0);
	if (!r)
		r = reply_bodies(reply, (const struct archive_opened *const *)many.opened, 1,
				 reply_key, call_why(call));
	if (!r)
		played_tell(keeper, &many);
	return fault_trace(r);
}

/* As many as one reply takes. What is gone, or has none of the kinds, is passed over. */
static int many_open(struct keeper *keeper, struct call *call, const struct strings *ids,
		     unsigned kinds, struct many *many, uint32_t *ret_next)
{
	size_t i;

	for (i = 0; i < ids->n && many->n < MANY_ITEMS_MAX && many->bytes < MANY_BYTES; i++) {
		struct id id;
		int r = id_read(ids->items[i], &id, call_why(call));

		if (!r)
			r = many_add(keeper, &id, kinds, many, call_why(call));
		if (r && r != ANSWER_NOT_FOUND)
			return fault_trace(r);
	}
	*ret_next = (uint32_t)i;
	return 0;
}

static int many_append(struct message *reply, const struct many *many, const uint8_t *reply_key,
		       uint32_t next, struct why *why)
{
	uint64_t offset = 0;
	char id[ID_TEXT];
	int r = message_open(reply, 'a', "(saya(stt))");

	for (unsigned i = 0; !r && i < many->n; i++) {
		const struct archive_opened *opened = many->opened[i];

		r = message_open(reply, 'r', "saya(stt)");
		if (!r)
			r = message_append(reply, "say", id_text(&many->ids[i], id),
					   (const void *)opened->header.bytes,
					   sizeof(opened->header.bytes));
		if (!r)
			r = reply_parts(reply, opened, offset);
		if (!r)
			r = message_close(reply);
		offset += opened->n_bodies;
	}
	if (!r)
		r = message_close(reply);
	if (!r)
		r = message_append(reply, "u", next);
	if (!r)
		r = reply_bodies(reply, (const struct archive_opened *const *)many->opened, many->n,
				 reply_key, why);
	return fault_trace(r);
}

int service_archive_open_many(struct call *call, void *service)
{
	_cleanup_(strings_clear) struct strings ids = {0};
	_cleanup_(many_clear) struct many many = {.n = 0};
	struct keeper *keeper = service;
	const uint8_t *reply_key;
	unsigned kinds = 0;
	uint32_t next = 0;
	int r;

	r = args_strings(call_arguments(call), MANY_IDS_MAX, &ids, call_why(call));
	if (!r)
		r = kinds_read(call, &kinds);
	if (!r)
		r = args_reply_key(call_arguments(call), &reply_key, call_why(call));
	if (!r)
		r = many_open(keeper, call, &ids, kinds, &many, &next);
	if (!r)
		r = many_log(keeper, call, &many, "Archive.OpenMany");
	if (!r)
		r = many_append(call_reply(call), &many, reply_key, next, call_why(call));
	if (!r)
		played_tell(keeper, &many);
	return fault_trace(r);
}

/* The key leaves with the first piece alone, and that is the one in the log: without it the others
 * are noise. */
int service_archive_read(struct call *call, void *service)
{
	_cleanup_(many_clear) struct many many = {.n = 0};
	static const struct secret no_keys = {.n = 0};
	struct keeper *keeper = service;
	struct message *reply = call_reply(call);
	const struct archive_opened *opened;
	const char *text, *kind;
	const uint8_t *reply_key;
	unsigned kinds = 0;
	uint64_t offset, n;
	struct id id;
	int r;

	r = message_read(call_arguments(call), "sst", &text, &kind, &offset);
	if (!r)
		r = args_reply_key(call_arguments(call), &reply_key, call_why(call));
	if (!r)
		r = id_read(text, &id, call_why(call));
	if (!r)
		r = kind_add(kind, &kinds, call_why(call));
	if (!r)
		r = many_add(keeper, &id, kinds, &many, call_why(call));
	if (r)
		return fault_trace(r);
	opened = many.opened[0];
	if (offset > opened->n_bodies)
		return answer_why(call_why(call), ANSWER_INVALID_ARGUMENT,
				  "the offset %llu is behind the end, %zu",
				  (unsigned long long)offset, opened->n_bodies);
	n = opened->n_bodies - offset;
	if (n > READ_BYTES_MAX)
		n = READ_BYTES_MAX;
	if (!offset)
		r = many_log(keeper, call, &many, "Archive.Read");
	if (!r)
		r = message_append(reply, "ay", (const void *)opened->header.bytes,
				   sizeof(opened->header.bytes));
	if (!r)
		r = message_append(reply, "tay", (uint64_t)opened->n_bodies,
				   (const void *)(opened->bodies + offset), (size_t)n);
	if (!r)
		r = reply_keys(reply, reply_key, offset ? &no_keys : opened->keys, call_why(call));
	if (!r && !offset)
		played_tell(keeper, &many);
	return fault_trace(r);
}
