/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What time does to the access log: a signed checkpoint a day, and bodies that are emptied when
 * they are 24 months old. Seq, time, hash and tag of such an entry stay, so the log still
 * verifies; who did what is gone. */

#include "crypt/checkpoint.h"
#include "log.h"

#define LOG_DAY_KEPT_DAYS 400		/* checkpoints */
#define LOG_DAY_EMPTIED_DAYS 730	/* as in schemas/sql/0014 */

/* Of the log as it is now. */
int log_day_checkpoint(struct store *store, struct age *age, const struct sign_keypair *device,
		       char **ret_statement);
/* Call every minute. Once a day it empties, a thousand bodies a call, then makes a checkpoint. */
int log_day_pass(struct access_log *log, struct store *store, struct age *age,
		 const struct sign_keypair *device);
