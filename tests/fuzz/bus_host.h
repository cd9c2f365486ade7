/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A real keeper without a bus daemon: a process of its own stands for the bus, says who callers
 * are, and forgets every reply; calls are put into the dispatcher as if they had come from there.
 * The keeper begins anew each time with the same household, at the same time of day. Its
 * confinement is left out, and its clocks are ours.
 */

#include "../faults/heap.h"
#include "bus/server_private.h"
#include "keeper.h"

enum host_caller {
	HOST_STRANGER, HOST_EAR, HOST_PARENT, HOST_PROVED, HOST_ROOT, HOST_CALLERS,
};

/* Strings that mean something in this household, and what replies last had; never NULL. */
const char *host_word(unsigned number);
/* Boxes and keys that mean something: *ret_n bytes. */
const uint8_t *host_bytes(unsigned number, size_t *ret_n);

/* Where memory is to run out while a keeper starts, is called or ends; NULL: nowhere. */
extern struct heap *host_heap;
/* While it starts as well: that alone makes a hundred thousand allocations. */
extern bool host_heap_at_start;
/* An allocation will fail or has, and so may everything else. */
bool host_starving(void);

/* Starts it; the answer of keeper_start(). */
int host_start(void);
/* Stops it, and starts it on what it left behind, with all the memory there is. */
int host_start_again(void);
/* Stops it. Nothing is left of it but the household it began with. */
void host_stop(void);
struct keeper *host_keeper(void);

/* The call of somebody; takes the message over, gives it its sender. */
void host_call(enum host_caller caller, DBusMessage *call);
/* Until nobody waits for a reply and nothing is being erased, or it has turned often enough. */
void host_settle(void);
/* The clocks go on, and what is done each minute is done. */
void host_minutes(unsigned minutes);
/* Replies since the start: of these `good` were no errors. */
struct host_replies {
	unsigned good, refused, failed;
};
struct host_replies host_replies(void);
