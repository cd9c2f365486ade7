/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of consents. At most one of a profile and kind is not withdrawn. */

#include "base/kind.h"
#include "store/store.h"

struct consent_row {
	struct id profile;
	enum kind kind;
	uint8_t policy[32];
	uint32_t keep_s;
	int64_t granted_min;
	bool withdrawn;
	char *statement;	/* left out (NULL) where nobody hands it on */
};

/* ANSWER_EXISTS: one is not withdrawn. ANSWER_INVALID_ARGUMENT: no such profile, or a law of the
 * table does not hold. */
int store_consent_insert(struct store *store, const struct consent_row *row);
/* kind 0: all kinds. Nothing to withdraw is no fault. */
int store_consent_withdraw(struct store *store, const struct id *profile, enum kind kind,
			   int64_t now_min);
/* The one that is not withdrawn, without its statement. ANSWER_NOT_FOUND. */
int store_consent_find(struct store *store, const struct id *profile, enum kind kind,
		       struct consent_row *ret);
/* The newest of each profile and kind; profile NULL: of all profiles. */
int store_consents(struct store *store, const struct id *profile, struct consent_row **ret_rows,
		   size_t *ret_n);
struct consent_row *consent_rows_free(struct consent_row *rows, size_t n);
