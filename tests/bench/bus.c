/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper on its bus, as a parent's client meets it. */

#include "bench.h"

#include <unistd.h>

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

static double first_page(struct bus_client *client)
{
	struct message *request;
	int r;

	bench_need(bus_request_new(client, NULL, "Archive", "List", &request), "call", NULL);
	r = message_open(request, 'a', "{sv}");
	if (!r)
		r = message_close(request);
	if (!r)
		r = message_open(request, 'a', "{sv}");
	if (!r)
		r = message_open(request, 'e', "sv");
	if (!r)
		r = message_append(request, "s", "limit");
	if (!r)
		r = message_open(request, 'v', "u");
	if (!r)
		r = message_append(request, "u", (uint32_t)100);
	for (int i = 0; !r && i < 3; i++)
		r = message_close(request);
	bench_need(r, "call", NULL);
	return call_ms(client, request);
}

/* bus ADDRESS N: round trips in turn, and pages of 100. */
int bench_bus(int argc, char **argv)
{
	const int n = argc > 1 ? atoi(argv[1]) : 0;
	double *call = calloc((size_t)n, sizeof(double)), *ping = calloc((size_t)n, sizeof(double));
	double *page = calloc((size_t)n, sizeof(double));
	struct bus_client *client = NULL;
	struct why why = { "" };

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
		page[i] = first_page(client);
		usleep(50000);
	}
	printf("{");
	bench_print("call_ms", call, (size_t)n);
	printf(", ");
	bench_print("ping_ms", ping, (size_t)n);
	printf(", ");
	bench_print("page_ms", page, (size_t)(n / 20 + 1));
	printf("}\n");
	bus_client_free(client);
	return 0;
}
