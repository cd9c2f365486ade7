/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * `cubby reset`: everything is erased, the household included, and the keeper begins anew with a
 * new key of its own. It needs no passphrase, so that a family that lost every one can still erase;
 * it asks for the name of the founding parent, so that nobody does it in passing.
 */

#include "erasure.h"
#include "ground.h"

/* ANSWER_NOT_FOUND: there is no household. ANSWER_BUSY: a reset is under way.
 * ANSWER_INVALID_ARGUMENT: another name. */
int reset_check(const struct ground *ground, const char *name, struct why *why);
/* ANSWER_BUSY while a reset has not ended: a household made now would be erased with it. */
int reset_over(const struct ground *ground, struct why *why);
