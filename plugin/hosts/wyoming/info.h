/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The answer to describe, and the wake model's name in it. */

#include "hosts/wyoming/config.h"

/* "okay computer" -> "okay_computer" */
void info_wake_model(const struct config *config, char ret_name[static CONFIG_NAME_BYTES]);
/* The whole event with its line feed; the caller frees it. */
int info_make(const struct config *config, enum service service, const char *wake_model,
	      char **ret_event);
