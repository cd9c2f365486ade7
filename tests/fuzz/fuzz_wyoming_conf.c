/* SPDX-License-Identifier: Apache-2.0 */
/* wyoming.conf: whatever is in it, no address but loopback without allow_network. */

#include <string.h>
#include "fuzz.h"
#include "hosts/wyoming/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct config config;
	struct why why = { "" };
	int r = config_read(fuzz_file(bytes, n), &config, &why);

	fuzz_check(r == 0 || (r == ANSWER_INVALID_ARGUMENT && why.text[0]));
	if (r)
		return 0;
	fuzz_check(config.n_listeners >= 1 && config.n_listeners <= CONFIG_LISTENERS_MAX);
	for (unsigned i = 0; i < config.n_listeners; i++) {
		const struct listener_config *listener = &config.listeners[i];

		fuzz_check(listener->n_users <= CONFIG_USERS_MAX);
		fuzz_check(config.allow_network || !listener->tcp.any.sa_family ||
			   address_is_loopback(&listener->tcp));
	}
	fuzz_reached();
	return 0;
}
