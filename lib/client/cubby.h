/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * libcubby: a parent's hand on the keeper, for the program `cubby` and for apps of integrators.
 *
 * Everything secret happens in the calling process: a passphrase is stretched here, consents are
 * signed here, items are opened here, in locked memory that is wiped when freed. What crosses the
 * bus is ciphertext, or is sealed to one reader.
 *
 * Functions return 0 when done, a positive answer (enum cubby_answer) when the world said no, or a
 * negative errno when something broke; cubby_why() then has a sentence that names the value and the
 * remedy. Out-parameters are written on success only. Structs that the library returns belong to
 * it until their free function is called; they may grow at their end in later versions, so never
 * copy or allocate them. Structs that the caller fills begin with their size: use the _INIT macros.
 * A session is for one thread at a time, blocks for at most its timeout a call, and never exits or
 * changes signal handlers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CUBBY_API __attribute__((visibility("default")))

#define CUBBY_ID_TEXT 33		/* 32 hex digits and a NUL */
#define CUBBY_KEY_TEXT 65		/* 64 hex digits and a NUL */
#define CUBBY_RECOVERY_TEXT 64		/* room for a recovery code and a NUL */

enum cubby_answer {
	CUBBY_NOT_AUTHORIZED = 1,	/* not in the group, no proof, or a wrong passphrase */
	CUBBY_LOCKED,			/* too many wrong passphrases: wait */
	CUBBY_NOT_FOUND,
	CUBBY_EXISTS,
	CUBBY_INVALID_ARGUMENT,
	CUBBY_NO_CONSENT,
	CUBBY_QUOTA_EXCEEDED,
	CUBBY_RATE_LIMITED,
	CUBBY_BUSY,
	CUBBY_FAILED,
	CUBBY_NO_DAEMON,		/* no bus, or no keeper on it */
	CUBBY_TIMEOUT,
};

/* ------------------------------------------------------------------ session */

struct cubby;

struct cubby_options {
	size_t size;
	const char *address;	/* D-Bus address; NULL: the system bus */
	const char *state_dir;	/* pins and log checkpoints; NULL: $XDG_STATE_HOME/cubby */
	int timeout_ms;		/* of one call; 0: 25 s */
	/* "user@host": the keeper there, through ssh and systemd-stdio-bridge, with pins of its own
	 * below state_dir. What needs descriptors is not possible then: import, enrolment, exports,
	 * cubby_log_verify(). */
	const char *host;
};
#define CUBBY_OPTIONS_INIT { .size = sizeof(struct cubby_options) }

/* Does not connect yet: the first call that needs the keeper does. options may be NULL. Turns core
 * dumps and ptrace of this process off. CUBBY_INVALID_ARGUMENT: options without its size. */
CUBBY_API int cubby_new(const struct cubby_options *options, struct cubby **ret);
/* Wipes every secret of the session. Takes NULL; returns NULL. */
CUBBY_API struct cubby *cubby_free(struct cubby *cubby);
/* Connects to the bus now; done by itself otherwise. */
CUBBY_API int cubby_connect(struct cubby *cubby);
/* Why the last call did not return 0. Never NULL, "" after a success. */
CUBBY_API const char *cubby_why(const struct cubby *cubby);
/* Where pins and log checkpoints are kept. Public keys and hashes only. */
CUBBY_API const char *cubby_state_dir(const struct cubby *cubby);

/* ------------------------------------------------------------------- keeper */

struct cubby_status {
	const char *version;
	const char *erasure_level;		/* "E0", "E1", "E2" */
	const char *const *sandbox;		/* NULL-ended */
	bool household;				/* is there one? */
	char device_key[CUBBY_KEY_TEXT];	/* signs receipts */
	bool device_trusted;			/* it is the one pinned, or was pinned just now */
	bool described;				/* the rest is only for parents */
	uint32_t profiles, items, erasing, released;
	uint32_t hidden;			/* items, while the wall clock is far ahead */
	const char *const *alerts;		/* NULL-ended sentences */
};
CUBBY_API int cubby_status(struct cubby *cubby, struct cubby_status **ret);
CUBBY_API struct cubby_status *cubby_status_free(struct cubby_status *status);

/* A parent has read the alerts: those that only tell what happened are dropped. */
CUBBY_API int cubby_alerts_seen(struct cubby *cubby);

/* Waits for the next alert: its kind (docs/BUS.md, Status.Alert) and the sentence for parents, both
 * to free(). timeout_ms 0: for ever. CUBBY_TIMEOUT: none came. CUBBY_NO_DAEMON: the bus is gone;
 * try again later. */
CUBBY_API int cubby_alert_wait(struct cubby *cubby, int timeout_ms, char **ret_kind,
			       char **ret_text);

/* The retention policy in force and its BLAKE2b-256 (checked here). Free the text with free(). */
CUBBY_API int cubby_policy(struct cubby *cubby, char **ret_text, char ret_hash[CUBBY_KEY_TEXT]);

/* ------------------------------------------------------------------ parents */

/* The strength rule, without a keeper. CUBBY_INVALID_ARGUMENT: cubby_why() says what to do. */
CUBBY_API int cubby_passphrase_check(struct cubby *cubby, const char *passphrase);
/* Four made-up words that pass it, drawn at random. */
#define CUBBY_SUGGESTION_TEXT 24
CUBBY_API void cubby_passphrase_suggest(char ret_words[CUBBY_SUGGESTION_TEXT]);

/*
 * Makes the household. The recovery code is handed to `keep_code` before anything is sent, so that
 * it can be stored first; a non-zero return from it ends the setup with CUBBY_FAILED and no trace.
 * CUBBY_EXISTS: there is a household already. The session is proved afterwards.
 */
CUBBY_API int cubby_setup(struct cubby *cubby, const char *parent, const char *passphrase,
			  int (*keep_code)(void *context, const char *code), void *context);

/* The founding parent's public key, which vouches for the household's keys: checked, and pinned on
 * first use. An ear can be told to accept no other (household_key= in ear.conf). */
CUBBY_API int cubby_household_key(struct cubby *cubby, char ret_key[CUBBY_KEY_TEXT]);

enum cubby_secrets {
	CUBBY_SECRET_HOME = 1,		/* opens what is kept */
	CUBBY_SECRET_RELEASE = 2,	/* opens only what an adult approved for export */
	CUBBY_SECRET_SIGN = 4,		/* signs consents */
};

struct cubby_proof {
	size_t size;
	const char *parent;		/* NULL: the household's only parent */
	const char *passphrase;		/* one of these two; borrowed for the call */
	const char *recovery_code;
};
#define CUBBY_PROOF_INIT { .size = sizeof(struct cubby_proof) }

/* Proves who is there, for at most 300 s and this connection, and fetches the secrets named, and
 * no others. CUBBY_NOT_AUTHORIZED: wrong. CUBBY_LOCKED: wait; nothing was tried. */
CUBBY_API int cubby_prove(struct cubby *cubby, const struct cubby_proof *proof, unsigned secrets);
/* Ends the proof and wipes the secrets. */
CUBBY_API int cubby_lock(struct cubby *cubby);

struct cubby_parent {
	const char *name;
	int64_t created_s;
	bool founding;
};
struct cubby_parents {
	size_t n;
	struct cubby_parent *const *list;	/* in the order they came */
};
CUBBY_API int cubby_parents(struct cubby *cubby, struct cubby_parents **ret);
CUBBY_API struct cubby_parents *cubby_parents_free(struct cubby_parents *parents);

/* These need a proof with all three secrets. Another parent, who gets the household's keys behind
 * doors of their own; `keep_code` as of cubby_setup(). CUBBY_EXISTS: the name is taken. */
CUBBY_API int cubby_parent_add(struct cubby *cubby, const char *name, const char *passphrase,
			       int (*keep_code)(void *context, const char *code), void *context);
/* Ends another parent's doors and proofs, and gives the household new keys, which the other parents
 * get too. What they consented to stays until it is withdrawn. cubby_reseal() is due then. */
CUBBY_API int cubby_parent_remove(struct cubby *cubby, const char *name);
/* Seals anew what is still sealed to keys from before a parent was removed, a page at a time, with
 * the secrets of this proof; at once where there is nothing. Whoever stops it (not 0 from `each`,
 * which may be NULL, or at any moment) can go on with another call, of any parent's. */
CUBBY_API int cubby_reseal(struct cubby *cubby,
			   int (*each)(void *context, uint64_t done, uint64_t total),
			   void *context);
/* A new passphrase, or a new recovery code, in place of the old one. */
CUBBY_API int cubby_passphrase_change(struct cubby *cubby, const char *passphrase);
CUBBY_API int cubby_recovery_change(struct cubby *cubby,
				    int (*keep_code)(void *context, const char *code),
				    void *context);

/* ----------------------------------------------------------------- profiles */

struct cubby_profile {
	char id[CUBBY_ID_TEXT];
	const char *name;
	bool child;
	int64_t created_s;
};
struct cubby_profiles {
	size_t n;
	struct cubby_profile *const *list;	/* by name */
};
CUBBY_API int cubby_profiles(struct cubby *cubby, struct cubby_profiles **ret);
CUBBY_API struct cubby_profiles *cubby_profiles_free(struct cubby_profiles *profiles);
/* Needs a proof. A profile is a child's or an adult's for ever. */
CUBBY_API int cubby_profile_add(struct cubby *cubby, const char *name, bool child,
				char ret_id[CUBBY_ID_TEXT]);
/* Needs a proof. Ears must name it by the new nickname from then on. */
CUBBY_API int cubby_profile_rename(struct cubby *cubby, const char *profile, const char *name);
/* Erases everything kept of the profile, then the profile. *ret_job: for cubby_job_wait(), then
 * free(). */
CUBBY_API int cubby_profile_remove(struct cubby *cubby, const char *profile, char **ret_job);

/* Keep it although nobody uses it; a child's profile is erased otherwise, after a notice. */
CUBBY_API int cubby_profile_keep(struct cubby *cubby, const char *profile);

/* ------------------------------------------------------------------ consent */

struct cubby_consent {
	char profile_id[CUBBY_ID_TEXT];
	const char *kind;		/* "audio", "transcript", "location" */
	const char *state;		/* "in force", "withdrawn", "policy changed" */
	int64_t keep_s;
	int64_t granted_s;
	const char *method;		/* how it was verified that a parent consents */
};
struct cubby_consents {
	size_t n;
	struct cubby_consent *const *list;
};
/* profile NULL: all. */
CUBBY_API int cubby_consents(struct cubby *cubby, const char *profile, struct cubby_consents **ret);
CUBBY_API struct cubby_consents *cubby_consents_free(struct cubby_consents *consents);
/* The longest a kind can be kept, in seconds, by the law of the build; 0: no such kind. */
CUBBY_API uint32_t cubby_keep_max_s(const char *kind);
/* Signs one statement a kind, over the policy in force, and sends them; all are taken or none.
 * keep_s[i] belongs to kinds[i]. Needs a proof with CUBBY_SECRET_SIGN. */
CUBBY_API int cubby_consent_grant(struct cubby *cubby, const char *profile,
				  const char *const *kinds,
				  const uint32_t *keep_s, size_t n);
/* The same, after a verification of the caller's own: `method` is its name, 1 to 32 of a-z, 0-9 and
 * "-", and stands in the signed statement. */
CUBBY_API int cubby_consent_grant_by(struct cubby *cubby, const char *profile,
				     const char *const *kinds, const uint32_t *keep_s, size_t n,
				     const char *method);
/* Ends consents at once and erases what was kept under them. n 0: every kind. *ret_job: free(). */
CUBBY_API int cubby_consent_withdraw(struct cubby *cubby, const char *profile,
				     const char *const *kinds, size_t n, char **ret_job);

/* -------------------------------------------------------------- voiceprints */

/* Keeps the voiceprint of an adult (lib/speaker/voiceprint.h; made in this process, of sound that
 * is not kept), signed for by this parent, in place of an older one. keep_s: a minute to a year of
 * 365 days. *ret_job: the older one's erasure, or NULL; free(). CUBBY_INVALID_ARGUMENT: a child's
 * profile. */
CUBBY_API int cubby_enroll(struct cubby *cubby, const char *profile, const void *voiceprint,
			   size_t n, uint32_t keep_s, char **ret_job);

struct cubby_voiceprint {
	char profile_id[CUBBY_ID_TEXT];
	const char *state;		/* "in force", or "policy changed": not used */
	int64_t made_s;
	int64_t expires_s;
};
struct cubby_voiceprints {
	size_t n;
	struct cubby_voiceprint *const *list;
};
CUBBY_API int cubby_voiceprints(struct cubby *cubby, struct cubby_voiceprints **ret);
CUBBY_API struct cubby_voiceprints *cubby_voiceprints_free(struct cubby_voiceprints *voiceprints);
/* Needs no proof. *ret_job as of cubby_delete(). CUBBY_NOT_FOUND: not enrolled. */
CUBBY_API int cubby_voiceprint_erase(struct cubby *cubby, const char *profile, char **ret_job);

/* ---------------------------------------------------------------- retention */

struct cubby_retention {
	char profile_id[CUBBY_ID_TEXT];
	const char *kind;
	uint32_t keep_s;		/* 0: nothing is kept */
	uint32_t cap_s;			/* the most that the keeper's configuration allows */
};
struct cubby_retentions {
	size_t n;
	struct cubby_retention *const *list;
};
/* profile NULL: all. */
CUBBY_API int cubby_retentions(struct cubby *cubby, const char *profile,
			       struct cubby_retentions **ret);
CUBBY_API struct cubby_retentions *cubby_retentions_free(struct cubby_retentions *retentions);
/* Keeps a kind for a shorter time, also what is kept already; needs no proof. A longer time is a
 * new consent. *ret_job: what expired by it, for cubby_job_wait(), or NULL; free(). */
CUBBY_API int cubby_retention_shorten(struct cubby *cubby, const char *profile, const char *kind,
				      uint32_t keep_s, char **ret_job);

/* ------------------------------------------------------------------ archive */

struct cubby_selection {
	size_t size;
	const char *const *ids;		/* these items, at most 1000 */
	size_t n_ids;
	const char *profile;		/* nickname or id; NULL: any */
	int64_t since_s;		/* 0: no bound; since <= started < until */
	int64_t until_s;
	const char *kind;		/* NULL: any */
	bool all;			/* deletion of everything must say so */
};
#define CUBBY_SELECTION_INIT { .size = sizeof(struct cubby_selection) }

struct cubby_part {
	const char *kind;
	int64_t expires_s;
	uint32_t sealed_bytes;
};
struct cubby_item {
	char id[CUBBY_ID_TEXT];
	char profile_id[CUBBY_ID_TEXT];
	int64_t started_s;		/* whole minutes */
	size_t n_parts;
	const struct cubby_part *parts;
};

/* A listing, newest first, fetched page by page as it is walked. */
struct cubby_list;
CUBBY_API int cubby_list_new(struct cubby *cubby, const struct cubby_selection *selection,
			     struct cubby_list **ret);
/* *ret_item: valid until the next call; NULL at the end. */
CUBBY_API int cubby_list_next(struct cubby_list *list, const struct cubby_item **ret_item);
CUBBY_API struct cubby_list *cubby_list_free(struct cubby_list *list);

/* The one item whose id begins with these 4 to 32 hex digits. CUBBY_NOT_FOUND;
 * CUBBY_INVALID_ARGUMENT: not such digits, or several items (named in cubby_why()). */
CUBBY_API int cubby_resolve(struct cubby *cubby, const char *prefix, char ret_id[CUBBY_ID_TEXT]);

/* What was kept, opened here, in locked memory. */
struct cubby_opened {
	const char *text;		/* NULL: no transcript was asked for or kept */
	double confidence;		/* 0 to 1; -1: not known */
	int64_t duration_ms;		/* -1: not known */
	const int16_t *samples;		/* NULL: no sound */
	size_t frames;
	unsigned rate_hz;
	const void *flac;		/* the same sound, as it was kept */
	size_t flac_bytes;
	const char *location;		/* "latitude,longitude", at most two decimals; or NULL */
};
/* kinds: NULL-ended; NULL: all there are. Needs a proof with CUBBY_SECRET_HOME. The access is in
 * the log before this returns. */
CUBBY_API int cubby_open(struct cubby *cubby, const char *id, const char *const *kinds,
			 struct cubby_opened **ret);
CUBBY_API struct cubby_opened *cubby_opened_free(struct cubby_opened *opened);

/* The same of many, fetched as they are walked, in the order of `ids` (copied). What is gone, or
 * has none of the kinds, is passed over. Parents are alerted once to a long walk. */
struct cubby_opening;
CUBBY_API int cubby_opening_new(struct cubby *cubby, const char *const *ids, size_t n,
				const char *const *kinds, struct cubby_opening **ret);
/* *ret NULL: the end. Otherwise the caller's, to free. */
CUBBY_API int cubby_opening_next(struct cubby_opening *opening, char ret_id[CUBBY_ID_TEXT],
				 struct cubby_opened **ret);
CUBBY_API struct cubby_opening *cubby_opening_free(struct cubby_opening *opening);

/* Puts an item into another profile: a child's only into another child's. An approved copy of it is
 * erased and recalled; in a child's profile it keeps what a parent consented to for that child.
 * *ret_job: what is erased by it, for cubby_job_wait(), or NULL; free(). */
CUBBY_API int cubby_move(struct cubby *cubby, const char *id, const char *profile, char **ret_job);

/* *ret_items: how many it touches. With dry_run nothing happens and *ret_job is NULL; so it is when
 * nothing is touched. From the return on the items are invisible. Needs no passphrase. */
CUBBY_API int cubby_delete(struct cubby *cubby, const struct cubby_selection *selection,
			   bool dry_run, char **ret_job, uint32_t *ret_items);

/* -------------------------------------------------------------------- erasure */

struct cubby_erasure {
	bool done;			/* verified; false: partial */
	const char *receipt;		/* signed "cubby-receipt-1", checked here; "" unless done */
	const char *problem;		/* what is not clean and what happens next; "" when done */
	/* This session asked for it last, and the receipt is of just that: its reason, how many
	 * items, and which, where that was known. False: another one asked; the receipt is
	 * genuine, but of which erasure only the keeper says. */
	bool compared;
};
/* CUBBY_TIMEOUT: it goes on without us. timeout_ms 0: 10 minutes. */
CUBBY_API int cubby_job_wait(struct cubby *cubby, const char *job, int timeout_ms,
			     struct cubby_erasure **ret);
/* How far it is: items removed so far, of how many, and whether it has ended. */
CUBBY_API int cubby_job_progress(struct cubby *cubby, const char *job, uint64_t *ret_done,
				 uint64_t *ret_total, bool *ret_ended);
CUBBY_API struct cubby_erasure *cubby_erasure_free(struct cubby_erasure *erasure);

struct cubby_receipt {
	char id[CUBBY_ID_TEXT];
	const char *reason;		/* "delete", "withdraw", "remove", "expire", "reset" */
	const char *erasure_level;
	int64_t asked_s, ended_s;
	uint32_t items, parts;
	char key[CUBBY_KEY_TEXT];	/* of the device that signed it */
	const char *const *steps;	/* NULL-ended sentences: what was done and verified */
};
/* Needs no keeper. key: 64 hex digits as printed at setup; NULL: the pinned device key
 * (CUBBY_NOT_FOUND when there is none). CUBBY_INVALID_ARGUMENT: not genuine, with the reason. */
CUBBY_API int cubby_receipt_verify(struct cubby *cubby, const char *text, const char *key,
				   struct cubby_receipt **ret);
/* Of the erasures of the last 90 days, newest first, checked with the pinned device key; receipt is
 * NULL for one that is not genuine. They last until `each` returns; not 0 ends it. */
CUBBY_API int cubby_receipts(struct cubby *cubby,
			     int (*each)(void *context, const struct cubby_receipt *receipt,
					 const char *text), void *context);
CUBBY_API struct cubby_receipt *cubby_receipt_free(struct cubby_receipt *receipt);

/* Erases everything, the household included; needs no proof. parent: the name of the parent who
 * made the household, as a person typed it. *ret_job: for cubby_job_wait(), then free(). Once that
 * is done, call cubby_forget_keeper(): the keeper has new keys. CUBBY_INVALID_ARGUMENT: another
 * name. */
CUBBY_API int cubby_reset(struct cubby *cubby, const char *parent, char **ret_job);
/* Removes the keys pinned here and the checkpoint of the access log, and wipes every secret. */
CUBBY_API int cubby_forget_keeper(struct cubby *cubby);

/* The deletion drill: canaries that nobody can open are kept, erased like anything else, and looked
 * for in every raw file; then every store is compared with every other. */
struct cubby_drill {
	int64_t ended_s;		/* 0: there was none yet */
	const char *const *found;	/* NULL-ended sentences; none when all is well */
};
/* Runs one now and waits for it. timeout_ms 0: 10 minutes. */
CUBBY_API int cubby_drill_run(struct cubby *cubby, int timeout_ms, struct cubby_drill **ret);
/* The last one. The keeper runs one daily. */
CUBBY_API int cubby_drill_last(struct cubby *cubby, struct cubby_drill **ret);
CUBBY_API struct cubby_drill *cubby_drill_free(struct cubby_drill *drill);

/* ------------------------------------------------------------------- import */

/* An adult's own recording: 16-bit mono samples at 16 kHz, sealed here. transcript may be NULL.
 * Needs a proof. CUBBY_NOT_AUTHORIZED: the profile is a child's. */
CUBBY_API int cubby_import(struct cubby *cubby, const char *profile, const int16_t *samples,
			   size_t frames, const char *transcript, char ret_id[CUBBY_ID_TEXT]);

/* ---------------------------------------------------------------- access log */

struct cubby_log_entry {
	uint64_t seq;
	int64_t time_s;			/* whole minutes */
	const char *body;		/* a JSON object; no words, names or ids */
};
/* Oldest first; walked page by page. */
struct cubby_log;
CUBBY_API int cubby_log_new(struct cubby *cubby, struct cubby_log **ret);
CUBBY_API int cubby_log_next(struct cubby_log *log, const struct cubby_log_entry **ret_entry);
CUBBY_API struct cubby_log *cubby_log_free(struct cubby_log *log);

struct cubby_log_verdict {
	uint64_t entries;		/* found good; all of them, where none is bad */
	uint64_t first_bad;		/* 0: none */
	const char *what;		/* "entry 7 ...", what is wrong with it; "": nothing */
	bool keys;			/* checked with the household's key, too */
	uint64_t emptied;		/* over 24 months old, so what they said is gone */
};
/* Checks every entry of the access log: the chain of hashes, the checkpoints that the keeper signed
 * and the one seen here last (in the state directory; moved on when all is well) and, in a session
 * that proved with CUBBY_SECRET_HOME, the tag of each entry, which nobody can make afterwards.
 * receipt: the text of a receipt whose place in the log is to be looked at, too; NULL: none. */
CUBBY_API int cubby_log_verify(struct cubby *cubby, const char *receipt,
			       struct cubby_log_verdict **ret);
CUBBY_API struct cubby_log_verdict *cubby_log_verdict_free(struct cubby_log_verdict *verdict);

#define CUBBY_LOG_PROBLEM_TEXT 320
/* Whether the log still goes on from where it was seen here last; fast, and quiet: a sentence, or
 * "" when all is well. */
CUBBY_API int cubby_log_look(struct cubby *cubby, char ret_problem[CUBBY_LOG_PROBLEM_TEXT]);

#ifdef __cplusplus
}
#endif

#include "cubby_export.h"
