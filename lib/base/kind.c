/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds and how long each may be kept at most. A number that is no kind has no name and no
 * time: it can never be kept (R2). */

#include "base/kind.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t keep_max_s;
} kinds[KIND_MAX + 1] = {
	[KIND_AUDIO] = { "audio", KIND_KEEP_MAX_AUDIO_S },
	[KIND_TRANSCRIPT] = { "transcript", KIND_KEEP_MAX_TRANSCRIPT_S },
	[KIND_LOCATION] = { "location", KIND_KEEP_MAX_LOCATION_S },
};

const char *kind_name(int kind)
{
	return kind >= 1 && kind <= KIND_MAX ? kinds[kind].name : NULL;
}

int kind_from_name(const char *name)
{
	for (int kind = 1; name && kind <= KIND_MAX; kind++)
		if (strcmp(kinds[kind].name, name) == 0)
			return kind;
	return 0;
}

uint32_t kind_keep_max_s(int kind)
{
	return kind >= 1 && kind <= KIND_MAX ? kinds[kind].keep_max_s : 0;
}
