/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper on its bus, as a parent's client meets it. */

#include "bench.h"

#include <unistd.h>

#include "base/file.h"
#include "base/listing.h"
#include "bus/client.h"

static double call_ms(struct bus_client *client, struct message *request)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	const double begin = bench_now_ms();
	struct why why = { "" };

	bench_need(bus_call(client, request, BUS_TIMEOUT_MS, &reply, &why), "call", &why);
	message_free(request);
	return bench_now_ms() - begin;
}

/* A property through the keeper's guard; the echo that libdbus gives of itself, in the same
 * program over the same bus. */
static double guarded(struct bus_client *client)
{
	struct message *request;

	bench_need(bus_request_new(client, NULL, "org.freedesktop.DBus.Properties", "Get",
				   &request), "call", NULL);
	bench_need(message_append(request, "ss", BUS_NAME ".Status", "Version"), "call", NULL);
	return call_ms(client, request);
}

static double echo(struct bus_client *client)
{
	struct message *request;

	bench_need(bus_request_new(client, NULL, "org.freedesktop.DBus.Peer", "Ping", &request),
		   "call", NULL);
	return call_ms(client, request);
}

static struct message *listing(struct bus_client *client, const char *member,
			       const char *cursor, uint32_t limit)
{
	struct message *request;
	int r;

	bench_need(bus_request_new(client, NULL, "Archive", member, &request), "call", NULL);
	r = message_open(request, 'a', "{sv}");
	if (!r)
		r = message_close(request);
	if (!r)
		r = message_open(request, 'a', "{sv}");
	if (!r && *cursor)
		r = message_append_entry(request, "cursor", "s", cursor);
	if (!r && limit)
		r = message_append_entry(request, "limit", "u", limit);
	if (!r)
		r = message_close(request);
	bench_need(r, "call", NULL);
	return request;
}

/* All there is, in memfds, each of them read. */
static double whole(struct bus_client *client, size_t *ret_items)
{
	const double begin = bench_now_ms();
	char cursor[64] = "";

	*ret_items = 0;
	do {
		_cleanup_(message_freep) struct message *request = listing(client, "ListMany",
									   cursor, 0);
		_cleanup_(message_freep) struct message *reply = NULL;
		_cleanup_(cleanup_close) int fd = -1;
		_cleanup_(cleanup_free) uint8_t *bytes = NULL;
		struct why why = { "" };
		struct listing_item item;
		const char *next;
		size_t n, at = 0;

		bench_need(bus_call(client, request, BUS_TIMEOUT_MS, &reply, &why), "list", &why);
		bench_need(message_read(reply, "hs", &fd, &next), "list", NULL);
		bench_need(file_memfd_sealed(fd, &n) ? 0 : -EINVAL, "list", NULL);
		bytes = malloc(n + 1);
		bench_need(bytes ? file_pread(fd, bytes, n, 0) : -ENOMEM, "list", NULL);
		for (; at < n; ++*ret_items)
			bench_need(listing_next(bytes, n, &at, &item), "list", NULL);
		snprintf(cursor, sizeof(cursor), "%s", next);
	} while (*cursor);
	return bench_now_ms() - begin;
}

/* bus ADDRESS N: round trips in turn, and pages of 100. */
int bench_bus(int argc, char **argv)
{
	const int n = argc > 1 ? atoi(argv[1]) : 0;
	double *call = calloc((size_t)n, sizeof(double)), *ping = calloc((size_t)n, sizeof(double));
	double *page = calloc((size_t)n, sizeof(double)), all[5];
	struct bus_client *client = NULL;
	struct why why = { "" };
	size_t items = 0;

	if (argc < 2)
		return 2;
	bench_need(bus_client_open(argv[0], &client, &why), "bus", &why);
	/* The keeper takes 200 calls a second of one caller. */
	for (int i = 0; i < n; i++) {
		call[i] = guarded(client);
		ping[i] = echo(client);
		usleep(10000);
	}
	/* Listing is logged and rationed; a page is asked for as a person would, not in a rush. */
	for (int i = 0; i < n / 20 + 1; i++) {
		page[i] = call_ms(client, listing(client, "List", "", 100));
		usleep(200000);
	}
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i] = whole(client, &items);
	printf("{");
	bench_print("call_ms", call, (size_t)n);
	printf(", ");
	bench_print("ping_ms", ping, (size_t)n);
	printf(", ");
	bench_print("page_ms", page, (size_t)(n / 20 + 1));
	printf(", ");
	bench_print("whole_ms", all, ARRAY_SIZE(all));
	printf(", \"items\": %zu}\n", items);
	bus_client_free(client);
	return 0;
}
