/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows of profiles. One that is being removed is not there any more for anybody but the erasure. */

#include "name.h"
#include "store/store.h"

#define PROFILE_LOG_KEY_BYTES 16

struct profile {
	struct id id;
	char name[NAME_BYTES];
	bool adult;
	int64_t created_min;
	/* Key of the pseudonyms in the access log. */
	uint8_t log_key[PROFILE_LOG_KEY_BYTES];
};

/* ANSWER_EXISTS: the name is taken. */
int store_profile_insert(struct store *store, const struct profile *profile);
/* ANSWER_NOT_FOUND. */
int store_profile_by_id(struct store *store, const struct id *id, struct profile *ret);
int store_profile_by_name(struct store *store, const char *name, struct profile *ret);
/* In the order they were made; *ret_profiles is freed with free(). */
int store_profiles(struct store *store, struct profile **ret_profiles, size_t *ret_n);
/* When a profile was last used, and told of. */
struct profile_use {
	struct profile profile;
	int64_t used_min;
	int64_t noticed_min;	/* 0: nobody was told */
};
/* As store_profiles. */
int store_profile_uses(struct store *store, struct profile_use **ret_uses, size_t *ret_n);
/* It is used: a notice is void. To the hour, so that keeping an item costs no write for it. */
int store_profile_used(struct store *store, const struct id *profile, int64_t now_min);
/* ANSWER_EXISTS: another one has the name. */
int store_profile_rename(struct store *store, const struct id *id, const char *name);
int store_profile_notice(struct store *store, const struct id *profile, int64_t now_min);
/* Whether a profile that is being removed still has this name. */
int store_profile_removing(struct store *store, const char *name, bool *ret);
