/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The conversation with the keeper, for the files that lead it. Nobody else includes this. */

#include "bus/client.h"
#include "report.h"

/* A keeper that does not answer must not keep the room from being heard. */
#define REPORT_TIMEOUT_MS 5000

/* More of them at once than this are as good as one. */
#define PLAYED_MAX 8

struct report {
	char *address;
	struct bus_client *client;
	bool policy_changed;
	unsigned changes;		/* of the policy, so far */
	bool voiceprints;		/* fetched, and nothing changed since */
	struct held {
		struct id profile;
		uint8_t hash[HASH_BYTES];
	} held[SPEAKER_ENROLLED_MAX];
	size_t n_held;
	char played[PLAYED_MAX][DECIDE_NAME_BYTES];
	size_t n_played;
};

/* Connects where need be. */
int report_request(struct report *report, const char *member, struct message **ret,
		   struct why *why);
int report_options_none(struct message *request);
/* The array of strings that comes next; of more than max the first. */
int report_strings(struct message *reply, const char **strings, size_t max, size_t *ret_n);
