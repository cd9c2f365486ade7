/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The ear in a thread of its own, so that recognising for one client keeps no other waiting. What
 * it hears with are seats: sessions made before anybody is let in, each for one stream of sound at
 * a time. Everything here but that thread is called from the thread that has the clients. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cleanup.h"
#include "base/fault.h"
#include "ear.h"

struct hearing;
struct seat;

/* Loads the models. On ANSWER_FAILED why says what the ear said. */
int hearing_new(const struct cubby_ear_config *config, struct hearing **ret, struct why *why);
/* Ends the thread; a recognition under way is waited for. */
struct hearing *hearing_free(struct hearing *hearing);
CLEANUP_DEFINE(struct hearing *, hearing_free)

/* A seat of listener number `listener`, owned by the hearing. Before hearing_start(). */
int hearing_seat_add(struct hearing *hearing, unsigned listener, const char *name, unsigned flags,
		     const char *profile, struct why *why);
int hearing_start(struct hearing *hearing);
/* Readable when a seat has news; then call hearing_news_clear() and look at the seats. */
int hearing_fd(const struct hearing *hearing);
void hearing_news_clear(struct hearing *hearing);

/* A free one of this listener; NULL: all are taken. */
struct seat *hearing_seat_take(struct hearing *hearing, unsigned listener);
/* What was pushed and did not come out is wiped; then it is free again. */
void seat_release(struct seat *seat);

/* Returns how many were taken: fewer than n while the ear is half a minute behind. */
size_t seat_push(struct seat *seat, const int16_t *samples, size_t n);
/* Samples pushed since this seat was made. */
uint64_t seat_position(const struct seat *seat);
/* The stream ends with what has been pushed; `ended` comes when all of it was heard. */
void seat_end(struct seat *seat);

struct seat_news {
	unsigned wakes;			/* phrases heard since asked last */
	uint64_t wake_position;		/* of the last */
	bool ended;
	bool failed;			/* the ear could not recognise it */
};
void seat_news_take(struct seat *seat, struct seat_news *ret);

#define SEAT_TEXT_BYTES 4096
/* Once it has ended: the words of all its utterances, until it is released. */
const char *seat_text(const struct seat *seat);
