/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The record that a transcript is sealed as (docs/FORMATS.md "Envelope"). */

#include <stdint.h>
#include "crypt/secret.h"

/* text: UTF-8, ANSWER_INVALID_ARGUMENT otherwise. The confidence is kept to a thousandth. */
int transcript_make(const char *text, double confidence, int64_t duration_ms, struct secret **ret);
/* *ret_text ends with a NUL. ANSWER_INVALID_ARGUMENT: not such a record. */
int transcript_read(const struct secret *record, struct secret **ret_text, double *ret_confidence,
		    int64_t *ret_duration_ms);
