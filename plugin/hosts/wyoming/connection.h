/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One client of one listener: what it may ask, and what it is told. */

#include "base/loop.h"
#include "hosts/wyoming/config.h"
#include "hosts/wyoming/hearing.h"

struct connection;

/* What the connections of a listener share, all borrowed. */
struct desk {
	struct loop *loop;
	struct hearing *hearing;
	const struct config *config;
	const struct listener_config *listener;
	unsigned number;		/* of the listener */
	const char *info;		/* the event that answers describe */
	const char *wake_model;
	/* It is over: forget it, and connection_free() it. */
	void (*gone)(void *context, struct connection *connection);
	void *context;
};

/* Takes fd over, also when it fails. */
int connection_new(const struct desk *desk, int fd, struct connection **ret);
struct connection *connection_free(struct connection *connection);
CLEANUP_DEFINE(struct connection *, connection_free)

/* The seats have news: tells the client what concerns it, and reads on. May end in desk->gone. */
void connection_news(struct connection *connection);
/* A second has passed: whoever keeps a place for nothing loses it. May end in desk->gone. */
void connection_tick(struct connection *connection, int64_t now_ms);
