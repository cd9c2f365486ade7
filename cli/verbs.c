/* SPDX-License-Identifier: Apache-2.0 */
/* Every verb there is. A verb that is not built is not in here. */

#include "command.h"
#include "verb.h"

#define PROVING (WITH(OPTION_PARENT) | WITH(OPTION_RECOVERY_FILE))
#define RANGE (WITH(OPTION_SINCE) | WITH(OPTION_UNTIL) | WITH(OPTION_KIND))

const struct verb verb_table[] = {
	{ "setup", NULL, "--parent NAME", "make the household, its keys and your passphrase",
	  PROVING, 0, 0, verb_setup },
	{ "status", NULL, "", "is the keeper running, what does it hold, what needs attention",
	  WITH(OPTION_SEEN), 0, 0, verb_status },
	{ "doctor", NULL, "", "check that everything is in place, and say what to do if not",
	  0, 0, 0, verb_doctor },
	{ "policy", NULL, "", "the retention policy in force, and its hash", 0, 0, 0, verb_policy },
	{ "profile", "add", "NAME --child|--adult", "add a person",
	  PROVING | WITH(OPTION_CHILD) | WITH(OPTION_ADULT), 1, 1, verb_profile_add },
	{ "profile", "list", "", "the people of the household", 0, 0, 0, verb_profile_list },
	{ "profile", "keep", "NAME", "keep a person that nobody uses; the notice is void",
	  0, 1, 1, verb_profile_keep },
	{ "profile", "remove", "NAME", "erase everything kept of a person, then the profile",
	  WITH(OPTION_YES) | WITH(OPTION_RECEIPT), 1, 1, verb_profile_remove },
	{ "consent", "grant", "PROFILE KIND...", "allow audio, transcript or location to be kept",
	  PROVING | WITH(OPTION_KEEP) | WITH(OPTION_METHOD), 2, 4, verb_consent_grant },
	{ "consent", "withdraw", "PROFILE [KIND...]",
	  "end consents at once and erase what was kept under them",
	  WITH(OPTION_RECEIPT), 1, 4, verb_consent_withdraw },
	{ "consent", "show", "[PROFILE]", "what may be kept, and for how long",
	  0, 0, 1, verb_consent_show },
	{ "retention", "set", "PROFILE KIND DURATION",
	  "keep a kind for a shorter time, also what is kept already",
	  WITH(OPTION_RECEIPT), 3, 3, verb_retention_set },
	{ "retention", "show", "[PROFILE]", "how long each kind is kept", 0, 0, 1,
	  verb_retention_show },
	{ "list", NULL, "[PROFILE]", "what is kept, newest first",
	  PROVING | RANGE | WITH(OPTION_TRANSCRIPTS) | WITH(OPTION_PROFILE), 0, 1, verb_list },
	{ "show", NULL, "ID", "one item with its transcript", PROVING, 1, 1, verb_show },
	{ "play", NULL, "ID", "play one item, or write it as WAV",
	  PROVING | WITH(OPTION_OUTPUT), 1, 1, verb_play },
	{ "delete", NULL, "ID... | --profile P | --since T | --until T | --kind K | --all",
	  "erase, verify, and show the receipt",
	  RANGE | WITH(OPTION_PROFILE) | WITH(OPTION_ALL) | WITH(OPTION_YES) |
	  WITH(OPTION_DRY_RUN) | WITH(OPTION_RECEIPT), 0, ARGUMENTS_MAX, verb_delete },
	{ "receipt", "verify", "FILE", "check a receipt, without a keeper",
	  WITH(OPTION_KEY), 1, 1, verb_receipt_verify },
	{ "import", NULL, "FILE --profile ADULT", "bring in an adult's own recording",
	  PROVING | WITH(OPTION_PROFILE) | WITH(OPTION_TRANSCRIPT), 1, 1, verb_import },
	{ "export", "approve", "ID... --purpose P --recipient R",
	  "release copies of an adult's own items for a training export",
	  PROVING | WITH(OPTION_PURPOSE) | WITH(OPTION_RECIPIENT), 1, ARGUMENTS_MAX,
	  verb_export_approve },
	{ "export", "create", "DIR --format hf", "write what was approved, and nothing else",
	  PROVING | WITH(OPTION_FORMAT) | WITH(OPTION_PURPOSE) | WITH(OPTION_RECIPIENT), 1, 1,
	  verb_export_create },
	{ "export", "list", "", "what was approved, for what and for whom",
	  PROVING, 0, 0, verb_export_list },
	{ "drill", NULL, "", "erase canaries, look for them, compare every store", 0, 0, 0,
	  verb_drill },
	{ "reset", NULL, "[--parent NAME]", "erase everything and begin anew; needs no passphrase",
	  WITH(OPTION_PARENT) | WITH(OPTION_YES) | WITH(OPTION_RECEIPT), 0, 0, verb_reset },
	{ "log", NULL, "[--verify]", "who looked, listed, deleted, exported, and who was refused",
	  PROVING | WITH(OPTION_SINCE) | WITH(OPTION_VERIFY) | WITH(OPTION_RECEIPT), 0, 0,
	  verb_log },
};
const size_t n_verbs = sizeof(verb_table) / sizeof(verb_table[0]);
