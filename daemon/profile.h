/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The people of a household. Whether somebody is a child or an adult is said once and for ever. */

#include "ground.h"
#include "store/profile.h"

#define PROFILES_MAX 64

/* type: "child" or "adult". ANSWER_INVALID_ARGUMENT, ANSWER_EXISTS, ANSWER_QUOTA_EXCEEDED;
 * ANSWER_NOT_FOUND: there is no household yet. */
int profile_add(const struct ground *ground, const char *name, const char *type, uint32_t uid,
		struct profile *ret, struct why *why);
/* ANSWER_INVALID_ARGUMENT, ANSWER_EXISTS, ANSWER_NOT_FOUND. */
int profile_rename(const struct ground *ground, const char *name_or_id, const char *name,
		   uint32_t uid, struct why *why);
/* By id (32 hex digits) or nickname. ANSWER_NOT_FOUND. */
int profile_find(const struct ground *ground, const char *name_or_id, struct profile *ret,
		 struct why *why);
