/* SPDX-License-Identifier: Apache-2.0 */
/* A host that links nothing of Cubby: it loads the library, finds one symbol, and hears by it. Also
 * what a library must not do to the process it is loaded into. */

#include "../test.h"

#include <dbus/dbus.h>
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <cubby/ear.h>
#include "support/bus_fixture.h"

#define RECORDINGS "/usr/share/pocketsphinx/test/data/"

struct told {
	unsigned finals, forgotten, mutes;
	bool muted;
	char text[128];
	const struct cubby_ear_entry *entry;
	struct cubby_ear *ear;
	enum cubby_ear_event_type mute_at;	/* 0: never */
	unsigned after_mute;			/* words since then, and signs of them */
};

static _Atomic int64_t clock_ms = 1000;

static int64_t now(void *context)
{
	return clock_ms;
}

static void take_event(void *context, struct cubby_ear_session *session,
		       const struct cubby_ear_event *event)
{
	struct told *told = context;

	if (told->mute_at && event->type == told->mute_at)
		told->entry->mute(told->ear, 1);
	else if (event->type != CUBBY_EAR_MUTED && event->type != CUBBY_EAR_KEEPING)
		told->after_mute++;
	switch (event->type) {
	case CUBBY_EAR_FINAL:
		told->finals++;
		snprintf(told->text, sizeof(told->text), "%s", event->text);
		break;
	case CUBBY_EAR_FORGOTTEN:
		told->forgotten++;
		break;
	case CUBBY_EAR_MUTED:
		told->mutes++;
		told->muted = event->muted;
		break;
	default:
		break;
	}
}

struct host {
	void *library;
	const struct cubby_ear_entry *entry;
	struct cubby_ear *ear;
	struct cubby_ear_session *session;
	struct told told;
	int16_t *samples;
	size_t n;
};

static void words_read(struct host *host)
{
	FILE *file = fopen(RECORDINGS "goforward.raw", "rb");

	if (!file)
		skip();
	host->samples = calloc(16000 * 5, sizeof(*host->samples));
	host->n = fread(host->samples, sizeof(*host->samples), 16000 * 4, file);
	/* A second of silence behind it ends it. */
	host->n += 16000;
	fclose(file);
}

static void host_open_at(struct host *host, const char *bus)
{
	const struct cubby_ear_services services = { .size = sizeof(services), .now_ms = now };
	const struct cubby_ear_config config = {
		.size = sizeof(config), .bus = bus, .services = &services,
		.grammar = RECORDINGS "goforward.gram",
	};
	const struct cubby_ear_session_config session = {
		.size = sizeof(session), .event = take_event, .context = &host->told,
		.profile = "Mia",
	};
	char why[256] = "";

	*host = (struct host) { 0 };
	words_read(host);
	host->library = dlopen(getenv("CUBBY_EAR_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
	if (!host->library)
		fail_msg("%s", dlerror());
	host->entry = dlsym(host->library, "cubby_ear_entry");
	assert_non_null(host->entry);
	assert_true(host->entry->size >= sizeof(*host->entry));
	if (host->entry->ear_new(&config, &host->ear, why, sizeof(why)) != 0 ||
	    host->entry->session_new(host->ear, &session, &host->session, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	host->told.entry = host->entry;
	host->told.ear = host->ear;
	host->entry->dispatch(host->ear);
}

static void host_open(struct host *host)
{
	host_open_at(host, "unix:path=/nowhere/bus");
}

static void host_close(struct host *host)
{
	host->entry->ear_free(host->ear);
	dlclose(host->library);
	free(host->samples);
}

static void say(struct host *host, size_t n)
{
	assert_int_equal(host->entry->session_push(host->session, host->samples, n), n);
	host->entry->dispatch(host->ear);
}

static void test_a_loaded_ear_hears(void **state)
{
	struct host host;
	char why[256] = "";

	host_open(&host);
	assert_true(host.entry->version[0] != '\0');
	say(&host, host.n);
	assert_int_equal(host.told.finals, 1);
	assert_string_equal(host.told.text, "go forward ten meters");
	assert_int_equal(host.entry->audio_may_leave_device(host.session, why, sizeof(why)), 0);
	assert_int_equal(host.entry->may_be_exported(host.session, why, sizeof(why)), 0);
	say(&host, 20000);
	host.entry->session_end_of_utterance(host.session);
	host.entry->dispatch(host.ear);
	assert_int_equal(host.told.finals, 2);
	say(&host, 20000);
	host.entry->session_cancel(host.session);
	host.entry->session_end_of_utterance(host.session);
	host.entry->dispatch(host.ear);
	assert_int_equal(host.told.finals, 2);
	host.entry->session_close(host.session);
	host_close(&host);
}

static void test_r31_mute_is_obeyed_at_once(void **state)
{
	struct pollfd fd;
	struct host host;

	host_open(&host);
	fd = (struct pollfd) { .fd = host.entry->fd(host.ear), .events = POLLIN };
	/* In the middle of an utterance, whose second half comes after. */
	say(&host, 20000);
	host.entry->mute(host.ear, 1);
	assert_int_equal(poll(&fd, 1, 0), 1);
	say(&host, host.n);
	host.entry->session_end_of_utterance(host.session);
	host.entry->dispatch(host.ear);
	assert_true(host.told.muted);
	assert_int_equal(host.told.finals, 0);
	/* Nothing that was said before or meanwhile comes out later. */
	host.entry->mute(host.ear, 0);
	host.entry->session_end_of_utterance(host.session);
	host.entry->dispatch(host.ear);
	assert_false(host.told.muted);
	assert_int_equal(host.told.mutes, 2);
	assert_int_equal(host.told.finals, 0);
	say(&host, host.n);
	assert_int_equal(host.told.finals, 1);
	assert_string_equal(host.told.text, "go forward ten meters");
	host_close(&host);
}

static void test_r31_a_short_mute_drops_what_was_said_too(void **state)
{
	struct host host;

	host_open(&host);
	assert_int_equal(host.entry->session_push(host.session, host.samples, host.n), host.n);
	host.entry->mute(host.ear, 1);
	host.entry->mute(host.ear, 0);
	host.entry->dispatch(host.ear);
	assert_int_equal(host.told.finals, 0);
	assert_int_equal(host.told.mutes, 2);
	host_close(&host);
}

/* From the first word on nothing more is said of it, not even that it ended. */
static void test_r31_muted_while_somebody_speaks(void **state)
{
	struct host host;

	host_open(&host);
	host.told.mute_at = CUBBY_EAR_SPEECH_START;
	host.told.after_mute = 0;
	say(&host, host.n);
	assert_int_equal(host.told.after_mute, 0);
	host.entry->dispatch(host.ear);
	assert_int_equal(host.told.after_mute, 0);
	assert_true(host.told.muted);
	host_close(&host);
}

/* Between the last word and its recognition. */
static void test_r31_muted_while_it_is_being_recognised(void **state)
{
	struct host host;

	host_open(&host);
	host.told.mute_at = CUBBY_EAR_SPEECH_END;
	say(&host, host.n);
	host.entry->dispatch(host.ear);
	assert_int_equal(host.told.finals, 0);
	assert_int_equal(host.told.forgotten, 1);
	assert_true(host.told.muted);
	host_close(&host);
}

static void test_r31_muted_sound_is_not_let_in(void **state)
{
	static const int16_t second[16000];
	struct host host;

	host_open(&host);
	host.entry->mute(host.ear, 1);
	/* More than there would be room for. */
	for (int i = 0; i < 60; i++)
		assert_int_equal(host.entry->session_push(host.session, second, 16000), 16000);
	host_close(&host);
}

static void test_an_abandoned_utterance_is_wiped(void **state)
{
	struct host host;

	host_open(&host);
	assert_int_equal(host.entry->timeout_ms(host.ear), -1);
	say(&host, 25000);
	assert_int_equal(host.entry->timeout_ms(host.ear), CUBBY_EAR_ABANDONED_MS);
	clock_ms += CUBBY_EAR_ABANDONED_MS - 1;
	host.entry->dispatch(host.ear);
	assert_int_equal(host.entry->timeout_ms(host.ear), 1);
	assert_int_equal(host.told.forgotten, 0);
	clock_ms += 1;
	assert_int_equal(host.entry->timeout_ms(host.ear), 0);
	host.entry->dispatch(host.ear);
	assert_int_equal(host.told.forgotten, 1);
	assert_int_equal(host.entry->timeout_ms(host.ear), -1);
	host.entry->session_end_of_utterance(host.session);
	host.entry->dispatch(host.ear);
	assert_int_equal(host.told.finals, 0);
	host_close(&host);
}

static void test_signals_of_the_host_are_left_alone(void **state)
{
	struct sigaction before[NSIG] = { 0 }, after;
	sigset_t mask, mask_after;
	struct host host;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, NULL, &before[i]);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	host_open(&host);
	say(&host, host.n);
	host_close(&host);
	sigprocmask(SIG_SETMASK, NULL, &mask_after);
	for (int i = 1; i < NSIG; i++) {
		assert_int_equal(sigismember(&mask, i), sigismember(&mask_after, i));
		if (sigaction(i, NULL, &after) == 0)
			assert_ptr_equal(after.sa_handler, before[i].sa_handler);
	}
}

static unsigned names(DBusConnection *connection)
{
	DBusMessage *call = dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
							 DBUS_INTERFACE_DBUS, "ListNames");
	DBusMessage *reply = dbus_connection_send_with_reply_and_block(connection, call, 5000,
								       NULL);
	char **list = NULL;
	int n = 0;

	assert_non_null(reply);
	assert_true(dbus_message_get_args(reply, NULL, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, &list,
					  &n, DBUS_TYPE_INVALID));
	dbus_free_string_array(list);
	dbus_message_unref(reply);
	dbus_message_unref(call);
	return (unsigned)n;
}

/* The host's own connection to the same bus is not the ear's, and its end not the process's. */
static void test_the_bus_connection_is_private_and_its_loss_survived(void **state)
{
	struct bus_fixture bus;
	DBusConnection *shared;
	struct host host;
	unsigned before;

	assert_int_equal(bus_fixture_start(&bus, NULL), 0);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address, 1);
	shared = dbus_bus_get(DBUS_BUS_SYSTEM, NULL);
	assert_non_null(shared);
	dbus_connection_set_exit_on_disconnect(shared, FALSE);
	before = names(shared);
	host_open_at(&host, NULL);
	say(&host, host.n);
	assert_int_equal(host.told.finals, 1);
	assert_int_equal(names(shared), before + 1);
	bus_fixture_stop(&bus);
	for (unsigned i = 2; i < 4; i++) {
		say(&host, host.n);
		assert_int_equal(host.told.finals, i);
	}
	host_close(&host);
	dbus_connection_unref(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_loaded_ear_hears),
		cmocka_unit_test(test_r31_mute_is_obeyed_at_once),
		cmocka_unit_test(test_r31_a_short_mute_drops_what_was_said_too),
		cmocka_unit_test(test_r31_muted_while_somebody_speaks),
		cmocka_unit_test(test_r31_muted_while_it_is_being_recognised),
		cmocka_unit_test(test_r31_muted_sound_is_not_let_in),
		cmocka_unit_test(test_an_abandoned_utterance_is_wiped),
		cmocka_unit_test(test_signals_of_the_host_are_left_alone),
		cmocka_unit_test(test_the_bus_connection_is_private_and_its_loss_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
