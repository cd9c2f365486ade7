/* SPDX-License-Identifier: Apache-2.0 */
/* What the server answers itself: properties, introspection, the object manager; and signals. */

#include "world.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define MANAGER "org.freedesktop.DBus.ObjectManager"
#define THING BUS_NAME ".Thing"

static struct world world;

static int start(void **state)
{
	world_start(&world, 0, 0);
	return 0;
}

static int stop(void **state)
{
	world_stop(&world, 0);
	return 0;
}

static int get(struct bus_client *client, const char *path, const char *interface, const char *name)
{
	return any_call(client, path, PROPERTIES, "Get", "ss", interface, name);
}

static void test_get_is_guarded(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *other = world_client(&world, OTHER_GID);
	_cleanup_(bus_client_freep) struct bus_client *parent = world_client(&world, PARENTS_GID);
	uint32_t value;

	assert_int_equal(get(other, NULL, TOY, "Public"), 0);
	assert_int_equal(get(other, NULL, TOY, "Private"), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(get(other, NULL, TOY, "Proved"), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(get(parent, NULL, TOY, "Private"), 0);
	assert_int_equal(message_enter(toy_reply(), 'v', "u"), 0);
	assert_int_equal(message_read(toy_reply(), "u", &value), 0);
	assert_int_equal(value, 42);
	assert_int_equal(get(parent, NULL, TOY, "Proved"), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(toy_call(parent, "Prove", ""), 0);
	assert_int_equal(get(parent, NULL, TOY, "Proved"), 0);
	assert_int_equal(get(parent, NULL, TOY, "Nothing"), ANSWER_FAILED);
	assert_int_equal(get(parent, BUS_PATH "/nowhere", TOY, "Public"), ANSWER_NOT_FOUND);
	assert_int_equal(get(parent, BUS_PATH "/thing/one", THING, "Name"), 0);
	assert_int_equal(get(parent, NULL, THING, "Name"), ANSWER_NOT_FOUND);
}

/* The names in the a{sv} of the last reply, in one string. */
static const char *names(void)
{
	static char text[256];
	const char *name;

	text[0] = '\0';
	assert_int_equal(message_enter(toy_reply(), 'a', "{sv}"), 0);
	while (message_more(toy_reply())) {
		assert_int_equal(message_enter(toy_reply(), 'e', "sv"), 0);
		assert_int_equal(message_read(toy_reply(), "s", &name), 0);
		strcat(text, name);
		strcat(text, " ");
		assert_int_equal(message_leave(toy_reply()), 0);
	}
	return text;
}

static int get_all(struct bus_client *client, const char *path, const char *interface)
{
	return any_call(client, path, PROPERTIES, "GetAll", "s", interface);
}

static void test_get_all_is_no_way_around_get(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *other = world_client(&world, OTHER_GID);
	_cleanup_(bus_client_freep) struct bus_client *parent = world_client(&world, PARENTS_GID);

	assert_int_equal(get_all(other, NULL, TOY), 0);
	assert_string_equal(names(), "Public ");
	assert_int_equal(get_all(other, NULL, ""), 0);
	assert_string_equal(names(), "Public ");
	assert_int_equal(get_all(parent, NULL, TOY), 0);
	assert_string_equal(names(), "Public Private ");
	assert_int_equal(toy_call(parent, "Prove", ""), 0);
	assert_int_equal(get_all(parent, NULL, TOY), 0);
	assert_string_equal(names(), "Public Private Proved ");
	assert_int_equal(get_all(other, BUS_PATH "/thing/one", THING), ANSWER_NOT_AUTHORIZED);
	/* Whether the object is there makes no difference to who may not know. */
	assert_int_equal(get_all(other, BUS_PATH "/thing/two", THING), ANSWER_NOT_AUTHORIZED);
	assert_int_equal(get_all(other, BUS_PATH "/thing/one", ""), ANSWER_NOT_FOUND);
	assert_int_equal(get_all(parent, BUS_PATH "/thing/one", THING), 0);
	assert_string_equal(names(), "Name ");
	assert_int_equal(get_all(parent, NULL, PROPERTIES), 0);
	assert_string_equal(names(), "");
	assert_int_equal(get_all(parent, NULL, "a.b"), ANSWER_NOT_FOUND);
}

static void test_nothing_is_set(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);
	_cleanup_(message_freep) struct message *request = NULL, *reply = NULL;

	assert_int_equal(bus_request_new(client, NULL, PROPERTIES, "Set", &request), 0);
	assert_int_equal(message_append(request, "ss", TOY, "Public"), 0);
	assert_int_equal(message_open(request, 'v', "s"), 0);
	assert_int_equal(message_append(request, "s", "mine"), 0);
	assert_int_equal(message_close(request), 0);
	assert_int_equal(bus_call(client, request, 10000, &reply, toy_why()),
			 ANSWER_NOT_AUTHORIZED);
}

/* The introspection of a path, or NULL. */
static const char *introspect(struct bus_client *client, const char *path)
{
	const char *text;
	FILE *check;
	int r;

	r = any_call(client, path, "org.freedesktop.DBus.Introspectable", "Introspect", "");
	if (r == ANSWER_NOT_FOUND)
		return NULL;
	assert_int_equal(r, 0);
	assert_int_equal(message_read(toy_reply(), "s", &text), 0);
	check = popen("xmllint --noout --nonet -", "w");
	assert_non_null(check);
	fputs(text, check);
	assert_int_equal(pclose(check), 0);
	return text;
}

static void test_introspection_leads_down_the_tree(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *parent = world_client(&world, PARENTS_GID);

	assert_non_null(strstr(introspect(parent, "/"), "<node name=\"org\"/>"));
	assert_non_null(strstr(introspect(parent, "/org"), "<node name=\"cubby\"/>"));
	assert_non_null(strstr(introspect(parent, "/org/cubby"), "<node name=\"Cubby1\"/>"));
	assert_non_null(strstr(introspect(parent, BUS_PATH), "<node name=\"thing\"/>"));
	assert_non_null(strstr(introspect(parent, BUS_PATH), "name=\"" TOY "\""));
	assert_non_null(strstr(introspect(parent, BUS_PATH), MANAGER));
	assert_non_null(strstr(introspect(parent, BUS_PATH "/thing"), "<node name=\"one\"/>"));
	assert_null(strstr(introspect(parent, BUS_PATH "/thing/one"), MANAGER));
	assert_null(introspect(parent, "/or"));
	assert_null(introspect(parent, "/org/cubby/Cubby"));
	assert_null(introspect(parent, "/org/cubby/Cubby11"));
	assert_null(introspect(parent, BUS_PATH "/nowhere"));
}

static void test_introspection_shows_strangers_no_object(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *other = world_client(&world, OTHER_GID);

	assert_non_null(strstr(introspect(other, BUS_PATH), "name=\"" TOY "\""));
	assert_null(strstr(introspect(other, BUS_PATH), "<node name=\"thing\""));
	assert_null(introspect(other, BUS_PATH "/thing"));
	assert_null(introspect(other, BUS_PATH "/thing/one"));
}

static void test_managed_objects_are_for_parents(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *other = world_client(&world, OTHER_GID);
	_cleanup_(bus_client_freep) struct bus_client *ear = world_client(&world, EAR_GID);
	_cleanup_(bus_client_freep) struct bus_client *parent = world_client(&world, PARENTS_GID);
	const char *path, *interface;

	assert_int_equal(any_call(other, NULL, MANAGER, "GetManagedObjects", ""),
			 ANSWER_NOT_AUTHORIZED);
	assert_int_equal(any_call(ear, NULL, MANAGER, "GetManagedObjects", ""),
			 ANSWER_NOT_AUTHORIZED);
	assert_int_equal(any_call(parent, "/", MANAGER, "GetManagedObjects", ""), ANSWER_NOT_FOUND);
	assert_int_equal(any_call(parent, NULL, MANAGER, "GetManagedObjects", ""), 0);
	assert_int_equal(message_enter(toy_reply(), 'a', "{oa{sa{sv}}}"), 0);
	assert_int_equal(message_enter(toy_reply(), 'e', "oa{sa{sv}}"), 0);
	assert_int_equal(message_read(toy_reply(), "o", &path), 0);
	assert_string_equal(path, BUS_PATH "/thing/one");
	assert_int_equal(message_enter(toy_reply(), 'a', "{sa{sv}}"), 0);
	assert_int_equal(message_enter(toy_reply(), 'e', "sa{sv}"), 0);
	assert_int_equal(message_read(toy_reply(), "s", &interface), 0);
	assert_string_equal(interface, THING);
	assert_string_equal(names(), "Name ");
}

struct heard {
	unsigned n;
	char member[64];
	char path[128];
};

static void hear(void *context, const char *path, const char *interface, const char *member,
		 struct message *arguments)
{
	struct heard *heard = context;
	const char *text;

	heard->n++;
	snprintf(heard->member, sizeof(heard->member), "%s", member);
	snprintf(heard->path, sizeof(heard->path), "%s", path);
	if (strcmp(member, "Told") == 0) {
		assert_int_equal(message_read(arguments, "s", &text), 0);
		assert_string_equal(text, "told");
	} else {
		assert_int_equal(message_read(arguments, "o", &text), 0);
		assert_string_equal(text, BUS_PATH "/thing/new");
	}
}

static void hear_for(struct bus_client *client, int ms)
{
	for (int i = 0; i < ms / 20; i++)
		assert_int_equal(bus_client_poll(client, 20), 0);
}

static void test_signals_reach_only_whom_they_are_for(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *other = world_client(&world, OTHER_GID);
	_cleanup_(bus_client_freep) struct bus_client *parent = world_client(&world, PARENTS_GID);
	struct heard by_other = { 0 }, by_parent = { 0 };

	bus_client_on_signal(other, hear, &by_other);
	bus_client_on_signal(parent, hear, &by_parent);
	/* Whoever has not called yet is not known, and is told nothing. */
	assert_int_equal(toy_call(other, "Tell", ""), 0);
	hear_for(parent, 100);
	assert_int_equal(by_parent.n, 0);
	assert_int_equal(toy_call(parent, "Who", ""), 0);
	assert_int_equal(toy_call(other, "Tell", ""), 0);
	hear_for(parent, 200);
	hear_for(other, 100);
	assert_int_equal(by_parent.n, 1);
	assert_string_equal(by_parent.member, "Told");
	assert_int_equal(by_other.n, 0);
}

static void test_objects_come_and_go_before_parents_only(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *other = world_client(&world, OTHER_GID);
	_cleanup_(bus_client_freep) struct bus_client *parent = world_client(&world, PARENTS_GID);
	struct heard by_other = { 0 }, by_parent = { 0 };

	bus_client_on_signal(other, hear, &by_other);
	bus_client_on_signal(parent, hear, &by_parent);
	assert_int_equal(toy_call(parent, "Who", ""), 0);
	assert_int_equal(toy_call(other, "Thing", "b", true), 0);
	hear_for(parent, 200);
	assert_int_equal(by_parent.n, 1);
	assert_string_equal(by_parent.member, "InterfacesAdded");
	assert_string_equal(by_parent.path, BUS_PATH);
	assert_int_equal(toy_call(other, "Thing", "b", false), 0);
	hear_for(parent, 200);
	hear_for(other, 100);
	assert_int_equal(by_parent.n, 2);
	assert_string_equal(by_parent.member, "InterfacesRemoved");
	assert_int_equal(by_other.n, 0);
}

/* Somebody else on the bus sends a signal that looks like the keeper's. */
static void test_forged_signals_are_not_heard(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);
	char command[1024];
	struct heard heard = { 0 };

	bus_client_on_signal(client, hear, &heard);
	assert_int_equal(toy_call(client, "Who", ""), 0);
	snprintf(command, sizeof(command),
		 "dbus-send --bus='%s' --type=signal --dest=%s %s %s.Told string:forged",
		 world.bus.address, bus_client_name(client), BUS_PATH, TOY);
	assert_int_equal(system(command), 0);
	hear_for(client, 200);
	assert_int_equal(heard.n, 0);
}

static void test_peer_answers(void **state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = world_self(&world);

	assert_int_equal(any_call(client, NULL, "org.freedesktop.DBus.Peer", "Ping", ""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get_is_guarded),
		cmocka_unit_test(test_get_all_is_no_way_around_get),
		cmocka_unit_test(test_nothing_is_set),
		cmocka_unit_test(test_introspection_leads_down_the_tree),
		cmocka_unit_test(test_introspection_shows_strangers_no_object),
		cmocka_unit_test(test_managed_objects_are_for_parents),
		cmocka_unit_test(test_signals_reach_only_whom_they_are_for),
		cmocka_unit_test(test_objects_come_and_go_before_parents_only),
		cmocka_unit_test(test_forged_signals_are_not_heard),
		cmocka_unit_test(test_peer_answers),
	};

	return cmocka_run_group_tests_name("object", tests, start, stop);
}
