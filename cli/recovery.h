/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A new recovery code on its way to the parent: into a new file or, once, onto the terminal. */

#include <signal.h>
#include "hand.h"

#define RECOVERY_INIT { .fd = -1, .qr_fd = -1 }
struct recovery {
	const char *path;		/* NULL: to be printed */
	int fd;				/* -1: not open */
	const char *qr_path;		/* a PNG of it, too; NULL: none */
	int qr_fd;
	char code[CUBBY_RECOVERY_TEXT];
};

/* The files that `option` and --qr name, new and the parent's alone. Returns an exit code. */
int recovery_open(struct hand *hand, enum option option, struct recovery *recovery);
/* For libcubby, before anything is sent to the keeper. */
int recovery_keep(void *context, const char *code);
/* Even with -q: it is shown only now. NULL: it is in a file. */
void recovery_print(const char *code);
/* It came to nothing: the files go. */
void recovery_drop(struct recovery *recovery);
/* Closes the files and wipes the code. */
void recovery_clear(struct recovery *recovery);
/* Ctrl-C waits until the caller puts `before` back: a code without its door, or a door without its
 * code, would be half done. */
void recovery_signals_hold(sigset_t *ret_before);
