/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The listeners and who is connected to them. */

#include "base/cleanup.h"
#include "base/loop.h"
#include "hosts/wyoming/config.h"
#include "hosts/wyoming/hearing.h"

struct server;

/* Binds and listens everywhere the configuration says; all borrowed. ANSWER_FAILED: an address
 * cannot be had; why names it and the remedy. */
int server_new(struct loop *loop, struct hearing *hearing, const struct config *config,
	       struct server **ret, struct why *why);
struct server *server_free(struct server *server);
CLEANUP_DEFINE(struct server *, server_free)
