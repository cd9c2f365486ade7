/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the erasure level that the keeper finds for each file given. */

#include <stdio.h>

#include "level.h"

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		puts(level_name(level_find(argv[i])));
	return 0;
}
