/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every method of the bus, by real messages: the input is a series of calls by stranger, ear,
 * parent, a parent who proved, and root, or raw bytes that are demarshalled; the keeper behind them
 * is the real one, with a household on a disk. A caller without the role never gets an answer that
 * is not an error; no argument makes a fault of the keeper's own; and it is alive at the end.
 */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "bus_host.h"
#include "dbus-table.h"
#include "fuzz.h"
#include "host_house.h"
#include "store/store.h"

#define CALLS_MAX 24
#define DEPTH_MAX 5

static void value_append(struct fuzz_input *input, DBusMessageIter *to, DBusSignatureIter *type,
			 const char *const *keys, unsigned depth);

/* Text that libdbus takes: it aborts on any other, as it should. */
static const char *text_of(struct fuzz_input *input)
{
	static char text[256];
	const uint8_t how = fuzz_u8(input);
	const uint8_t *bytes;
	size_t n;

	if (how < 192)
		return host_word(how);
	bytes = fuzz_bytes(input, how - 192u, &n);
	memcpy(text, bytes, n);
	text[n] = '\0';
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] && text[i] > 0 ? text[i] : '?';
	return text;
}

static uint64_t number_of(struct fuzz_input *input)
{
	static const uint64_t edges[] = { 0, 1, 2, 60, 500, 3600, 86400, INT32_MAX, UINT32_MAX,
					  INT64_MAX, UINT64_MAX, (uint64_t)INT64_MIN, 1066, 2132,
					  1800000000, 30000000 };
	const uint8_t how = fuzz_u8(input);

	return how < 128 ? edges[how % 16] : fuzz_u32(input);
}

static int descriptor_of(struct fuzz_input *input)
{
	const uint8_t how = fuzz_u8(input);
	const uint8_t *bytes;
	int fd = -1;
	size_t n;

	if (how % 4 == 1) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} else if (how % 4 == 2) {
		bytes = fuzz_bytes(input, how, &n);
		fuzz_check(file_memfd("fuzz", bytes, n, &fd) == 0);
	} else {
		bytes = host_house_bodies(&n);
		fuzz_check(file_memfd("fuzz", bytes, n, &fd) == 0);
	}
	return fd;
}

static void basic_append(struct fuzz_input *input, DBusMessageIter *to, int type)
{
	DBusBasicValue value = { .u64 = 0 };

	if (type == DBUS_TYPE_STRING) {
		value.str = (char *)(uintptr_t)text_of(input);
	} else if (type == DBUS_TYPE_OBJECT_PATH || type == DBUS_TYPE_SIGNATURE) {
		value.str = (char *)(uintptr_t)(type == DBUS_TYPE_SIGNATURE ? "a{sv}" : "/a");
	} else if (type == DBUS_TYPE_BOOLEAN) {
		value.bool_val = fuzz_u8(input) & 1;
	} else if (type == DBUS_TYPE_UNIX_FD) {
		value.fd = descriptor_of(input);
	} else {
		value.u64 = number_of(input);
	}
	dbus_message_iter_append_basic(to, type, &value);
	if (type == DBUS_TYPE_UNIX_FD)
		close(value.fd);
}

static void bytes_append(struct fuzz_input *input, DBusMessageIter *array)
{
	const uint8_t how = fuzz_u8(input);
	const uint8_t *bytes;
	size_t n;

	bytes = how < 160 ? host_bytes(how, &n) : fuzz_bytes(input, how - 160u, &n);
	dbus_message_iter_append_fixed_array(array, DBUS_TYPE_BYTE, &bytes, (int)n);
}

/* The parts of what descriptor_of() has by default, and now and then others. */
static bool parts_append(struct fuzz_input *input, DBusMessageIter *array)
{
	static const char *const kinds[] = { "audio", "transcript" };
	const uint8_t how = fuzz_u8(input);

	for (unsigned i = 0; how < 160 && i < 1u + how % 2; i++) {
		dbus_uint64_t at = i * HOST_PART_BYTES, n = HOST_PART_BYTES;
		DBusMessageIter part;

		dbus_message_iter_open_container(array, DBUS_TYPE_STRUCT, NULL, &part);
		dbus_message_iter_append_basic(&part, DBUS_TYPE_STRING, &kinds[i]);
		dbus_message_iter_append_basic(&part, DBUS_TYPE_UINT64, &at);
		dbus_message_iter_append_basic(&part, DBUS_TYPE_UINT64, &n);
		dbus_message_iter_close_container(array, &part);
	}
	return how < 160;
}

static void array_append(struct fuzz_input *input, DBusMessageIter *array, DBusSignatureIter *type,
			 const char *signature, const char *const *keys, unsigned depth)
{
	unsigned n;

	if (strcmp(signature, "y") == 0) {
		bytes_append(input, array);
		return;
	}
	if (strcmp(signature, "(stt)") == 0 && parts_append(input, array))
		return;
	n = fuzz_u8(input);
	/* A few; seldom, hundreds of the same. */
	for (n = n < 240 ? n % 5u : 300u; n; n--)
		value_append(input, array, type, keys, depth + 1);
}

static void entry_append(struct fuzz_input *input, DBusMessageIter *entry,
			 const char *const *keys, unsigned depth)
{
	static const char *const of_selections[] = { "ids", "profile", "since", "until",
						     "kind", "all", "dry-run", "limit" };
	static const char *const types[] = { "s", "u", "as", "b", "t", "ay", "x", "v", "a{sv}" };
	const uint8_t how = fuzz_u8(input);
	const char *key = of_selections[how % 8], *type = types[fuzz_u8(input) % 9];
	DBusMessageIter variant;
	DBusSignatureIter inside;
	unsigned n_keys = 0;

	while (keys && keys[n_keys])
		n_keys++;
	if (how >= 64 && n_keys)
		key = keys[how % n_keys];
	if (how >= 192)
		key = text_of(input);
	dbus_message_iter_append_basic(entry, DBUS_TYPE_STRING, &key);
	if (depth >= DEPTH_MAX)
		type = "u";
	dbus_message_iter_open_container(entry, DBUS_TYPE_VARIANT, type, &variant);
	dbus_signature_iter_init(&inside, type);
	value_append(input, &variant, &inside, keys, depth + 1);
	dbus_message_iter_close_container(entry, &variant);
}

static void value_append(struct fuzz_input *input, DBusMessageIter *to, DBusSignatureIter *type,
			 const char *const *keys, unsigned depth)
{
	const int code = dbus_signature_iter_get_current_type(type);
	DBusMessageIter container;
	DBusSignatureIter inside;
	char *signature;

	if (dbus_type_is_basic(code)) {
		basic_append(input, to, code);
		return;
	}
	if (code == DBUS_TYPE_VARIANT) {
		dbus_message_iter_open_container(to, code, "s", &container);
		basic_append(input, &container, DBUS_TYPE_STRING);
		dbus_message_iter_close_container(to, &container);
		return;
	}
	dbus_signature_iter_recurse(type, &inside);
	signature = dbus_signature_iter_get_signature(&inside);
	dbus_message_iter_open_container(to, code, code == DBUS_TYPE_ARRAY ? signature : NULL,
					 &container);
	if (code == DBUS_TYPE_ARRAY) {
		array_append(input, &container, &inside, signature, keys, depth);
	} else if (code == DBUS_TYPE_DICT_ENTRY) {
		entry_append(input, &container, keys, depth);
	} else {
		do
			value_append(input, &container, &inside, keys, depth + 1);
		while (dbus_signature_iter_next(&inside));
	}
	dbus_message_iter_close_container(to, &container);
	dbus_free(signature);
}

static const char *path_of(struct fuzz_input *input, const struct method *method)
{
	static char path[300];
	const char *interface = strrchr(method->interface, '.') + 1;
	const uint8_t how = fuzz_u8(input);

	if (strcmp(interface, "Job") == 0)
		snprintf(path, sizeof(path), BUS_PATH "/job/%u", how % 8u);
	else if (how < 240)
		return BUS_PATH;
	else
		snprintf(path, sizeof(path), BUS_PATH "/profile/%.64s", host_word(how));
	return dbus_validate_path(path, NULL) ? path : BUS_PATH;
}

static bool may_ever(enum host_caller caller, unsigned roles)
{
	return roles & ROLE_ANYONE || (caller == HOST_EAR && roles & ROLE_EAR) ||
	       ((caller == HOST_PARENT || caller == HOST_PROVED) &&
		roles & (ROLE_PARENT | ROLE_PROOF));
}

/* FNV-1a, folded: a method keeps its number when others come and go. */
static uint16_t method_number(const struct method *method)
{
	uint32_t hash = 2166136261u;

	for (const char *at = method->interface; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	for (const char *at = method->member; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	return (uint16_t)(hash ^ hash >> 16);
}

/* The one whose number comes next. */
static const struct method *method_of(struct fuzz_input *input)
{
	const struct bus_table *table = &cubby_bus_table;
	const unsigned high = fuzz_u8(input), wanted = high << 8 | fuzz_u8(input);
	const struct method *found = &table->methods[0];

	for (size_t i = 1; i < table->n_methods; i++)
		if ((uint16_t)(method_number(&table->methods[i]) - wanted) <
		    (uint16_t)(method_number(found) - wanted))
			found = &table->methods[i];
	return found;
}

static void made_call(struct fuzz_input *input, enum host_caller caller)
{
	const struct method *method = method_of(input);
	const unsigned good = host_replies().good;
	DBusMessage *call = dbus_message_new_method_call(BUS_NAME, path_of(input, method),
							 method->interface, method->member);
	DBusSignatureIter type;
	DBusMessageIter to;

	fuzz_check(call);
	dbus_message_iter_init_append(call, &to);
	dbus_signature_iter_init(&type, method->in_signature);
	if (method->in_signature[0]) {
		do
			value_append(input, &to, &type, method->options, 0);
		while (dbus_signature_iter_next(&type));
	}
	host_call(caller, call);
	fuzz_check(may_ever(caller, method->roles) || host_replies().good == good);
}

static void raw_call(struct fuzz_input *input, enum host_caller caller)
{
	const size_t most = (size_t)fuzz_u8(input) << 8 | fuzz_u8(input);
	const uint8_t *bytes;
	DBusMessage *message;
	size_t n;

	bytes = fuzz_bytes(input, most, &n);
	message = dbus_message_demarshal((const char *)bytes, (int)n, NULL);
	if (message && dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_CALL)
		host_call(caller, message);
	else if (message)
		dbus_message_unref(message);
}

/* Nobody has the memory to be sure of an answer; what is on the disk is whole all the same. */
static void starved_check(void)
{
	struct why why = { "" };

	fuzz_check(host_start_again() == 0);
	fuzz_check(store_check(host_keeper()->store, &why) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz_input input = { bytes, n };
	unsigned good;
	int r;

	r = host_start();
	fuzz_check(r == 0 || host_starving());
	for (unsigned calls = 0; r == 0 && input.n > 0 && calls < CALLS_MAX; calls++) {
		const uint8_t how = fuzz_u8(&input);
		const enum host_caller caller = how % HOST_CALLERS;

		if (how >= 250)
			host_minutes(1u << (how - 250) * 2);
		else if (how >= 225)
			raw_call(&input, caller);
		else
			made_call(&input, caller);
		host_settle();
		/* A fault of its own is never what arguments lead to. */
		fuzz_check(host_replies().failed == 0 || host_starving());
	}
	if (host_replies().good > 3)
		fuzz_reached();
	if (host_starving())
		starved_check();
	good = host_replies().good;
	host_call(HOST_STRANGER, dbus_message_new_method_call(BUS_NAME, BUS_PATH,
							      DBUS_INTERFACE_INTROSPECTABLE,
							      "Introspect"));
	fuzz_check(host_replies().good == good + 1);
	host_stop();
	return 0;
}
