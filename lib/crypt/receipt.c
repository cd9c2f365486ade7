/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts to and from statements. This room signs what it is told; that everything was read back
 * first is the duty of the one caller, and nothing of a child is ever put in. */

#include "crypt/receipt.h"

#include <string.h>

#define RECEIPT_MEMBERS 15
#define RECEIPT_LEVEL_MAX 3

static const char *const receipt_reasons[] = { "delete", "withdraw", "remove", "expire", "reset" };

static bool receipt_reason_known(const char *reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(receipt_reasons); i++)
		if (strcmp(receipt_reasons[i], reason) == 0)
			return true;
	return false;
}

static int id_compare(const void *a, const void *b)
{
	return memcmp(a, b, ID_BYTES);
}

void receipt_commitment(const uint8_t salt[static RECEIPT_SALT_BYTES], struct id *ids, size_t n,
			uint8_t ret_commitment[static 32])
{
	if (n > 0)
		qsort(ids, n, sizeof(*ids), id_compare);
	crypt_hash_keyed(salt, RECEIPT_SALT_BYTES, ids, n * sizeof(*ids), ret_commitment);
}

static json_t *receipt_steps(const struct receipt *receipt)
{
	json_t *steps = json_array();

	for (unsigned i = 0; steps && i < receipt->n_steps; i++) {
		if (json_array_append_new(steps, json_string(receipt->steps[i])) != 0) {
			json_decref(steps);
			return NULL;
		}
	}
	return steps;
}

int receipt_sign(const struct receipt *receipt, const struct sign_keypair *device, char **ret_text)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	_cleanup_(statement_json_freep) json_t *steps = NULL;
	char id[ID_TEXT], commitment[65], salt[2 * RECEIPT_SALT_BYTES + 1], log_head[65];
	char level[] = { 'E', (char)('0' + receipt->erasure_level), '\0' };

	if (!receipt_reason_known(receipt->reason) || receipt->erasure_level > RECEIPT_LEVEL_MAX ||
	    receipt->n_steps < 1 || receipt->n_steps > RECEIPT_STEPS_MAX ||
	    receipt->asked_min < 1 || receipt->ended_min < receipt->asked_min ||
	    receipt->items < 0 || receipt->parts < 0 || receipt->log_seq > INT64_MAX)
		return fault_origin(-EINVAL);
	steps = receipt_steps(receipt);
	if (!steps)
		return fault_origin(-ENOMEM);
	id_text(&receipt->id, id);
	hex_text(receipt->commitment, sizeof(receipt->commitment), commitment);
	hex_text(receipt->salt, RECEIPT_SALT_BYTES, salt);
	hex_text(receipt->log_head, CHAIN_HASH_BYTES, log_head);
	body = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:O, s:s, s:s, s:I, s:s}",
			 "receipt", id, "reason", receipt->reason,
			 "asked_min", (json_int_t)receipt->asked_min,
			 "ended_min", (json_int_t)receipt->ended_min,
			 "items", (json_int_t)receipt->items, "parts", (json_int_t)receipt->parts,
			 "erasure_level", level, "steps", steps, "commitment", commitment,
			 "salt", salt, "log_seq", (json_int_t)receipt->log_seq,
			 "log_head", log_head);
	if (!body)
		return fault_origin(-ENOMEM);
	return fault_trace(statement_sign(body, RECEIPT_STATEMENT, device, ret_text));
}

static int receipt_read_steps(const json_t *body, struct receipt *receipt, struct why *why)
{
	const json_t *steps = json_object_get(body, "steps");
	size_t n = json_array_size(steps);

	if (n < 1 || n > RECEIPT_STEPS_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the receipt has not 1 to %d steps", RECEIPT_STEPS_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *step = json_string_value(json_array_get(steps, i));

		if (!step || strlen(step) >= RECEIPT_STEP_TEXT)
			return answer_why(why, ANSWER_INVALID_ARGUMENT,
					  "step %zu of the receipt is no text of up to %d bytes",
					  i + 1, RECEIPT_STEP_TEXT - 1);
		strcpy(receipt->steps[i], step);
	}
	receipt->n_steps = (unsigned)n;
	return 0;
}

static int receipt_read_texts(const json_t *body, struct receipt *receipt, struct why *why)
{
	const char *reason, *level;
	int r;

	r = statement_get_string(body, "reason", &reason, why);
	if (r)
		return r;
	if (!receipt_reason_known(reason))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the receipt has an unknown reason");
	strcpy(receipt->reason, reason);
	r = statement_get_string(body, "erasure_level", &level, why);
	if (r)
		return r;
	if (strlen(level) != 2 || level[0] != 'E' || level[1] < '0' ||
	    level[1] > '0' + RECEIPT_LEVEL_MAX)
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "the receipt has an unknown erasure level");
	receipt->erasure_level = (unsigned)(level[1] - '0');
	return receipt_read_steps(body, receipt, why);
}

static int receipt_read_numbers(const json_t *body, struct receipt *receipt, struct why *why)
{
	int64_t log_seq;
	int r;

	r = statement_get_integer(body, "asked_min", 1, INT64_MAX, &receipt->asked_min, why);
	if (r)
		return r;
	r = statement_get_integer(body, "ended_min", receipt->asked_min, INT64_MAX,
				  &receipt->ended_min, why);
	if (r)
		return r;
	r = statement_get_integer(body, "items", 0, INT64_MAX, &receipt->items, why);
	if (r)
		return r;
	r = statement_get_integer(body, "parts", 0, INT64_MAX, &receipt->parts, why);
	if (r)
		return r;
	r = statement_get_integer(body, "log_seq", 0, INT64_MAX, &log_seq, why);
	if (r)
		return r;
	receipt->log_seq = (uint64_t)log_seq;
	return 0;
}

static int receipt_read_bytes(const json_t *body, struct receipt *receipt, struct why *why)
{
	int r;

	r = statement_get_bytes(body, "receipt", receipt->id.bytes, ID_BYTES, why);
	if (r)
		return r;
	r = statement_get_bytes(body, "commitment", receipt->commitment,
				sizeof(receipt->commitment), why);
	if (r)
		return r;
	r = statement_get_bytes(body, "salt", receipt->salt, RECEIPT_SALT_BYTES, why);
	if (r)
		return r;
	return statement_get_bytes(body, "log_head", receipt->log_head, CHAIN_HASH_BYTES, why);
}

int receipt_verify(const char *text, const uint8_t *device, uint8_t *ret_key, struct receipt *ret,
		   struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	uint8_t key[SIGN_PUBLIC_BYTES];
	struct receipt receipt = { .n_steps = 0 };
	int r;

	r = statement_verify(text, RECEIPT_STATEMENT, device, key, &body, why);
	if (r)
		return fault_trace(r);
	r = statement_get_size(body, RECEIPT_MEMBERS, why);
	if (r)
		return r;
	r = receipt_read_bytes(body, &receipt, why);
	if (r)
		return r;
	r = receipt_read_texts(body, &receipt, why);
	if (r)
		return r;
	r = receipt_read_numbers(body, &receipt, why);
	if (r)
		return r;
	if (ret_key)
		memcpy(ret_key, key, SIGN_PUBLIC_BYTES);
	*ret = receipt;
	return 0;
}
