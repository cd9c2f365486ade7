/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Events as lines: JSON for programs, sentences for people. */

#include <stdbool.h>
#include "base/cleanup.h"
#include "ear.h"

struct print;

int print_new(int fd, bool json, struct print **ret);
struct print *print_free(struct print *print);
CLEANUP_DEFINE(struct print *, print_free)

/* Written before it returns, from memory that is locked and wiped. A fault: nobody reads. */
int print_event(struct print *print, const struct cubby_ear_event *event);
