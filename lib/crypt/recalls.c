/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of recalls to and from statements. A recall names an item by the random name that it has in
 * the export, and must never say more of it than why it is recalled. */

#include "crypt/recalls.h"

#include <string.h>

#define RECALLS_MEMBERS 7
#define RECALL_MEMBERS 4
#define LINE_MAX_BYTES 1024

static const char *const reasons[] = { "deleted", "withdrawn", "removed", "expired", "moved" };

int recalls_sign(const struct recalls *recalls, const struct sign_keypair *device, char **ret_text)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	char lines[65];

	if (recalls->number < 1 || recalls->issued_s < 1 || recalls->items < 0)
		return ANSWER_INVALID_ARGUMENT;
	body = json_pack("{s:I, s:I, s:I, s:s}", "number", (json_int_t)recalls->number, "issued_s",
			 (json_int_t)recalls->issued_s, "items", (json_int_t)recalls->items,
			 "lines", hex_text(recalls->lines, HASH_BYTES, lines));
	if (!body)
		return fault_origin(-ENOMEM);
	return fault_trace(statement_sign(body, RECALLS_STATEMENT, device, ret_text));
}

int recalls_verify(const char *text, const uint8_t *device, uint8_t *ret_key, struct recalls *ret,
		   struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct recalls recalls;
	uint8_t key[SIGN_PUBLIC_BYTES];
	int r;

	r = statement_verify(text, RECALLS_STATEMENT, device, key, &body, why);
	if (r)
		return fault_trace(r);
	r = statement_get_size(body, RECALLS_MEMBERS, why);
	if (r == 0)
		r = statement_get_integer(body, "number", 1, INT64_MAX, &recalls.number, why);
	if (r == 0)
		r = statement_get_integer(body, "issued_s", 1, INT64_MAX, &recalls.issued_s, why);
	if (r == 0)
		r = statement_get_integer(body, "items", 0, INT64_MAX, &recalls.items, why);
	if (r == 0)
		r = statement_get_bytes(body, "lines", recalls.lines, HASH_BYTES, why);
	if (r)
		return r;
	if (ret_key)
		memcpy(ret_key, key, SIGN_PUBLIC_BYTES);
	*ret = recalls;
	return 0;
}

int recall_text(const struct recall *recall, char **ret)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	char export[ID_TEXT], token[ID_TEXT];
	char *line;

	body = json_pack("{s:s, s:s, s:s, s:I}", "export", id_text(&recall->export, export),
			 "token", id_text(&recall->token, token), "reason", recall->reason,
			 "recalled_s", (json_int_t)recall->recalled_s);
	text = body ? json_dumps(body, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	line = text ? malloc(strlen(text) + 2) : NULL;
	if (!line)
		return fault_origin(-ENOMEM);
	strcpy(line, text);
	strcat(line, "\n");
	*ret = line;
	return 0;
}

int recall_parse(const char *line, size_t n, struct recall *ret, struct why *why)
{
	_cleanup_(statement_json_freep) json_t *body = NULL;
	struct recall recall;
	const char *reason;
	json_error_t error;
	int r;

	body = n <= LINE_MAX_BYTES ? json_loadb(line, n, JSON_REJECT_DUPLICATES, &error) : NULL;
	if (!json_is_object(body))
		return answer_why(why, ANSWER_INVALID_ARGUMENT,
				  "a line of the list is no recall");
	r = statement_get_size(body, RECALL_MEMBERS, why);
	if (r == 0)
		r = statement_get_bytes(body, "export", recall.export.bytes, ID_BYTES, why);
	if (r == 0)
		r = statement_get_bytes(body, "token", recall.token.bytes, ID_BYTES, why);
	if (r == 0)
		r = statement_get_integer(body, "recalled_s", 1, INT64_MAX, &recall.recalled_s,
					  why);
	if (r == 0)
		r = statement_get_string(body, "reason", &reason, why);
	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (strcmp(reasons[i], reason) != 0)
			continue;
		strcpy(recall.reason, reason);
		*ret = recall;
		return 0;
	}
	return answer_why(why, ANSWER_INVALID_ARGUMENT, "a recall has an unknown reason");
}
