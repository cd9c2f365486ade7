/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A recovery code as a QR code, for a camera instead of a keyboard. */

#include <stdio.h>
#include "base/fault.h"
#include "crypt/secret.h"

/* With block characters, for a terminal that shows UTF-8. 0 or a fault. */
int qr_print(FILE *file, const char *code);
/* A whole PNG file. 0 or a fault. */
int qr_png(const char *code, struct secret **ret);
