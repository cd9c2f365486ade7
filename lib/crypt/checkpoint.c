/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints to and from statements. Numbers and a hash: nothing that was logged is in one. */

#include "crypt/checkpoint.h"

#include <string.h>

#include "base/id.h"

#define CHECKPOINT_MEMBERS 7

int checkpoint_sign(const struct checkpoint *checkpoint, const struct sign_keypair *device,
		    char **ret_text)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	char hash[2 * CHAIN_HASH_BYTES + 1];

	if (checkpoint->seq > INT64_MAX || checkpoint->entries > INT64_MAX ||
	    checkpoint->time_min < 1)
		return fault_origin(-EINVAL);
	hex_text(checkpoint->hash, CHAIN_HASH_BYTES, hash);
	body = json_pack("{s:I, s:s, s:I, s:I}", "seq", (json_int_t)checkpoint->seq, "hash", hash,
			 "time_min", (json_int_t)checkpoint->time_min, "entries",
			 (json_int_t)checkpoint->entries);
	if (!body)
		return fault_origin(-ENOMEM);
	return fault_trace(statement_sign(body, CHECKPOINT_STATEMENT, device, ret_text));
}

int checkpoint_verify(const char *text, const uint8_t *device, struct checkpoint *ret,
		      struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct checkpoint checkpoint;
	int64_t seq, entries;
	int r;

	r = statement_verify(text, CHECKPOINT_STATEMENT, device, NULL, &body, why);
	if (!r)
		r = statement_get_size(body, CHECKPOINT_MEMBERS, why);
	if (!r)
		r = statement_get_integer(body, "seq", 0, INT64_MAX, &seq, why);
	if (!r)
		r = statement_get_integer(body, "entries", 0, INT64_MAX, &entries, why);
	if (!r)
		r = statement_get_integer(body, "time_min", 1, INT64_MAX, &checkpoint.time_min,
					  why);
	if (!r)
		r = statement_get_bytes(body, "hash", checkpoint.hash, CHAIN_HASH_BYTES, why);
	if (r)
		return fault_trace(r);
	checkpoint.seq = (uint64_t)seq;
	checkpoint.entries = (uint64_t)entries;
	*ret = checkpoint;
	return 0;
}
