/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A bus and the real cubbyd of one's own, in private directories, for the tests of libcubby. */

#include "unit/test.h"

#include "client/session.h"

#define WORLD_PASSPHRASE "orbit velvet mustard canyon"

CLEANUP_DEFINE(struct cubby *, cubby_free)
CLEANUP_DEFINE(struct cubby_list *, cubby_list_free)
CLEANUP_DEFINE(struct cubby_opened *, cubby_opened_free)
CLEANUP_DEFINE(struct cubby_profiles *, cubby_profiles_free)
CLEANUP_DEFINE(struct cubby_consents *, cubby_consents_free)
CLEANUP_DEFINE(struct cubby_erasure *, cubby_erasure_free)
CLEANUP_DEFINE(struct cubby_receipt *, cubby_receipt_free)
CLEANUP_DEFINE(struct cubby_status *, cubby_status_free)
CLEANUP_DEFINE(struct cubby_export *, cubby_export_free)
CLEANUP_DEFINE(struct cubby_past_exports *, cubby_past_exports_free)

/* cmocka group setup and teardown. */
int world_start(void **state);
int world_stop(void **state);
/* cubbyd again, with the same state directory, or with a new one. */
void world_restart(bool afresh);

/* Stops cubbyd as a debugger would, or lets it go on. */
void world_freeze(bool frozen);

/* `change` is at work on the state directory while cubbyd is stopped. */
void world_between(void (*change)(const char *state, void *context), void *context);
/* What root could do: stops cubbyd, runs SQL on its database without its triggers, starts it. */
void world_tamper(const char *sql);

/* A parent's session, connected; its pins are in the directory `home` of the world. */
struct cubby *world_parent(const char *home);
/* Somebody in no group. */
struct cubby *world_stranger(const char *home);
/* The household of the world, made on first use; the recovery code opens fast. */
const char *world_code(void);
/* world_parent() with a proof by recovery code. */
struct cubby *world_proved(const char *home, unsigned secrets);
/* Becomes, for good, what world_parent() connects as, with DBUS_SYSTEM_BUS_ADDRESS set: for a child
 * process that runs a program. */
void world_become_parent(void);
/* A path in the world. Valid until the next call. */
const char *world_path(const char *name);

/* Fails the test with the library's own words. */
#define assert_cubby(cubby, call)                                                                 \
	do {                                                                                      \
		int r_ = (call);                                                                  \
		if (r_ != 0)                                                                      \
			fail_msg("%s: %d %s", #call, r_, cubby_why(cubby));                       \
	} while (0)
/* An answer, explained. */
#define assert_refused(cubby, call, answer)                                                       \
	do {                                                                                      \
		assert_int_equal((call), (answer));                                               \
		assert_true(cubby_why(cubby)[0] != '\0');                                         \
	} while (0)
