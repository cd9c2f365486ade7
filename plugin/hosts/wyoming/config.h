/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* /etc/cubby/wyoming.conf: which listeners there are, and what a client may use up. */

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>
#include "base/fault.h"
#include "hosts/wyoming/address.h"

#define CONFIG_PATH "/etc/cubby/wyoming.conf"
#define CONFIG_LISTENERS_MAX 16
#define CONFIG_USERS_MAX 8
#define CONFIG_NAME_BYTES 64
#define CONFIG_PROFILE_BYTES 129

enum service { SERVICE_ASR, SERVICE_WAKE };

/* A section: [asr NAME] or [wake NAME]. */
struct listener_config {
	enum service service;
	char name[CONFIG_NAME_BYTES];		/* the section's: "asr", "asr emma" */
	char profile[CONFIG_PROFILE_BYTES];	/* "": unknown speakers, and nothing is kept */
	union address tcp;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];	/* "": none */
	uid_t users[CONFIG_USERS_MAX];		/* who may use `path`; none: whom its mode lets */
	unsigned n_users;
};

struct config {
	char model[PATH_MAX], grammar[PATH_MAX], lm[PATH_MAX];	/* "": as the ear has it */
	char wake_phrase[128];
	char language[16];
	bool allow_network;
	unsigned connections;			/* of one listener */
	unsigned streams;			/* of one listener, heard at the same time */
	unsigned utterance_max_s;
	unsigned idle_max_s;
	struct listener_config listeners[CONFIG_LISTENERS_MAX];
	unsigned n_listeners;
};

/* path NULL: CONFIG_PATH, which may be absent: then asr and wake on loopback and below /run.
 * ANSWER_NOT_FOUND: no such file. ANSWER_INVALID_ARGUMENT names the value and the remedy. */
int config_read(const char *path, struct config *ret, struct why *why);

/* A listener named on the command line, "tcp://127.0.0.1:10300" or "unix:///run/asr.sock". */
struct config_asked {
	enum service service;
	const char *uri;
	const char *profile;		/* NULL: none */
};
/* These listeners instead of those there are, where any is asked for. ANSWER_INVALID_ARGUMENT. */
int config_ask(struct config *config, const struct config_asked *asked, unsigned n,
	       bool allow_network, struct why *why);
