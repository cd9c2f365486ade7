/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What every statement that a parent signs about a profile begins with. */

#include "client/session.h"

/* A statement names a profile by its id: a nickname could come to mean somebody else. */
int consent_profile(struct cubby *cubby, const char *profile, struct id *ret);
/* The policy in force. */
int consent_policy(struct cubby *cubby, uint8_t ret_hash[static HASH_BYTES]);
