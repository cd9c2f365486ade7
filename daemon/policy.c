/* SPDX-License-Identifier: Apache-2.0 */

/* The text and hash of the retention policy. Every sentence must be true of the running keeper;
 * one that depends on a setting is written from that setting. */

#include <stdio.h>
#include <string.h>
#include "base/fault.h"
#include "base/id.h"
#include "crypt/secret.h"
#include "policy.h"

static const char policy_format[] =
	"What this device keeps, and for how long\n"
	"\n"
	"Speech is recognised on this device and forgotten, unless a parent has consented to "
	"keep it.\n"
	"A parent consents for one person and one kind at a time. Each kind is off until then, "
	"and none implies another.\n"
	"\n"
	"  audio       the sound: erased after %s at the latest\n"
	"  transcript  the words recognised: erased after %s at the latest\n"
	"  location    a place, to two decimals of a degree at most: erased after %s at the "
	"latest\n"
	"\n"
	"A consent can ask for less. Nothing is kept without an end. Days are counted while this "
	"device has power; days without it count once its clock has been right for a day.\n"
	"What is kept is encrypted where it is heard, and opened only with a parent's "
	"passphrase.\n"
	"A parent can list, hear and delete all of it at any time; deleting and withdrawing a "
	"consent need no passphrase.\n"
	"Withdrawing a consent erases what was kept under it.\n"
	"Every time something is listed, opened, deleted or refused, it is written into a log "
	"that parents can read.\n"
	"Nothing of a child is ever used for training. An adult's own recording is, only after "
	"that adult approved it, one by one, for at most 30 days.\n"
	"When this policy changes, nothing more is kept until a parent has consented to the new "
	"one.\n";

static const char *duration_text(uint32_t s, char *text, size_t n)
{
	static const struct {
		uint32_t s;
		const char *name;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint32_t count = s / units[i].s;

		if (s % units[i].s)
			continue;
		snprintf(text, n, "%u %s%s", count, units[i].name, count == 1 ? "" : "s");
		break;
	}
	return text;
}

int policy_new(const struct config *config, struct policy **ret)
{
	_cleanup_(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));
	char keep[KIND_MAX + 1][32];

	if (!policy)
		return fault_origin(-ENOMEM);
	for (int kind = 1; kind <= KIND_MAX; kind++)
		duration_text(config->keep_max_s[kind], keep[kind], sizeof(keep[kind]));
	if (asprintf(&policy->text, policy_format, keep[KIND_AUDIO], keep[KIND_TRANSCRIPT],
		     keep[KIND_LOCATION]) < 0) {
		policy->text = NULL;
		return fault_origin(-ENOMEM);
	}
	crypt_hash(policy->text, strlen(policy->text), policy->hash);
	hex_text(policy->hash, sizeof(policy->hash), policy->hash_text);
	*ret = take(policy);
	return 0;
}

struct policy *policy_free(struct policy *policy)
{
	if (!policy)
		return NULL;
	free(policy->text);
	free(policy);
	return NULL;
}
