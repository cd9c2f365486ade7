/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A real PulseAudio of one's own with one sink, "room", in a private directory. What is played
 * into the room can be heard bit for bit from room.monitor. */

#include <stdbool.h>
#include <sys/types.h>

struct pulse_fixture {
	pid_t pid;
	char directory[64];
};

/* Makes the directory, points PULSE_SERVER and HOME of this process to it and starts the server.
 * 0, -ENOENT when PulseAudio is not installed, or another -errno. */
int pulse_fixture_start(struct pulse_fixture *pulse);
/* As if it had crashed; and again, at the same address. */
void pulse_fixture_kill(struct pulse_fixture *pulse);
int pulse_fixture_restart(struct pulse_fixture *pulse);
void pulse_fixture_stop(struct pulse_fixture *pulse);

/* Plays a recording into the room and returns when it has been played. */
int pulse_fixture_say(const char *path);
/* Runs pactl with one to three arguments; NULL for none. 0 or -errno. */
int pulse_fixture_control(const char *verb, const char *first, const char *second);
