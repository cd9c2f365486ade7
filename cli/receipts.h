/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The receipts of erasures, as a part of the report. */

#include "hand.h"
#include "page.h"

/* Of the last `days`, newest first, each with what can be shown of it; the signatures are checked
 * here. Returns an exit code. */
int receipts_put(struct hand *hand, struct page *page, unsigned days);
