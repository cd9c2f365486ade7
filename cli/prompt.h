/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Asking the person at the terminal, and reading passphrases. */

#include <stdbool.h>
#include "crypt/secret.h"
#include "hand.h"

/* The descriptors a passphrase comes from are no other program's: not a hook's, not the pager's. */
void prompt_guard(const struct hand *hand);

/* Everything here returns an exit code after telling what is wrong. */

/* The passphrase from --passphrase-fd, --passphrase-file, CUBBY_PASSPHRASE_FILE or the terminal,
 * NUL-terminated. */
int prompt_passphrase(struct hand *hand, struct secret **ret);
/* A new one, checked: from --new-passphrase-fd, --new-passphrase-file or, twice, the terminal; the
 * `first` of a household from where the passphrase comes otherwise. */
int prompt_new_passphrase(struct hand *hand, bool first, struct secret **ret);
/* Is it hard to guess? Where it is not, offers words. */
int prompt_check(struct hand *hand, const struct secret *passphrase);
/* The text of a small file that holds a secret, without its line end, NUL-terminated. Warns when
 * others may read it. */
int prompt_secret_file(struct hand *hand, const char *path, struct secret **ret);
/* Is there a person to ask? */
bool prompt_possible(void);
/* Yes only if that exact text is typed; for "y" any of y and yes counts. */
bool prompt_confirm(const char *question, const char *wanted);
/* A line of text as it was typed. False: there was none, or it was too long. */
bool prompt_text(const char *question, char *answer, size_t room);
/* Takes the secrets named (enum cubby_secrets) with passphrase or --recovery-file, and goes on with
 * what prompt_reseal() left. */
int prompt_proof(struct hand *hand, unsigned secrets);
/* Seals what is kept to the keys in force, with a bar. Returns an exit code. */
int prompt_reseal(struct hand *hand);
/* Was a passphrase or recovery code given without asking? */
bool prompt_given(struct hand *hand);
