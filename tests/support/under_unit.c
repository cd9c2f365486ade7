/* SPDX-License-Identifier: Apache-2.0 */

/* Runs a program without capabilities and under a filter that allows the system calls named in a
 * file, one a line, and refuses all others, as a unit with an empty CapabilityBoundingSet= and with
 * SystemCallErrorNumber=EPERM does. It must not be kinder than
 * systemd is: a call that is not named is refused, whoever needs it. */

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	FILE *names = argc > 2 ? fopen(argv[1], "re") : NULL;
	char name[64];

	if (!filter || !names) {
		fprintf(stderr, "usage: under-unit NAMES PROGRAM [ARGUMENT]...\n");
		return 2;
	}
	while (fgets(name, sizeof(name), names)) {
		int number;

		name[strcspn(name, "\n")] = '\0';
		number = seccomp_syscall_resolve_name(name);
		/* Some are of other architectures, or newer than this libseccomp. */
		if (number != __NR_SCMP_ERROR)
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	fclose(names);
	for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0;)
		capability++;
	if (seccomp_load(filter) != 0) {
		fprintf(stderr, "under-unit: no filter could be loaded\n");
		return 2;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 2;
}
