/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A whole household on real files, without a bus: store, vault, archive, log and parents as the
 * keeper puts them together; only the clock is ours. */

#include "test.h"

#include "approval.h"
#include "archive.h"
#include "consent.h"
#include "crypt/device.h"
#include "crypt/household.h"
#include "delivery.h"
#include "draft.h"
#include "ground.h"
#include "intake.h"
#include "log.h"
#include "parent.h"
#include "profile.h"
#include "store/slot.h"

#define HOUSE_NOW_S INT64_C(1800000000)
#define HOUSE_NAME ":1.42"
#define HOUSE_UID 1000
#define ALERT_TOLD 256

struct house {
	char dir[64];
	struct why why;
	struct clock clock;
	int64_t wall_s, boot_ms;
	struct config config;
	struct policy *policy;
	struct store *store;
	struct vault *vault;
	struct age *age;
	struct archive *archive;
	struct access_log *log;
	struct alerts *alerts;
	char told[ALERT_TOLD];	/* kinds of the alerts told, each after a space */
	struct ground ground;
	struct device *device;
	struct parents *parents;
	struct intake *intake;
	/* The parent's side. */
	struct box_keypair *home, *release, *reply;
	struct sign_keypair *founder;
	struct door passphrase, recovery;
	struct secret *passphrase_proof, *recovery_proof, *wrap;
	/* The connection. */
	struct proof proof;
	struct nonce nonce;
	struct drafts drafts;
};

/* cmocka's setup and teardown; *state is the struct house, with an empty store. */
int house_make(void **state);
int house_drop(void **state);
/* Everything closed and opened again, as by a restart of the keeper: the proof is gone. */
void house_restart(struct house *house);
void house_close(struct house *house);
void house_open(struct house *house);
/* How often these bytes are in a file of the state directory; 0 when it is not there. */
unsigned house_file_count(struct house *house, const char *name, const void *bytes, size_t n);

/* A household with one parent, "Anna", who is proved afterwards. */
void house_setup(struct house *house);
/* The box for Parents.Setup, bound to `caller`. */
void house_doors(struct house *house, const char *caller, uint8_t **ret_box, size_t *ret_n);
char *house_statement(struct house *house);
int house_guess(struct house *house, const char *door, const struct secret *proof);
/* Through parent_prove with what the box must be bound to given. */
int house_guess_as(struct house *house, const char *door, const struct secret *proof,
		   const char *caller, const uint8_t *bound_key, const char *const *secrets,
		   size_t n_secrets, uint8_t **ret_wraps, size_t *ret_n);

struct profile house_add(struct house *house, const char *name, const char *type);
char *house_consent(struct house *house, const struct profile *profile, enum kind kind,
		    uint32_t keep_s);
int house_grant(struct house *house, const struct profile *profile, enum kind kind,
		uint32_t keep_s);

/* An item as an ear or a parent's client seals it, in a sealed memfd. */
struct sealed_item {
	struct envelope_header header;
	struct delivery delivery;
};
void house_seal(const struct archive_draft *draft, const uint8_t *recipient, const char *content,
		struct sealed_item *ret);
void sealed_item_clear(struct sealed_item *item);
/* Begins, seals and commits one; the id is in *ret. */
int house_keep(struct house *house, const struct intake_asker *asker, const char *profile,
	       const char *const *kinds, size_t n_kinds, struct id *ret);
struct intake_asker house_ear(struct house *house);
struct intake_asker house_parent(struct house *house);
/* How often this text is in the bodies of the access log. */
unsigned house_logged(struct house *house, const char *text);

/* Approves an adult's item for "lab", with the copy sealed to `recipient`; the answer. */
struct export_asker house_exporter(struct house *house);
int house_approve(struct house *house, const struct id *item, const uint8_t *recipient,
		  const char *purpose, struct id *ret_copy);
