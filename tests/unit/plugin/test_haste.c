/* SPDX-License-Identifier: Apache-2.0 */
/* What changes while an utterance is being settled, between the last word and the keeper's last
 * answer: the ear is muted, a consent goes and comes back. The keeper here is a thread that does
 * such things when it is asked, and would keep whatever it is given. */

#include "recording.h"

#include <dbus/dbus.h>
#include <pthread.h>
#include <stdatomic.h>
#include "bus/client.h"
#include "crypt/box.h"
#include "crypt/household.h"
#include "ear.h"
#include "support/bus_fixture.h"

#define POLICY "1111111111111111111111111111111111111111111111111111111111111111"
#define PROFILE "22222222222222222222222222222222"

enum haste {
	NO_HASTE,
	MUTE_AT_POLICY,
	MUTE_AT_BEGIN,
	CHANGE_AT_POLICY,
};

struct world {
	struct bus_fixture bus;
	DBusConnection *connection;
	pthread_t thread;
	atomic_bool stop, spoken;
	atomic_int haste, committed, aborted;
	char *household, *consent;
	struct cubby_ear *ear;
	struct cubby_ear_session *session;
	unsigned finals, kept, forgotten;
};

static void strings_add(DBusMessageIter *at, const char *text)
{
	DBusMessageIter inside;

	dbus_message_iter_open_container(at, 'a', "s", &inside);
	if (text)
		dbus_message_iter_append_basic(&inside, 's', &text);
	dbus_message_iter_close_container(at, &inside);
}

static void policy_answer(struct world *world, DBusMessage *reply)
{
	const char *texts[] = { world->household, POLICY, PROFILE, "Mia", "child" };
	DBusMessageIter at, profiles, profile;

	dbus_message_iter_init_append(reply, &at);
	dbus_message_iter_append_basic(&at, 's', &texts[0]);
	strings_add(&at, NULL);
	dbus_message_iter_append_basic(&at, 's', &texts[1]);
	dbus_message_iter_open_container(&at, 'a', "(sss)", &profiles);
	dbus_message_iter_open_container(&profiles, 'r', NULL, &profile);
	for (int i = 2; i < 5; i++)
		dbus_message_iter_append_basic(&profile, 's', &texts[i]);
	dbus_message_iter_close_container(&profiles, &profile);
	dbus_message_iter_close_container(&at, &profiles);
	strings_add(&at, world->consent);
	dbus_message_iter_open_container(&at, 'a', "(suuuuu)", &profiles);
	dbus_message_iter_close_container(&at, &profiles);
}

/* A key for the one kind that is consented to. */
static void begin_answer(DBusMessage *call, DBusMessage *reply)
{
	static const uint8_t key[KEY_BYTES] = { 1 };
	const char *id = PROFILE;
	const uint8_t *reply_key;
	DBusMessageIter at, bytes;
	uint32_t lasts_s = 60;
	uint8_t *box;
	size_t n;
	int n_key;

	dbus_message_iter_init(call, &at);
	dbus_message_iter_next(&at);
	dbus_message_iter_next(&at);
	dbus_message_iter_recurse(&at, &bytes);
	dbus_message_iter_get_fixed_array(&bytes, &reply_key, &n_key);
	if (box_seal(reply_key, key, sizeof(key), &box, &n) != 0)
		abort();
	dbus_message_append_args(reply, DBUS_TYPE_STRING, &id, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE,
				 &box, (int)n, DBUS_TYPE_UINT32, &lasts_s, DBUS_TYPE_INVALID);
	free(box);
}

static void changed_tell(struct world *world, const char *to)
{
	DBusMessage *signal = dbus_message_new_signal(BUS_PATH, BUS_NAME ".Intake",
						      "PolicyChanged");

	dbus_message_set_destination(signal, to);
	dbus_connection_send(world->connection, signal, NULL);
	dbus_message_unref(signal);
}

static void call_answer(struct world *world, DBusMessage *call)
{
	const char *member = dbus_message_get_member(call);
	DBusMessage *reply = dbus_message_new_method_return(call);
	bool now = world->spoken;

	if (strcmp(member, "Policy") == 0) {
		if (now && world->haste == MUTE_AT_POLICY)
			cubby_ear_mute(world->ear, 1);
		if (now && world->haste == CHANGE_AT_POLICY)
			changed_tell(world, dbus_message_get_sender(call));
		policy_answer(world, reply);
	} else if (strcmp(member, "Begin") == 0) {
		if (world->haste == MUTE_AT_BEGIN)
			cubby_ear_mute(world->ear, 1);
		begin_answer(call, reply);
	} else if (strcmp(member, "Commit") == 0) {
		world->committed++;
	} else if (strcmp(member, "Abort") == 0) {
		world->aborted++;
	} else {
		dbus_message_unref(reply);
		reply = dbus_message_new_error(call, BUS_NAME ".Error.NotFound", "none");
	}
	dbus_connection_send(world->connection, reply, NULL);
	dbus_message_unref(reply);
}

static void *keeper_run(void *context)
{
	struct world *world = context;
	DBusMessage *message;

	while (!world->stop && dbus_connection_read_write(world->connection, 20))
		while ((message = dbus_connection_pop_message(world->connection))) {
			if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_CALL)
				call_answer(world, message);
			dbus_message_unref(message);
		}
	return NULL;
}

static void keeper_start(struct world *world)
{
	assert_int_equal(bus_fixture_start(&world->bus, NULL), 0);
	world->connection = dbus_connection_open_private(world->bus.address, NULL);
	assert_non_null(world->connection);
	assert_true(dbus_bus_register(world->connection, NULL));
	dbus_connection_set_exit_on_disconnect(world->connection, FALSE);
	assert_int_equal(dbus_bus_request_name(world->connection, BUS_NAME, 0, NULL),
			 DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER);
	assert_int_equal(pthread_create(&world->thread, NULL, keeper_run, world), 0);
}

static void statements_make(struct world *world)
{
	struct household household = { .release = { 2 } };
	struct consent consent = { .kind = KIND_TRANSCRIPT, .keep_s = 3600,
				   .time_s = 1700000000 };
	struct sign_keypair *parent;
	struct box_keypair *home;

	assert_int_equal(sign_keypair_new(&parent), 0);
	assert_int_equal(box_keypair_new(&home), 0);
	memcpy(household.home, home->public, sizeof(household.home));
	assert_true(id_parse(PROFILE, &consent.profile));
	memset(consent.policy, 0x11, sizeof(consent.policy));
	assert_int_equal(household_sign(&household, "Ada", 1700000000, parent,
					&world->household), 0);
	assert_int_equal(consent_sign(&consent, parent, &world->consent), 0);
	sign_keypair_free(parent);
	box_keypair_free(home);
}

static void take_event(void *context, struct cubby_ear_session *session,
		       const struct cubby_ear_event *event)
{
	struct world *world = context;

	if (event->type == CUBBY_EAR_SPEECH_END)
		world->spoken = true;
	world->forgotten += event->type == CUBBY_EAR_FORGOTTEN;
	if (event->type != CUBBY_EAR_FINAL)
		return;
	world->finals++;
	world->kept += event->kept != 0;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	const struct cubby_ear_session_config session = {
		.size = sizeof(session), .profile = "Mia", .event = take_event, .context = world,
	};
	const struct cubby_ear_config config = {
		.size = sizeof(config), .bus = world->bus.address,
		.grammar = RECORDINGS "goforward.gram",
	};
	char why[256] = "";

	*state = world;
	assert_true(dbus_threads_init_default());
	assert_int_equal(crypt_init(), 0);
	if (access(config.grammar, R_OK) < 0)
		return 0;
	statements_make(world);
	keeper_start(world);
	if (cubby_ear_new(&config, &world->ear, why, sizeof(why)) != 0 ||
	    cubby_ear_session_new(world->ear, &session, &world->session, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return cubby_ear_dispatch(world->ear);
}

static int teardown(void **state)
{
	struct world *world = *state;

	cubby_ear_free(world->ear);
	if (world->connection) {
		world->stop = true;
		pthread_join(world->thread, NULL);
		dbus_connection_close(world->connection);
		dbus_connection_unref(world->connection);
		bus_fixture_stop(&world->bus);
	}
	free(world->household);
	free(world->consent);
	free(world);
	return 0;
}

/* One utterance, in the course of which this happens. */
static void say(struct world *world, enum haste haste)
{
	struct recording recording = recording_read("goforward.raw");

	world->spoken = false;
	world->haste = haste;
	assert_int_equal(cubby_ear_session_push(world->session, recording.samples,
						recording.frames), recording.frames);
	cubby_ear_session_end_of_utterance(world->session);
	assert_int_equal(cubby_ear_dispatch(world->ear), 0);
	assert_true(world->spoken);
	world->haste = NO_HASTE;
	recording_free(&recording);
}

static void heard_and_kept(struct world *world, unsigned n)
{
	assert_int_equal(world->finals, n);
	assert_int_equal(world->kept, n);
	assert_int_equal(world->committed, n);
}

static void test_r31_muted_while_the_keeper_is_asked(void **state)
{
	struct world *world = *state;

	for (enum haste haste = MUTE_AT_POLICY; haste <= MUTE_AT_BEGIN; haste++) {
		const unsigned n = haste - MUTE_AT_POLICY + 1;

		say(world, NO_HASTE);
		heard_and_kept(world, n);
		say(world, haste);
		heard_and_kept(world, n);
		assert_int_equal(world->forgotten, n);
		assert_int_equal(world->aborted, n);
		cubby_ear_mute(world->ear, 0);
		assert_int_equal(cubby_ear_dispatch(world->ear), 0);
	}
}

/* The consent that is there again looks like the one that was there before. */
static void test_r21_a_consent_that_went_and_came_back_meanwhile(void **state)
{
	struct world *world = *state;

	say(world, NO_HASTE);
	heard_and_kept(world, 1);
	say(world, CHANGE_AT_POLICY);
	assert_int_equal(world->finals, 2);
	assert_int_equal(world->kept, 1);
	assert_int_equal(world->committed, 1);
	say(world, NO_HASTE);
	assert_int_equal(world->kept, 2);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(test_r31_muted_while_the_keeper_is_asked),
		WITH_WORLD(test_r21_a_consent_that_went_and_came_back_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
