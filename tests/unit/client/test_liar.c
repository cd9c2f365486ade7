/* SPDX-License-Identifier: Apache-2.0 */
/* A keeper that never comes to an end. Here it is the adversary, and so it is made up: one on a bus
 * of its own, behind the real dispatcher, whose pages lead in circles. What a client asks of it has
 * to end with an answer. */

#include "unit/client/world.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/listing.h"
#include "bus/server.h"
#include "crypt/chain.h"
#include "crypt/envelope.h"
#include "crypt/manifest.h"
#include "support/bus_fixture.h"

/* After so many it gives in, so that a client that would go on for ever fails a test instead. */
#define PAGES_MAX 50

enum lie {
	LIE_STILL,		/* the same page again and again */
	LIE_SWING,		/* to and fro between two */
	LIE_EMPTY,		/* always one more, with nothing on it */
};

static const char id[] = "00112233445566778899aabbccddeeff";
static enum lie lie;
static unsigned pages;

static uint64_t place_next(bool rising)
{
	const uint64_t far = 1 << 20;

	if (++pages > PAGES_MAX)
		return 0;
	if (lie == LIE_EMPTY)
		return rising ? far + pages : far - pages;
	return lie == LIE_SWING ? far + pages % 2 : far;
}

/* As archives have them; "": the end. */
static int cursor_append(struct message *reply)
{
	const uint64_t place = place_next(false);
	char text[33] = "";

	if (place)
		snprintf(text, sizeof(text), "%032llx", (unsigned long long)place);
	return message_append(reply, "s", text);
}

static int items_append(struct message *reply)
{
	int r = message_open(reply, 'a', "(ssta(stu))");

	if (r == 0 && lie != LIE_EMPTY) {
		r = message_open(reply, 'r', "ssta(stu)");
		if (r == 0)
			r = message_append(reply, "sst", id, id, (uint64_t)60);
		if (r == 0)
			r = message_open(reply, 'a', "(stu)");
		if (r == 0)
			r = message_close(reply);
		if (r == 0)
			r = message_close(reply);
	}
	return r == 0 ? message_close(reply) : r;
}

static int tell_items(struct call *call, void *service)
{
	int r = items_append(call_reply(call));

	return r == 0 ? cursor_append(call_reply(call)) : r;
}

static int tell_many(struct call *call, void *service)
{
	_cleanup_(cleanup_close) int fd = -1;
	uint8_t bytes[LISTING_ITEM_MAX_BYTES];
	const struct listing_item item = { .started_s = 60 };
	const size_t n = lie == LIE_EMPTY ? 0 : listing_put(&item, bytes);
	int r = file_memfd("listing", bytes, n, &fd);

	if (r == 0)
		r = message_append(call_reply(call), "h", fd);
	return r == 0 ? cursor_append(call_reply(call)) : r;
}

static int tell_copies(struct call *call, void *service)
{
	struct message *reply = call_reply(call);
	int r = message_open(reply, 'a', "(ssttss)");

	if (r == 0 && lie != LIE_EMPTY)
		r = message_append_row(reply, "ssttss", id, id, (uint64_t)60, (uint64_t)120, "p",
				       "r");
	if (r == 0)
		r = message_close(reply);
	return r == 0 ? cursor_append(reply) : r;
}

static int tell_history(struct call *call, void *service)
{
	struct message *reply = call_reply(call);
	int r = message_open(reply, 'a', "(sttssuu)");

	if (r == 0 && lie != LIE_EMPTY)
		r = message_append_row(reply, "sttssuu", id, (uint64_t)60, (uint64_t)120, "p", "r",
				       1u, 0u);
	if (r == 0)
		r = message_close(reply);
	return r == 0 ? cursor_append(reply) : r;
}

static int tell_receipts(struct call *call, void *service)
{
	struct message *reply = call_reply(call);
	int r = message_open(reply, 'a', "s");

	if (r == 0 && lie != LIE_EMPTY)
		r = message_append(reply, "s", "{}");
	if (r == 0)
		r = message_close(reply);
	return r == 0 ? message_append(reply, "t", place_next(false)) : r;
}

static int tell_entries(struct call *call, void *service)
{
	static const uint8_t salt[CHAIN_SALT_BYTES], hash[CHAIN_HASH_BYTES];
	struct message *reply = call_reply(call);
	int r = message_open(reply, 'a', "(ttsayay)");

	if (r == 0 && lie != LIE_EMPTY)
		r = message_append_row(reply, "ttsayay", place_next(true), (uint64_t)1, "{}",
				       (const void *)salt, sizeof(salt), (const void *)hash,
				       sizeof(hash));
	if (r == 0)
		r = message_close(reply);
	return r == 0 ? message_append(reply, "b", ++pages < PAGES_MAX) : r;
}

static int tell_headers(struct call *call, void *service)
{
	static const uint8_t header[ENVELOPE_HEADER_BYTES];
	struct message *reply = call_reply(call);
	int r = message_open(reply, 'a', "(say)");

	if (r == 0 && lie != LIE_EMPTY)
		r = message_append_row(reply, "say", id, (const void *)header, sizeof(header));
	if (r == 0)
		r = message_close(reply);
	return r == 0 ? message_append(reply, "tt", place_next(true), (uint64_t)1) : r;
}

static int tell_export(struct call *call, void *service)
{
	static const uint8_t salt[MANIFEST_SALT_BYTES];

	return message_append(call_reply(call), "ssssayuuu", "p", "r", "hf", "flac",
			      (const void *)salt, sizeof(salt), 2u, 1u, 0u);
}

/* Two items, where one was left. */
static int tell_page(struct call *call, void *service)
{
	static const uint8_t header[ENVELOPE_HEADER_BYTES], key[KEY_BYTES];
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	_cleanup_(cleanup_close) int fd = -1;
	struct message *reply = call_reply(call);
	const char *export;
	const void *public;
	size_t n;
	int r = message_read(call_arguments(call), "say", &export, &public, &n);

	if (r == 0)
		r = message_open(reply, 'a', "(ssaya(stt))");
	for (int i = 0; r == 0 && i < 2; i++) {
		r = message_open(reply, 'r', "ssaya(stt)");
		if (r == 0)
			r = message_append(reply, "ssay", id, id, (const void *)header,
					   sizeof(header));
		if (r == 0)
			r = message_open(reply, 'a', "(stt)");
		if (r == 0)
			r = message_close(reply);
		if (r == 0)
			r = message_close(reply);
	}
	if (r == 0)
		r = message_close(reply);
	if (r == 0)
		r = file_memfd("bodies", key, 1, &fd);
	if (r == 0)
		r = box_seal(public, key, sizeof(key), &box, &n);
	if (r == 0)
		r = message_append(reply, "h", fd);
	return r == 0 ? message_append(reply, "ay", (const void *)box, n) : r;
}

static const char *const no_errors[] = { NULL };
static const char *const page_options[] = { "cursor", "limit", NULL };
#define METHOD(interface, member, in, out, handle)                                                 \
	{ BUS_NAME "." interface, member, in, out, page_options, no_errors, ROLE_ANYONE, handle }

static const struct method methods[] = {
	METHOD("Archive", "List", "a{sv}a{sv}", "a(ssta(stu))s", tell_items),
	METHOD("Archive", "ListMany", "a{sv}a{sv}", "hs", tell_many),
	METHOD("Export", "Candidates", "sa{sv}", "a(ssta(stu))s", tell_items),
	METHOD("Export", "List", "a{sv}", "a(ssttss)s", tell_copies),
	METHOD("Export", "History", "a{sv}", "a(sttssuu)s", tell_history),
	METHOD("Export", "Resume", "sa{sv}", "ssssayuuu", tell_export),
	METHOD("Export", "Fetch", "saya{sv}", "a(ssaya(stt))hay", tell_page),
	METHOD("Log", "Receipts", "ta{sv}", "ast", tell_receipts),
	METHOD("Log", "List", "ta{sv}", "a(ttsayay)b", tell_entries),
	METHOD("Parents", "ListOld", "sta{sv}", "a(say)tt", tell_headers),
};

static const char *introspect(const char *interface)
{
	return NULL;
}

static const char *const *interfaces(void *service, const char *path)
{
	static const char *const all[] = { BUS_NAME ".Archive", BUS_NAME ".Export",
					   BUS_NAME ".Log", BUS_NAME ".Parents", NULL };

	return all;
}

/* Writes to `ready` when it can be asked. */
static int liar_run(const char *address, int ready)
{
	static const struct bus_table table = { methods, ARRAY_SIZE(methods), NULL, 0, introspect };
	static const struct bus_server_hooks hooks = { .object_interfaces = interfaces };
	const struct bus_server_config config = {
		.address = address, .ear_gid = UINT32_MAX, .parents_gid = UINT32_MAX,
		.table = &table, .hooks = &hooks,
	};
	_cleanup_(loop_freep) struct loop *loop = NULL;
	_cleanup_(bus_server_freep) struct bus_server *server = NULL;
	struct why why;
	int r = loop_new(&loop);

	if (r == 0)
		r = bus_server_new(loop, &config, &server, &why);
	if (r == 0)
		r = bus_server_take_name(server, &why);
	return r == 0 && write(ready, "", 1) == 1 ? loop_run(loop) : 1;
}

/* ---- Asking it ---- */

static struct bus_fixture bus;
static pid_t liar;

CLEANUP_DEFINE(struct cubby_log *, cubby_log_free)

static int bus_start(void **state)
{
	return crypt_init() < 0 ? -1 : bus_fixture_start(&bus, NULL);
}

static int bus_stop(void **state)
{
	bus_fixture_stop(&bus);
	return 0;
}

static void liar_start(enum lie now)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	liar = fork();
	if (liar == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		lie = now;
		_exit(liar_run(bus.address, ready[1]));
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

static int liar_stop(void **state)
{
	kill(liar, SIGTERM);
	return waitpid(liar, NULL, 0) == liar ? 0 : -1;
}

/* As after a proof. */
static struct cubby *session_proved(void)
{
	struct cubby_options options = CUBBY_OPTIONS_INIT;
	struct cubby *cubby = NULL;

	options.address = bus.address;
	options.state_dir = bus.directory;
	assert_int_equal(cubby_new(&options, &cubby), 0);
	assert_cubby(cubby, cubby_connect(cubby));
	cubby->device_known = true;
	cubby->formers_known = true;
	cubby->mark.number = 1;
	assert_int_equal(box_keypair_new(&cubby->home), 0);
	assert_int_equal(box_keypair_new(&cubby->release), 0);
	return cubby;
}

static int list_walk(int r, struct cubby_list *list)
{
	const struct cubby_item *item = NULL;

	do
		r = r ? r : cubby_list_next(list, &item);
	while (r == 0 && item);
	cubby_list_free(list);
	return r;
}

static int walk_items(struct cubby *cubby)
{
	struct cubby_list *list = NULL;
	int r = cubby_list_new(cubby, NULL, &list);

	return list_walk(r, list);
}

static int walk_candidates(struct cubby *cubby)
{
	struct cubby_list *list = NULL;
	int r = cubby_export_candidates(cubby, NULL, &list);

	return list_walk(r, list);
}

static int copy_seen(void *context, const struct cubby_copy *copy)
{
	return 0;
}

static int walk_copies(struct cubby *cubby)
{
	return cubby_copies(cubby, copy_seen, NULL);
}

static int walk_history(struct cubby *cubby)
{
	_cleanup_(cubby_past_exports_freep) struct cubby_past_exports *exports = NULL;

	return cubby_past_exports(cubby, &exports);
}

static int receipt_seen(void *context, const struct cubby_receipt *receipt, const char *text)
{
	return 0;
}

static int walk_receipts(struct cubby *cubby)
{
	return cubby_receipts(cubby, receipt_seen, NULL);
}

static int walk_log(struct cubby *cubby)
{
	_cleanup_(cubby_log_freep) struct cubby_log *log = NULL;
	const struct cubby_log_entry *entry = NULL;
	int r = cubby_log_new(cubby, &log);

	do
		r = r ? r : cubby_log_next(log, &entry);
	while (r == 0 && entry);
	return r;
}

static int walk_headers(struct cubby *cubby)
{
	return cubby_reseal(cubby, NULL, NULL);
}

static void walks_end(enum lie now)
{
	static const struct {
		const char *name;
		int (*walk)(struct cubby *cubby);
	} walks[] = {
		{ "items", walk_items },
		{ "candidates", walk_candidates },
		{ "copies", walk_copies },
		{ "history", walk_history },
		{ "receipts", walk_receipts },
		{ "log", walk_log },
		{ "headers", walk_headers },
	};

	for (size_t i = 0; i < ARRAY_SIZE(walks); i++) {
		_cleanup_(cubby_freep) struct cubby *cubby = NULL;
		int r;

		liar_start(now);
		cubby = session_proved();
		r = walks[i].walk(cubby);
		if (r != CUBBY_FAILED || !strstr(cubby_why(cubby), "is not understood"))
			fail_msg("%s: %d %s", walks[i].name, r, cubby_why(cubby));
		if (i + 1 < ARRAY_SIZE(walks))
			assert_int_equal(liar_stop(NULL), 0);
	}
}

static void test_the_same_page_again_ends_the_walk(void **state)
{
	walks_end(LIE_STILL);
}

static void test_pages_in_a_circle_end_the_walk(void **state)
{
	walks_end(LIE_SWING);
}

static void test_an_empty_page_ends_the_walk(void **state)
{
	walks_end(LIE_EMPTY);
}

static void test_an_export_has_the_items_it_told(void **state)
{
	struct cubby_export_options options = CUBBY_EXPORT_OPTIONS_INIT;
	_cleanup_(cubby_export_freep) struct cubby_export *export = NULL;
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	size_t n;

	liar_start(LIE_STILL);
	cubby = session_proved();
	options.resume = id;
	assert_cubby(cubby, cubby_export_begin(cubby, &options, &export));
	assert_refused(cubby, cubby_export_page(export, &n), CUBBY_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_the_same_page_again_ends_the_walk, liar_stop),
		cmocka_unit_test_teardown(test_pages_in_a_circle_end_the_walk, liar_stop),
		cmocka_unit_test_teardown(test_an_empty_page_ends_the_walk, liar_stop),
		cmocka_unit_test_teardown(test_an_export_has_the_items_it_told, liar_stop),
	};

	return cmocka_run_group_tests_name("liar", tests, bus_start, bus_stop);
}
