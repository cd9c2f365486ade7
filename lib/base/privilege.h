/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What no program of Cubby needs once it has begun: capabilities, new privileges, a core, being
 * looked into by others of its user. */

/* Gives all of it up, for good. */
int privilege_drop(void);
