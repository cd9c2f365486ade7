/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The keeper on the bus: one file for each interface, and what they share. A handler reads its
 * arguments, asks the domain, writes its reply; it decides nothing. Who may call it was checked
 * before, from the XML. No secret leaves but in a box to the caller's reply_key.
 */

#include "approval.h"
#include "bus/server.h"
#include "keeper.h"
#include "rekey.h"

#define SERVICE_INTERFACE "org.cubby.Cubby1."
#define SERVICE_PATH "/org/cubby/Cubby1"
#define SERVICE_PROFILES SERVICE_PATH "/profile"
#define SERVICE_JOBS SERVICE_PATH "/job"
#define SERVICE_PATH_TEXT 80

struct service;

/* Connects, registers the objects, then takes the name. Answers say what to do. */
int service_start(struct keeper *keeper, const char *address, uint32_t ear_gid,
		  uint32_t parents_gid, struct why *why);
void service_stop(struct keeper *keeper);
/* After a reset: nobody has a proof any more, and what was begun is void. */
void service_anew(struct keeper *keeper);
/* A parent was removed: whoever proved to be them is nobody. */
void service_proofs_end(struct keeper *keeper, int64_t parent);
/* Drafts that were open too long, of every connection. */
void service_end_old(struct keeper *keeper);
/* Tells of profiles that nobody uses, and erases those that parents were told of. */
void service_inactive_sweep(struct keeper *keeper);
/* Answers who waits for the job, and tells who asked for it. */
void service_job_ended(struct keeper *keeper, const struct erasure_job *job);

/* Answers who waits for the drill. */
void service_drill_ended(struct keeper *keeper, const char *found);

/* Tells an alert to the parents on the bus. Nobody is there before the service has started. */
void service_alert(struct keeper *keeper, const char *kind, const char *text);

/* ---- For the handlers ---- */

/* The caller's session, made at its first need. */
int service_session(struct call *call, struct session **ret);
/* Who asks of Export and Archive.Move. */
int service_asker(struct call *call, struct export_asker *ret);
/* The proof of this caller, or NULL. */
const struct proof *service_proof(struct caller *caller);
/* What a handler returns for r: a denial is in the access log then. member: "Intake.Begin". */
int service_end(struct keeper *keeper, struct call *call, int r, const char *member);

/* Before a look that will be an entry of the log. Who has given a proof may look as often as there
 * is something to see. ANSWER_RATE_LIMITED. */
int service_look(struct keeper *keeper, struct call *call);

/* Tells ears that asked for the policy that sound of this profile was opened. */
void service_played(struct keeper *keeper, const char *profile);
/* Tells ears that asked for the policy to ask again. */
void service_policy_changed(struct keeper *keeper);
/* The same, if there are more or fewer voiceprints than when this was called before. */
void service_voices_tell(struct keeper *keeper);
/* Begins an erasure for the caller; it is told when the job has ended. within: adds to the
 * transaction. */
int service_erase(struct keeper *keeper, struct call *call, enum erasure_reason reason,
		  const struct archive_selection *selection, const struct archive_within *within,
		  char ret_path[static SERVICE_PATH_TEXT], uint64_t *ret_items);
/* The same for the approved copies of these items alone (erasure_copies()). */
int service_erase_copies(struct keeper *keeper, struct call *call,
			 const struct archive_selection *selection,
			 const struct archive_within *within,
			 char ret_path[static SERVICE_PATH_TEXT]);
/* Tells the caller of a job that something else began. */
void service_asked(struct keeper *keeper, struct call *call, int64_t job,
		   char ret_path[static SERVICE_PATH_TEXT]);
/* Sweeps what has expired by now, for the caller; ret_path is left alone when nothing has. */
int service_sweep(struct keeper *keeper, struct call *call,
		  char ret_path[static SERVICE_PATH_TEXT]);

char *service_profile_path(const struct id *id, char path[static SERVICE_PATH_TEXT]);
char *service_job_path(int64_t number, char path[static SERVICE_PATH_TEXT]);
/* ANSWER_NOT_FOUND: not the path of a profile or job that is there. */
int service_profile_at(struct keeper *keeper, const char *path, struct profile *ret);
int service_job_at(struct keeper *keeper, const char *path, struct erasure_job **ret);

/* ---- Arguments and replies ---- */

struct strings {
	const char **items;	/* borrowed from the message */
	size_t n;
};
void strings_clear(struct strings *strings);
/* An "as" of at most `max`. ANSWER_INVALID_ARGUMENT. */
int args_strings(struct message *arguments, size_t max, struct strings *ret, struct why *why);
/* An "ay" that is an X25519 public key. ANSWER_INVALID_ARGUMENT. */
int args_reply_key(struct message *arguments, const uint8_t **ret, struct why *why);

struct selected {
	struct archive_selection selection;
	struct id *ids;
	struct profile profile;	/* when the selection names one */
};
void selected_clear(struct selected *selected);
/* An "a{sv}" of the interface Archive. ANSWER_INVALID_ARGUMENT, ANSWER_NOT_FOUND (the profile). */
int args_selection(struct keeper *keeper, struct message *arguments, struct selected *ret,
		   struct why *why);

/* An "as" of 1 to 1000 ids, as a selection. ANSWER_INVALID_ARGUMENT. */
int args_ids(struct message *arguments, struct selected *ret, struct why *why);
/* A page in a message stays under 48 KiB: an item of three parts takes less than 220 bytes. */
#define SERVICE_PAGE_MAX 200
/* The options "cursor" s and "limit" u of a listing, of which no page is longer than `most`.
 * ANSWER_INVALID_ARGUMENT. */
int args_page(struct call *call, uint32_t most, const char **ret_cursor, uint32_t *ret_limit);

/* "ay" header, "a(stt)" parts, "h" bodies. The descriptor is the caller's to close. */
int args_delivery(struct message *arguments, struct delivery *ret, struct why *why);

/* An "ay": `keys` in a box to reply_key. */
int reply_keys(struct message *reply, const uint8_t *reply_key, const struct secret *keys,
	       struct why *why);
/* An "a(stt)": where its parts are, behind `offset` bytes of others. */
int reply_parts(struct message *reply, const struct archive_opened *opened, uint64_t offset);
/* An "h" and an "ay": all bodies behind one another in one memfd, all keys in one box. */
int reply_bodies(struct message *reply, const struct archive_opened *const *opened, size_t n,
		 const uint8_t *reply_key, struct why *why);
/* Household statement and the statements of later parents, "s" and "as". ANSWER_NOT_FOUND. */
int service_reply_household(struct keeper *keeper, struct message *reply, struct why *why);
/* The entry "alerts" of Status.Describe. */
int service_alerts_reply(struct keeper *keeper, struct message *reply);
/* An "a(ssta(stu))", as Archive.List answers. */
int reply_items(struct keeper *keeper, struct message *reply, const struct archive_item *items,
		size_t n);
/* An "as". */
int reply_strings(struct message *reply, const char *const *strings, size_t n);
