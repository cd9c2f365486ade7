/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The keeper's configuration, /etc/cubby/cubbyd.conf. It can only narrow what the build allows:
 * no key keeps anything for ever, opens a door or grants a role to more than the two groups. */

#include <stdbool.h>
#include <stdint.h>
#include "base/fault.h"
#include "base/kind.h"

#define CONFIG_PATH "/etc/cubby/cubbyd.conf"
#define CONFIG_GROUP_MAX 33

struct config {
	uint32_t keep_max_s[KIND_MAX + 1];	/* by kind; 60 to kind_keep_max_s() */
	/* Without use until the notice, and from there until a child's profile is erased. */
	uint32_t inactive_days;
	uint32_t notice_days;
	uint64_t quota_items;
	uint64_t quota_bytes;
	char ear_group[CONFIG_GROUP_MAX];
	char parents_group[CONFIG_GROUP_MAX];
	uint32_t items_per_min;			/* intake, for each uid */
};

void config_default(struct config *ret);
/*
 * Reads `path`. must_exist: somebody named this file; otherwise an absent file means the defaults.
 * ANSWER_INVALID_ARGUMENT: `why` names file, line and what is allowed.
 */
int config_load(const char *path, bool must_exist, struct config *ret, struct why *why);
/* "30d", "12h", "90m", "2w": a whole positive number and a unit. False for anything else. */
bool config_duration(const char *text, uint32_t *ret_s);
