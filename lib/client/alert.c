/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts as they come. Who only waits opens nothing and needs no proof. */

#include <string.h>

#include "client/reply.h"

/* A keeper that was started anew does not know who waits; it is asked something this often. */
#define KNOWN_AGAIN_MS 20000

static void alert_take(void *context, const char *path, const char *interface, const char *member,
		       struct message *arguments)
{
	struct cubby *cubby = context;
	const char *kind, *text;
	_cleanup_(cleanup_free) char *both = NULL;

	if (strcmp(interface, BUS_NAME ".Status") != 0 || strcmp(member, "Alert") != 0 ||
	    message_read(arguments, "ss", &kind, &text) != 0 || strchr(kind, '\n'))
		return;
	/* One that there is no memory for is in the status all the same. */
	if (asprintf(&both, "%s\n%s", kind, text) >= 0)
		array_add_text(&cubby->alerts, both);
}

static int alert_give(struct cubby *cubby, char **ret_kind, char **ret_text)
{
	_cleanup_(cleanup_free) char *both = cubby->alerts.all[0];
	char *end = strchr(both, '\n');

	memmove(cubby->alerts.all, cubby->alerts.all + 1,
		cubby->alerts.n-- * sizeof(*cubby->alerts.all));
	*end = '\0';
	*ret_text = strdup(end + 1);
	*ret_kind = *ret_text ? take(both) : NULL;
	return *ret_kind ? 0 : fault_origin(-ENOMEM);
}

static int alert_wait(struct cubby *cubby, int timeout_ms, char **ret_kind, char **ret_text)
{
	const int64_t until_ms = clock_boot_ms(&clock_system) + timeout_ms;
	int r = 0;

	while (cubby->alerts.n == 0) {
		const int64_t left_ms = until_ms - clock_boot_ms(&clock_system);
		const int64_t slice_end_ms = clock_boot_ms(&clock_system) + KNOWN_AGAIN_MS;
		_cleanup_(message_freep) struct message *reply = NULL;

		if (timeout_ms > 0 && left_ms <= 0)
			return answer_why(&cubby->why, ANSWER_TIMEOUT, "no alert came in time");
		r = cubby_connect(cubby);
		if (r == 0)
			bus_client_on_signal(cubby->bus, alert_take, cubby);
		if (r == 0)
			r = reply_get(cubby, "Status", "Describe", &reply, "");
		while (r == 0 && cubby->alerts.n == 0 &&
		       clock_boot_ms(&clock_system) < slice_end_ms &&
		       (timeout_ms == 0 || clock_boot_ms(&clock_system) < until_ms))
			r = bus_client_poll(cubby->bus, 500);
		if (r != 0)
			return fault_trace(r);
	}
	return fault_trace(alert_give(cubby, ret_kind, ret_text));
}

int cubby_alert_wait(struct cubby *cubby, int timeout_ms, char **ret_kind, char **ret_text)
{
	session_begin(cubby);
	return session_end(cubby, alert_wait(cubby, timeout_ms, ret_kind, ret_text));
}
