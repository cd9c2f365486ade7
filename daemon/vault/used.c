/* SPDX-License-Identifier: Apache-2.0 */
/* A growing set of slot numbers, one bit each. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vault/vault.h"

bool vault_used_get(const struct vault_used *used, uint32_t number)
{
	return number / 64 < used->n_words && (used->words[number / 64] >> (number % 64) & 1);
}

int vault_used_set(struct vault_used *used, uint32_t number)
{
	const size_t word = number / 64;

	if (word >= used->n_words) {
		size_t n = word + word / 2 + 16;
		uint64_t *words = realloc(used->words, n * sizeof(*words));

		if (!words)
			return fault_origin(-ENOMEM);
		memset(words + used->n_words, 0, (n - used->n_words) * sizeof(*words));
		used->words = words;
		used->n_words = n;
	}
	used->words[word] |= UINT64_C(1) << (number % 64);
	return 0;
}

void vault_used_clear(struct vault_used *used)
{
	free(used->words);
	*used = (struct vault_used){ 0 };
}
