/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The keeper, put together: everything that lives from its start to its end, and the order in
 * which it comes up. The service (service/) speaks for it on the bus. */

#include "age.h"
#include "archive.h"
#include "base/clock.h"
#include "base/loop.h"
#include "bus/server.h"
#include "config.h"
#include "crypt/device.h"
#include "draft.h"
#include "drill.h"
#include "erasure.h"
#include "ground.h"
#include "intake.h"
#include "leap.h"
#include "log.h"
#include "parent.h"
#include "policy.h"
#include "sandbox.h"
#include "state.h"

#define KEEPER_VERSION CUBBY_VERSION

struct keeper_options {
	const char *config_path;	/* NULL: CONFIG_PATH, if it is there */
	const char *state_dir;
	const char *bus_address;	/* NULL: the system bus */
	bool offline;			/* no bus: for keeper_purge() */
};

/* What the service knows of one connection: caller->session. */
struct session {
	struct proof proof;
	struct nonce nonce;		/* of the next box */
	struct drafts drafts;
	bool asked_policy;		/* an ear that is told when the policy changes */
};

struct keeper {
	struct config config;
	const struct clock *clock;
	struct loop *loop;
	struct state *state;
	unsigned confined;		/* enum sandbox: what holds */
	bool offline;			/* nobody is asked or told: purge.h */
	bool device_made;		/* at this start, beside a household that knew another */
	struct device *device;
	char *identity;			/* Status.Identity */
	struct store *store;
	struct vault *vault;
	struct age *age;
	struct archive *archive;
	struct access_log *log;
	struct alerts *alerts;
	struct erasure *erasure;
	struct drill *drill;
	struct policy *policy;
	struct ground ground;
	struct leap leap;
	struct parents *parents;
	struct intake *intake;
	struct service *service;	/* what the bus side keeps; service/service.h */
	struct bus_server *server;
	struct loop_timer *minute;
	struct loop_timer *save;
	struct loop_timer *watchdog;	/* NULL: nobody watches */
};

/* Up to the point where the bus name is ours, or would be. Any answer but 0 says in one sentence
 * what stands in the way and what to do about it. */
int keeper_start(const struct keeper_options *options, struct keeper **ret, struct why *why);
/* Runs until it is told to stop; the program's exit status. */
int keeper_run(struct keeper *keeper);
struct keeper *keeper_free(struct keeper *keeper);
CLEANUP_DEFINE(struct keeper *, keeper_free)
