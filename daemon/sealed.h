/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What comes in a box sealed to this keeper: proofs, doors, voiceprints. */

#include "base/fault.h"
#include "crypt/box.h"

/* ANSWER_INVALID_ARGUMENT: longer than n_max bytes, or not sealed to this keeper's key. */
int sealed_open(const struct box_keypair *box, const void *sealed, size_t n_sealed, size_t n_max,
		struct secret **ret, struct why *why);
