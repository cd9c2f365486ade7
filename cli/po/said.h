/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For translators alone, and in no program: words that are no sentence of the command's, but come
 * from the keeper or from libcubby, and that it shows translated. */

/* What a consent or a voiceprint is. */
N_("in force")
N_("withdrawn")
N_("policy changed")

/* What is wrong with a file of an export. */
N_("changed")
N_("missing")
N_("recalled")
N_("renamed")
N_("repacked")
N_("unreadable")
