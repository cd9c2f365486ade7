/* SPDX-License-Identifier: Apache-2.0 */
/* org.freedesktop.DBus.Introspectable: the interfaces as the XML in schemas/dbus describes them.
 * The descriptions are public; which objects exist is shown only to those who may use them. */

#include <stdio.h>
#include <string.h>
#include "bus/server_private.h"

static const char header[] =
	DBUS_INTROSPECT_1_0_XML_DOCTYPE_DECL_NODE "<node>\n";

static const char bus_interfaces[] =
	"  <interface name=\"org.freedesktop.DBus.Introspectable\">\n"
	"    <method name=\"Introspect\">\n"
	"      <arg name=\"xml\" type=\"s\" direction=\"out\"/>\n"
	"    </method>\n"
	"  </interface>\n"
	"  <interface name=\"org.freedesktop.DBus.Peer\">\n"
	"    <method name=\"Ping\"/>\n"
	"    <method name=\"GetMachineId\">\n"
	"      <arg name=\"machine\" type=\"s\" direction=\"out\"/>\n"
	"    </method>\n"
	"  </interface>\n";

static const char properties_interface[] =
	"  <interface name=\"org.freedesktop.DBus.Properties\">\n"
	"    <method name=\"Get\">\n"
	"      <arg name=\"interface\" type=\"s\" direction=\"in\"/>\n"
	"      <arg name=\"property\" type=\"s\" direction=\"in\"/>\n"
	"      <arg name=\"value\" type=\"v\" direction=\"out\"/>\n"
	"    </method>\n"
	"    <method name=\"GetAll\">\n"
	"      <arg name=\"interface\" type=\"s\" direction=\"in\"/>\n"
	"      <arg name=\"properties\" type=\"a{sv}\" direction=\"out\"/>\n"
	"    </method>\n"
	"    <method name=\"Set\">\n"
	"      <arg name=\"interface\" type=\"s\" direction=\"in\"/>\n"
	"      <arg name=\"property\" type=\"s\" direction=\"in\"/>\n"
	"      <arg name=\"value\" type=\"v\" direction=\"in\"/>\n"
	"    </method>\n"
	"  </interface>\n";

static const char manager_interface[] =
	"  <interface name=\"org.freedesktop.DBus.ObjectManager\">\n"
	"    <method name=\"GetManagedObjects\">\n"
	"      <arg name=\"objects\" type=\"a{oa{sa{sv}}}\" direction=\"out\"/>\n"
	"      <annotation name=\"org.cubby.Access\" value=\"parent\"/>\n"
	"    </method>\n"
	"    <signal name=\"InterfacesAdded\">\n"
	"      <arg name=\"object\" type=\"o\"/>\n"
	"      <arg name=\"interfaces\" type=\"a{sa{sv}}\"/>\n"
	"    </signal>\n"
	"    <signal name=\"InterfacesRemoved\">\n"
	"      <arg name=\"object\" type=\"o\"/>\n"
	"      <arg name=\"interfaces\" type=\"as\"/>\n"
	"    </signal>\n"
	"  </interface>\n";

static void interfaces_write(struct call *call, const char *const *interfaces, FILE *text)
{
	fputs(properties_interface, text);
	if (strcmp(call_path(call), BUS_PATH) == 0)
		fputs(manager_interface, text);
	for (size_t i = 0; interfaces[i]; i++) {
		const char *description = call->server->config.table->introspect(interfaces[i]);

		if (description)
			fputs(description, text);
	}
}

/* The next step from an ancestor of BUS_PATH down to it. False: `path` is none. */
static bool ancestor_write(const char *path, FILE *text)
{
	size_t n = strcmp(path, "/") == 0 ? 0 : strlen(path);
	const char *step = BUS_PATH + n + 1;

	if (n >= strlen(BUS_PATH) || strncmp(path, BUS_PATH, n) != 0 || BUS_PATH[n] != '/')
		return false;
	fprintf(text, "  <node name=\"%.*s\"/>\n", (int)strcspn(step, "/"), step);
	return true;
}

/* Only what this caller sees: the service names its children to everybody alike. */
static bool children_write(struct call *call, FILE *text)
{
	_cleanup_(cleanup_free) const char **children =
		object_children(call->server, call->peer, call_path(call));
	char below[OBJECT_PATH_BYTES];
	bool found = false;

	for (size_t i = 0; children && children[i]; i++) {
		if (!object_below(call_path(call), children[i], below) ||
		    !object_leads_somewhere(call->server, call->peer, below, 1))
			continue;
		fprintf(text, "  <node name=\"%s\"/>\n", children[i]);
		found = true;
	}
	return found;
}

/* *ret_found false: nothing there for this caller. */
static int text_make(struct call *call, char **ret_text, bool *ret_found)
{
	_cleanup_(cleanup_free) char *bytes = NULL;
	const char *const *interfaces;
	size_t n = 0;
	FILE *text = open_memstream(&bytes, &n);
	bool found;

	if (!text)
		return fault_origin(-ENOMEM);
	fputs(header, text);
	fputs(bus_interfaces, text);
	interfaces = object_seen(call->server, call->peer, call_path(call));
	if (interfaces)
		interfaces_write(call, interfaces, text);
	found = ancestor_write(call_path(call), text) || children_write(call, text) || interfaces;
	fputs("</node>\n", text);
	/* A write that failed before shows in the flag, not in what fclose() returns. */
	if (ferror(text) | fclose(text))
		return fault_origin(-ENOMEM);
	*ret_found = found;
	*ret_text = take(bytes);
	return 0;
}

int introspect_answer(struct call *call, void *service)
{
	_cleanup_(cleanup_free) char *text = NULL;
	bool found = false;
	int r;

	r = text_make(call, &text, &found);
	if (r < 0)
		return fault_trace(r);
	if (!found)
		return call_refuse(call, DBUS_ERROR_UNKNOWN_OBJECT, "there is no object at %s",
				   call_path(call));
	r = message_append(call_reply(call), "s", text);
	return r < 0 ? fault_trace(r) : 0;
}
