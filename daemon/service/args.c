/* SPDX-License-Identifier: Apache-2.0 */

/* Reads arguments and writes replies that several interfaces share. What comes in is checked for
 * shape here and for sense in the domain. */

#include <string.h>
#include "base/file.h"
#include "profile.h"
#include "service/service.h"

/* Selections name items one by one up to this; more is a profile, a time or "all". */
#define SELECTED_IDS_MAX 1000

void strings_clear(struct strings *strings)
{
	free(strings->items);
	*strings = (struct strings){0};
}

int args_strings(struct message *arguments, size_t max, struct strings *ret, struct why *why)
{
	_cleanup_(strings_clear) struct strings strings = {0};
	const char **more;
	int r;

	r = message_enter(arguments, 'a', "s");
	while (!r && message_more(arguments)) {
		if (strings.n == max)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "a list names more than %zu; split it",
					  max);
		more = reallocarray(strings.items, strings.n + 1, sizeof(*more));
		if (!more)
			return fault_origin(-ENOMEM);
		strings.items = more;
		r = message_read(arguments, "s", &strings.items[strings.n]);
		strings.n++;
	}
	if (!r)
		r = message_leave(arguments);
	if (r)
		return fault_trace(r);
	*ret = strings;
	strings = (struct strings){0};
	return 0;
}

int args_reply_key(struct message *arguments, const uint8_t **ret, struct why *why)
{
	const void *key;
	size_t n;
	int r;

	r = message_read(arguments, "ay", &key, &n);
	if (r)
		return fault_trace(r);
	if (n != BOX_PUBLIC_BYTES)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "reply_key has %zu bytes; an X25519 public key has %d",
				  n, BOX_PUBLIC_BYTES);
	*ret = key;
	return 0;
}

void selected_clear(struct selected *selected)
{
	free(selected->ids);
	*selected = (struct selected){0};
}

static int selected_ids(struct message *value, struct selected *selected, struct why *why)
{
	_cleanup_(strings_clear) struct strings texts = {0};
	int r;

	r = args_strings(value, SELECTED_IDS_MAX, &texts, why);
	if (r)
		return fault_trace(r);
	/* An empty list must not mean "does not narrow". */
	if (!texts.n)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"ids\" is empty; name at least one item");
	selected->ids = calloc(texts.n, sizeof(*selected->ids));
	if (!selected->ids)
		return fault_origin(-ENOMEM);
	for (size_t i = 0; i < texts.n; i++)
		if (!id_parse(texts.items[i], &selected->ids[i]))
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "\"%.40s\" is not the id of an item (32 hex digits)",
					  texts.items[i]);
	selected->selection.ids = selected->ids;
	selected->selection.n_ids = texts.n;
	return 0;
}

int args_ids(struct message *arguments, struct selected *ret, struct why *why)
{
	/* `ret` is filled in place: the selection points into it. */
	*ret = (struct selected){0};
	return fault_trace(selected_ids(arguments, ret, why));
}

/* Items carry whole minutes: at or after a second is at or after the next whole minute. The caller
 * means the wall clock; where that is not set, the keeper knows better. */
static int selected_time(struct keeper *keeper, struct message *value, const char *key,
			 int64_t *ret_min, struct why *why)
{
	uint64_t s;
	int r;

	r = message_read(value, "t", &s);
	if (r)
		return fault_trace(r);
	/* Zero would read as "does not narrow". */
	if (!s || s > INT64_MAX / 2)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "\"%s\" is not a time; give seconds since 1970",
				  key);
	*ret_min = (s + 59) / 60 + age_wall_error_min(keeper->age);
	return 0;
}

static int selected_until(struct keeper *keeper, struct message *value, const char *key,
			  int64_t *ret_min, struct why *why)
{
	int r = selected_time(keeper, value, key, ret_min, why);

	/* Everything that is there has happened, even if a clock that was ahead said later. */
	if (!r && *ret_min > age_wall_min(keeper->age))
		*ret_min = INT64_MAX;
	return fault_trace(r);
}

static int selected_kind(struct message *value, struct selected *selected, struct why *why)
{
	const char *name;
	int kind, r;

	r = message_read(value, "s", &name);
	if (r)
		return fault_trace(r);
	kind = kind_from_name(name);
	if (!kind)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "there is no kind \"%.20s\"; say audio, transcript or location",
				  name);
	selected->selection.kinds = 1u << kind;
	return 0;
}

static int selected_profile(struct keeper *keeper, struct message *value, struct selected *selected,
			    struct why *why)
{
	const char *name;
	int r;

	r = message_read(value, "s", &name);
	if (!r)
		r = profile_find(&keeper->ground, name, &selected->profile, why);
	if (r)
		return fault_trace(r);
	selected->selection.profile = &selected->profile.id;
	return 0;
}

static int selected_value(struct keeper *keeper, struct message *value, const char *key,
			  struct selected *selected, struct why *why)
{
	if (!strcmp(key, "ids"))
		return selected_ids(value, selected, why);
	if (!strcmp(key, "profile"))
		return selected_profile(keeper, value, selected, why);
	if (!strcmp(key, "since"))
		return selected_time(keeper, value, key, &selected->selection.since_min, why);
	if (!strcmp(key, "until"))
		return selected_until(keeper, value, key, &selected->selection.until_min, why);
	if (!strcmp(key, "kind"))
		return selected_kind(value, selected, why);
	if (!strcmp(key, "all"))
		return message_read(value, "b", &selected->selection.all);
	return answer_why(why, ANSWER_INVALID_ARGUMENT,
			  "a selection has no \"%.20s\"; it takes ids, profile, since, until, kind "
			  "and all",
			  key);
}

int args_selection(struct keeper *keeper, struct message *arguments, struct selected *ret,
		   struct why *why)
{
	static const struct {
		const char *key, *signature;
	} types[] = {{"ids", "as"}, {"profile", "s"}, {"since", "t"}, {"until", "t"}, {"kind", "s"},
		     {"all", "b"}};
	const char *key, *signature;
	unsigned seen = 0;
	int r;

	/* `ret` is filled in place: the selection points into it. */
	*ret = (struct selected){0};
	r = message_enter(arguments, 'a', "{sv}");
	while (!r && message_more(arguments)) {
		signature = NULL;
		r = message_enter(arguments, 'e', "sv");
		if (!r)
			r = message_read(arguments, "s", &key);
		for (size_t i = 0; !r && i < ARRAY_SIZE(types); i++) {
			if (strcmp(types[i].key, key))
				continue;
			/* The last would win, and the caller may have meant the first. */
			if (seen & 1u << i)
				return answer_why(why, ANSWER_INVALID_ARGUMENT,
						  "\"%s\" is twice in the selection", key);
			seen |= 1u << i;
			signature = types[i].signature;
		}
		if (!r && signature && message_enter(arguments, 'v', signature))
			r = answer_why(why, ANSWER_INVALID_ARGUMENT,
				       "\"%s\" of a selection has the type %s",
				       key, signature);
		if (!r)
			r = selected_value(keeper, arguments, key, ret, why);
		if (!r)
			r = message_leave(arguments);
		if (!r)
			r = message_leave(arguments);
	}
	if (!r)
		r = message_leave(arguments);
	return fault_trace(r);
}

int args_delivery(struct message *arguments, struct delivery *ret, struct why *why)
{
	struct delivery delivery = {.bodies_fd = -1};
	struct delivery_part part;
	const char *kind;
	int r;

	r = message_read(arguments, "ay", &delivery.header, &delivery.n_header);
	if (!r)
		r = message_enter(arguments, 'a', "(stt)");
	while (!r && message_more(arguments)) {
		r = message_enter(arguments, 'r', "stt");
		if (!r)
			r = message_read(arguments, "stt", &kind, &part.offset, &part.bytes);
		if (r)
			break;
		part.kind = kind_from_name(kind);
		if (delivery.n_parts == KIND_MAX)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "an item has at most %d parts", KIND_MAX);
		delivery.parts[delivery.n_parts++] = part;
		r = message_leave(arguments);
	}
	if (!r)
		r = message_leave(arguments);
	if (!r)
		r = message_read(arguments, "h", &delivery.bodies_fd);
	if (r)
		return fault_trace(r);
	*ret = delivery;
	return 0;
}

int args_page(struct call *call, uint32_t most, const char **ret_cursor, uint32_t *ret_limit)
{
	int r;

	*ret_cursor = "";
	*ret_limit = most;
	r = call_option(call, "cursor", "s", ret_cursor);
	if (!r || r == ANSWER_NOT_FOUND)
		r = call_option(call, "limit", "u", ret_limit);
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(call_why(call), r,
				  "the option cursor is a string, limit a number (uint32)");
	if (r && r != ANSWER_NOT_FOUND)
		return fault_trace(r);
	if (!*ret_limit || *ret_limit > most)
		*ret_limit = most;
	return 0;
}

int reply_strings(struct message *reply, const char *const *strings, size_t n)
{
	int r = message_open(reply, 'a', "s");

	for (size_t i = 0; !r && i < n; i++)
		r = message_append(reply, "s", strings[i]);
	if (!r)
		r = message_close(reply);
	return fault_trace(r);
}
