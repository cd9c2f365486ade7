/* SPDX-License-Identifier: Apache-2.0 */
/* cubbyd.conf: whatever is in it, nothing that is taken from it keeps longer than the build. */

#include "config.h"
#include "crypt/terms.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct config config;
	struct why why = { "" };
	int r = config_load(fuzz_file(bytes, n), true, &config, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	if (r)
		return 0;
	for (int kind = 1; kind <= KIND_MAX; kind++)
		fuzz_check(config.keep_max_s[kind] >= 60 &&
			   config.keep_max_s[kind] <= kind_keep_max_s(kind));
	fuzz_check(config.inactive_days >= 1 && config.inactive_days <= TERMS_INACTIVE_DAYS_MAX);
	fuzz_check(config.notice_days >= 1 && config.notice_days <= TERMS_NOTICE_DAYS_MAX);
	fuzz_check(config.ear_group[0] && config.parents_group[0]);
	fuzz_reached();
	return 0;
}
