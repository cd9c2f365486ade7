/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What follows a reset: the keeper becomes one that no household has known. */

struct keeper;

/* After a reset whose erasure is done (otherwise nothing happens): a new device key, no proofs, and
 * the first entry of a new access log. At start, too, for one that was interrupted. */
int keeper_renew(struct keeper *keeper);
