/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The household of bus_host.h, and what of it is worth saying to a keeper. */

#include "house.h"
#include "keeper.h"

/* Into an empty directory: a child with consents and items, an adult with an approved copy. */
void host_house_make(const char *directory);
const char *host_house_word(unsigned number);
/* Made for this keeper, and for the connection of this session where that matters. */
const uint8_t *host_house_bytes(struct keeper *keeper, struct session *session, unsigned number,
				size_t *ret_n);
/* As the founding parent, for a while. */
void host_house_prove(struct proof *ret);
/* Bodies of two parts, as `host_house_parts` says. */
const uint8_t *host_house_bodies(size_t *ret_n);
#define HOST_PART_BYTES (1 + 24 + 1024 + 17)
