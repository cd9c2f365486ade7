/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is behind struct cubby. */

#include "base/clock.h"
#include "bus/client.h"
#include "client/array.h"
#include "client/cubby.h"
#include "client/pin.h"
#include "crypt/box.h"
#include "crypt/rekey.h"
#include "crypt/sign.h"

#define NONCE_BYTES 32

struct cubby {
	char *address;			/* NULL: the system bus */
	char *host;			/* NULL: this machine */
	char *state_dir;
	int timeout_ms;
	uint32_t page_items;		/* of a listing's page; 0: the keeper's choice */
	struct bus_client *bus;		/* NULL until needed */
	struct why why;

	struct pins pins;
	bool pins_read;
	bool device_known;		/* checked against the pins on this connection */
	bool household_known;
	struct household household;	/* with the keys in force */
	struct rekey_mark mark;		/* of the statement that says which */
	struct parent_keys parents;	/* who may sign the next one */

	/* What this session asked to be erased last: its receipt must be of just that. */
	struct {
		char *job;		/* NULL: nothing was */
		const char *reason;
		int64_t items;		/* -1: the keeper did not say how many */
		struct id *ids;		/* those named, where it was by id */
		size_t n_ids;
	} asked;
	struct array alerts;		/* that came: kind, line break, text */
	struct id receipt;		/* the last one taken */
	char *receipt_job;		/* of this job; NULL: none was taken */

	/* Only what a proof fetched; NULL otherwise. */
	struct box_keypair *home;
	struct box_keypair *release;
	struct sign_keypair *sign;
	/* Those before, from the first on, as far as the ones above open them; fetched late. */
	struct box_keypair *former_home[REKEYS_MAX];
	struct box_keypair *former_release[REKEYS_MAX];
	bool formers_known;
};

/* Every public function begins with session_begin() and returns session_end(r): a fault gets words
 * too. */
void session_begin(struct cubby *cubby);
int session_end(struct cubby *cubby, int r);

int session_request(struct cubby *cubby, const char *path, const char *interface,
		    const char *member, struct message **ret);
/* Ends the request with empty options, sends it, waits. */
int session_call(struct cubby *cubby, struct message *request, struct message **ret_reply);
/* The same for a request that is complete. */
int session_call_complete(struct cubby *cubby, struct message *request, int timeout_ms,
			  struct message **ret_reply);
/* What a reply that does not have the shape of the XML is. */
int session_malformed(struct cubby *cubby, int r, const char *member);

/* What the next box for the keeper must repeat. */
int session_nonce(struct cubby *cubby, uint8_t ret[static NONCE_BYTES]);

/* The keeper's keys, checked and pinned. ANSWER_FAILED: they changed. */
int session_device(struct cubby *cubby);
/* The device key in hex, or (NULL) the one pinned; asks no keeper. ANSWER_NOT_FOUND: none is. */
int session_known_device(struct cubby *cubby, const char *key, uint8_t ret_key[static 32]);
/* The household's keys, checked and pinned. */
int session_household(struct cubby *cubby);
/* The statements about them, as the keeper has them: the first is the household's own. */
int session_statements(struct cubby *cubby, struct array *ret);
void session_forget_secrets(struct cubby *cubby);
/* The size a caller's struct begins with: at least what the first version had. */
int session_size(struct cubby *cubby, size_t size, size_t least, const char *macro);
int64_t session_now_s(void);
/* A copy of a job's path; NULL for "/", which means that there is nothing to wait for. */
int session_job(struct cubby *cubby, const char *path, const char *reason, int64_t items,
		char **ret_job);
