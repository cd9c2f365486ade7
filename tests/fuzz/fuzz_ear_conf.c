/* SPDX-License-Identifier: Apache-2.0 */
/* ear.conf. */

#include "fuzz.h"
#include "settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct settings settings;
	struct why why = { "" };
	int r = settings_read(fuzz_file(bytes, n), &settings, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	if (r == 0)
		fuzz_reached();
	return 0;
}
