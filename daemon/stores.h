/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The closed list of stores: every file of the state directory, every table and column of the
 * database, what of a person is in it, and which erasure reaches it. Nothing is kept anywhere else
 * (Landlock allows writing nowhere else), and a table, column or file that is not in this list
 * fails a test (tests/unit/stores): data that nobody registered is data that no deletion reaches.
 *
 * The statements that empty a table (store/reset.c) and count it (store/reconcile.c) are made from
 * the same list, so that a table that is registered is reached.
 */

#include <stddef.h>

enum stores_reach {
	STORES_NOBODY = 1,	/* nothing of a person */
	STORES_ITEM,		/* gone with the item: delete, withdraw, remove, expire */
	STORES_PROFILE,		/* gone with the profile: remove */
	STORES_JOB,		/* about an erasure, content-free; gone with its receipt */
	STORES_HOUSEHOLD,	/* gone with the household: reset */
};

/*
 * X(table, columns, reach, holds), rows that refer to others before those they refer to: in this
 * order a reset empties them. Of those with STORES_JOB it leaves its own receipt.
 */
#define STORES_TABLES(X)                                                                          \
	X(wrap, "parent kind secret wrapped", STORES_HOUSEHOLD,                                   \
	  "a parent's secrets, encrypted twice")                                                  \
	X(door, "parent kind salt passes memory_bytes proof_hash failures slot slot_id slot_tag", \
	  STORES_HOUSEHOLD, "how a parent's passphrase is checked: a hash, and where its key is") \
	X(alert, "alert kind profile time_min count", STORES_HOUSEHOLD,                           \
	  "what parents should know: a kind, a count")                                            \
	X(retention, "profile kind keep_s set_min", STORES_PROFILE,                               \
	  "what was shortened for a profile")                                                     \
	X(consent, "consent profile kind statement policy keep_s granted_min withdrawn_min",      \
	  STORES_PROFILE, "a parent's signed consents for a profile")                             \
	X(recall, "recall export token reason recalled_min", STORES_HOUSEHOLD,                    \
	  "what must not be used any more of an export: a random name, why, when")                \
	X(recall_list, "one number", STORES_HOUSEHOLD, "how many lists of recalls were signed")   \
	X(export_item, "export_item export copy token bytes hash start sound lines", STORES_ITEM, \
	  "what an export has of an approved copy: a random name, salted hashes")                 \
	X(export, "export id salt purpose recipient format encoding policy begun_min ended_min "  \
	  "child unapproved elsewhere", STORES_HOUSEHOLD, "an export: for what, for whom, counts") \
	X(refusal, "item refused_min", STORES_ITEM, "an item that its owner will not release")    \
	X(copy_part, "copy kind slot slot_tag expires_min bytes hash body job veiled",            \
	  STORES_ITEM,                                                                            \
	  "one kind of an adult's released copy: where its key is, hash of its ciphertext")       \
	X(copy, "copy id item header purpose recipient approved_min review", STORES_ITEM,         \
	  "an adult's released copy: for what, for whom")                                         \
	X(voiceprint, "voiceprint id profile statement policy slot slot_tag made_min wall_min "    \
	  "expires_min bytes body job noticed", STORES_PROFILE,                                   \
	  "an adult's voiceprint: the consent to it, where its key is, when it expires")          \
	X(part, "item kind slot slot_tag made_min expires_min bytes hash body job veiled",        \
	  STORES_ITEM,                                                                            \
	  "one kind of an item: where its key is, hash of its ciphertext, when it expires")       \
	X(body, "body sealed", STORES_ITEM, "what was heard, as ciphertext")                      \
	X(item, "item id profile started_min uid header", STORES_ITEM,                            \
	  "one utterance: minute, profile, uid of the ear, wrapped key")                          \
	X(witness, "witness job slot print", STORES_JOB,                                          \
	  "prints of what the verifier must not find; gone with the receipt")                     \
	X(log, "seq time_min body salt hash tag body_hash", STORES_HOUSEHOLD,                     \
	  "who did what: uids, and pseudonyms that die with the profile")                         \
	X(log_key, "number first_seq sealed", STORES_HOUSEHOLD,                                   \
	  "first keys of the access log, sealed to the household")                        \
	X(log_slot, "one slot slot_id slot_tag seq", STORES_HOUSEHOLD,              \
	  "where the key of the access log's next entry is")                              \
	X(log_checkpoint, "seq made_min statement", STORES_HOUSEHOLD,                             \
	  "the access log's length and last hash, signed once a day")                             \
	X(log_opener, "uid", STORES_HOUSEHOLD, "uids that opened something at some time") \
	X(parent, "parent name sign_key statement created_min removed_min", STORES_HOUSEHOLD,     \
	  "names and public keys of parents; of one who was removed, what was vouched for them")  \
	X(profile, "profile id name type created_min log_key removing used_min noticed_min slot "  \
	  "slot_tag", STORES_PROFILE,                                                             \
	  "nickname, child or adult, key of the pseudonyms, when last used, where its veil is")   \
	X(rekey, "number statement home_id release_id former_home former_release made_min moved", \
	  STORES_HOUSEHOLD,                                                                       \
	  "changes of the household's keys as signed, and the old secrets sealed to the new")     \
	X(household, "one statement created_min", STORES_HOUSEHOLD,                               \
	  "the household's public keys and its founder's name")                                   \
	X(moved, "job", STORES_JOB, "which erasures were of items that went to another profile")  \
	X(reset, "job renewed", STORES_JOB, "which erasures were of everything")                  \
	X(job, "job reason profile uid items parts state problem receipt asked_min ended_min "    \
	  "salt commitment", STORES_JOB, "erasures: counts, times, who asked, the receipt")       \
	X(drill, "one ended_min found", STORES_HOUSEHOLD, "how the last deletion drill went")     \
	X(clock, "one leapt_min", STORES_NOBODY, "by how much the age clock was set ahead")       \
	X(policy, "hash audio_s transcript_s location_s inactive_days notice_days",               \
	  STORES_NOBODY, "the numbers of the policies that consents were given for")

struct stores_table {
	const char *name;
	const char *columns;	/* in their order, one space between */
	enum stores_reach reach;
	const char *holds;
};
extern const struct stores_table stores_tables[];
extern const size_t stores_tables_n;
/* NULL: not registered. */
const struct stores_table *stores_table(const char *name);

struct stores_file {
	const char *name;
	enum stores_reach reach;
	const char *holds;
};
extern const struct stores_file stores_files[];
extern const size_t stores_files_n;
const struct stores_file *stores_file(const char *name);
