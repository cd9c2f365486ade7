/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Keys of the household that came before those in force. */

#include "client/session.h"
#include "crypt/envelope.h"

/* The pair that this header is sealed to, of those this session may use. *ret is the session's. */
int rekey_pair(struct cubby *cubby, const struct envelope_header *header, bool release,
	       const struct box_keypair **ret);
/* What was sealed to the home key of its time, `sealed_bytes` long then, and got a box more with
 * each change of keys since. *ret_sealed: as it was then; ANSWER_INVALID_ARGUMENT: it does not
 * open. */
int rekey_peel(struct cubby *cubby, const void *boxed, size_t n, size_t sealed_bytes,
	       struct secret **ret_sealed, struct secret **ret_plain);
