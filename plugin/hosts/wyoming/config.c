/* SPDX-License-Identifier: Apache-2.0 */

/* Reading the configuration. Nothing may be reachable from the network by a slip of the pen: that
 * takes a setting of its own. */

#include "hosts/wyoming/config.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "conf.h"

#define INVALID(why, ...) answer_why(why, ANSWER_INVALID_ARGUMENT, __VA_ARGS__)
#define RUN_DIR "/run/cubby-wyoming/"

static int text_take(char *to, size_t bytes, const char *name, const char *value, struct why *why)
{
	if (!*value || strlen(value) >= bytes)
		return INVALID(why, "%s must have 1 to %zu characters", name, bytes - 1);
	strcpy(to, value);
	return 0;
}

static int number_take(unsigned *to, unsigned min, unsigned max, const char *name,
		       const char *value, struct why *why)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end || number < min || number > max)
		return INVALID(why, "%s must be a number from %u to %u, not \"%.50s\"", name, min,
			       max, value);
	*to = (unsigned)number;
	return 0;
}

static int common_take(struct config *config, const char *name, const char *value, struct why *why)
{
	const struct {
		const char *name;
		char *text;
		size_t bytes;
	} texts[] = {
		{ "model", config->model, sizeof(config->model) },
		{ "grammar", config->grammar, sizeof(config->grammar) },
		{ "lm", config->lm, sizeof(config->lm) },
		{ "wake_phrase", config->wake_phrase, sizeof(config->wake_phrase) },
		{ "language", config->language, sizeof(config->language) },
	};
	const struct {
		const char *name;
		unsigned *number, min, max;
	} numbers[] = {
		{ "connections", &config->connections, 1, 64 },
		{ "streams", &config->streams, 1, 8 },
		{ "utterance_max_s", &config->utterance_max_s, 1, 600 },
		{ "idle_max_s", &config->idle_max_s, 1, 3600 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(name, texts[i].name) == 0)
			return text_take(texts[i].text, texts[i].bytes, name, value, why);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (strcmp(name, numbers[i].name) == 0)
			return number_take(numbers[i].number, numbers[i].min, numbers[i].max, name,
					   value, why);
	if (strcmp(name, "allow_network") != 0)
		return INVALID(why, "unknown setting \"%.50s\"; known before the first listener "
			       "are model, grammar, lm, wake_phrase, language, connections, "
			       "streams, utterance_max_s, idle_max_s and allow_network", name);
	config->allow_network = strcmp(value, "yes") == 0;
	if (!config->allow_network && strcmp(value, "no") != 0)
		return INVALID(why, "allow_network must be \"yes\" or \"no\", not \"%.50s\"",
			       value);
	return 0;
}

static int user_take(struct listener_config *listener, const char *name, struct why *why)
{
	struct passwd *user = getpwnam(name);
	char *end;
	unsigned long uid = strtoul(name, &end, 10);

	if (!user && (!isdigit((unsigned char)*name) || *end || uid >= UINT32_MAX))
		return INVALID(why, "there is no user \"%.50s\"", name);
	if (listener->n_users == CONFIG_USERS_MAX)
		return INVALID(why, "more than %d users; make a group of them that may use the "
			       "socket instead", CONFIG_USERS_MAX);
	listener->users[listener->n_users++] = user ? user->pw_uid : (uid_t)uid;
	return 0;
}

static int users_take(struct listener_config *listener, const char *value, struct why *why)
{
	_cleanup_(cleanup_free) char *copy = strdup(value);
	char *rest = copy, *name;
	int r = 0;

	if (!copy)
		return fault_origin(-ENOMEM);
	while (r == 0 && (name = strsep(&rest, ", \t")))
		if (*name)
			r = user_take(listener, name, why);
	/* Nobody named must not become anybody. */
	if (r == 0 && listener->n_users == 0)
		return INVALID(why, "users names nobody; leave it out to let in whom the socket's "
			       "mode lets in");
	return r;
}

static int listener_take(struct listener_config *listener, const char *name, const char *value,
			 struct why *why)
{
	if (strcmp(name, "tcp") == 0)
		return address_parse(value, &listener->tcp, why);
	if (strcmp(name, "users") == 0)
		return users_take(listener, value, why);
	if (strcmp(name, "unix") == 0 && value[0] != '/')
		return INVALID(why, "unix must be the full path of a socket, like %sasr.sock, not "
			       "\"%.100s\"", RUN_DIR, value);
	if (strcmp(name, "unix") == 0)
		return text_take(listener->path, sizeof(listener->path), name, value, why);
	if (strcmp(name, "profile") == 0 && listener->service == SERVICE_WAKE)
		return INVALID(why, "a wake listener keeps nothing, so it has no profile; name it "
			       "in an asr listener");
	if (strcmp(name, "profile") == 0)
		return text_take(listener->profile, sizeof(listener->profile), name, value, why);
	return INVALID(why, "unknown setting \"%.50s\"; known of a listener are tcp, unix, users "
		       "and profile", name);
}

static int listener_find(struct config *config, const char *section,
			 struct listener_config **ret, struct why *why)
{
	enum service service = strncmp(section, "wake", 4) == 0 ? SERVICE_WAKE : SERVICE_ASR;
	const char *rest = section + (service == SERVICE_WAKE ? 4 : 3);

	for (unsigned i = 0; i < config->n_listeners; i++)
		if (strcmp(config->listeners[i].name, section) == 0) {
			*ret = &config->listeners[i];
			return 0;
		}
	if ((service == SERVICE_ASR && strncmp(section, "asr", 3) != 0) ||
	    (*rest && *rest != ' '))
		return INVALID(why, "unknown section [%.50s]; a listener is [asr NAME] or [wake "
			       "NAME]", section);
	/* libinih cuts a longer one off without a word. */
	if (strlen(section) > 48)
		return INVALID(why, "the section's name [%.50s...] is over 48 characters", section);
	if (config->n_listeners == CONFIG_LISTENERS_MAX)
		return INVALID(why, "more than %d listeners", CONFIG_LISTENERS_MAX);
	*ret = &config->listeners[config->n_listeners++];
	(*ret)->service = service;
	strcpy((*ret)->name, section);
	return 0;
}

static int line_take(void *context, const char *section, const char *name, const char *value,
		     struct why *why)
{
	struct config *config = context;
	struct listener_config *listener = NULL;
	int r;

	if (!*section)
		return common_take(config, name, value, why);
	r = listener_find(config, section, &listener, why);
	return r ? r : listener_take(listener, name, value, why);
}

static int listener_check(const struct config *config, const struct listener_config *listener,
			  struct why *why)
{
	bool tcp = listener->tcp.any.sa_family != AF_UNSPEC;
	char text[ADDRESS_TEXT];

	if (!tcp && !*listener->path)
		return INVALID(why, "[%s] listens nowhere; give it tcp = 127.0.0.1:%d or unix = "
			       RUN_DIR "NAME.sock", listener->name,
			       listener->service == SERVICE_ASR ? PORT_ASR : PORT_WAKE);
	if (tcp && listener->n_users)
		return INVALID(why, "[%s] has users and tcp, where nobody can know who it is; "
			       "leave out one of them", listener->name);
	if (tcp && !config->allow_network && !address_is_loopback(&listener->tcp))
		return INVALID(why, "[%s] tcp = %s can be reached from the network, where anybody "
			       "could speak as this listener; use 127.0.0.1, or write "
			       "allow_network = yes before the first listener if that is meant",
			       listener->name, address_text(&listener->tcp, text));
	return 0;
}

static int twice_check(const struct listener_config *one, const struct listener_config *two,
		       struct why *why)
{
	char text[ADDRESS_TEXT], other[ADDRESS_TEXT];

	if (one->tcp.any.sa_family != AF_UNSPEC &&
	    strcmp(address_text(&one->tcp, text), address_text(&two->tcp, other)) == 0)
		return INVALID(why, "[%s] and [%s] both have tcp = %s; give each its own port",
			       one->name, two->name, text);
	if (*one->path && strcmp(one->path, two->path) == 0)
		return INVALID(why, "[%s] and [%s] both have unix = %s; give each its own path",
			       one->name, two->name, one->path);
	return 0;
}

static int config_check(const struct config *config, struct why *why)
{
	int r = 0;

	if (*config->grammar && *config->lm)
		return INVALID(why, "grammar and lm exclude each other; leave out one of them");
	for (unsigned i = 0; r == 0 && i < config->n_listeners; i++) {
		r = listener_check(config, &config->listeners[i], why);
		for (unsigned k = 0; r == 0 && k < i; k++)
			r = twice_check(&config->listeners[k], &config->listeners[i], why);
	}
	return r;
}

static void listeners_default(struct config *config)
{
	struct listener_config *asr = &config->listeners[0], *wake = &config->listeners[1];

	*asr = (struct listener_config) { .service = SERVICE_ASR, .name = "asr",
					  .path = RUN_DIR "asr.sock" };
	*wake = (struct listener_config) { .service = SERVICE_WAKE, .name = "wake",
					   .path = RUN_DIR "wake.sock" };
	address_loopback(PORT_ASR, &asr->tcp);
	address_loopback(PORT_WAKE, &wake->tcp);
	config->n_listeners = 2;
}

int config_read(const char *path, struct config *ret, struct why *why)
{
	const char *file = path ? path : CONFIG_PATH;
	int r = 0;

	*ret = (struct config) { .wake_phrase = "okay computer", .language = "en",
				 .connections = 8, .streams = 2, .utterance_max_s = 60,
				 .idle_max_s = 30 };
	if (path || access(file, F_OK) == 0 || errno != ENOENT)
		r = conf_read(file, line_take, ret, why);
	if (r)
		return r;
	if (ret->n_listeners == 0)
		listeners_default(ret);
	r = config_check(ret, why);
	if (r > 0) {
		struct why what = *why;

		return INVALID(why, "%s: %.400s", file, what.text);
	}
	return r;
}

static int uri_take(struct listener_config *listener, const char *uri, struct why *why)
{
	if (strncmp(uri, "tcp://", 6) == 0)
		return listener_take(listener, "tcp", uri + 6, why);
	if (strncmp(uri, "unix://", 7) == 0)
		return listener_take(listener, "unix", uri + 7, why);
	return INVALID(why, "\"%.100s\" is no address of a listener; write tcp://127.0.0.1:%d or "
		       "unix://" RUN_DIR "NAME.sock", uri, PORT_ASR);
}

int config_ask(struct config *config, const struct config_asked *asked, unsigned n,
	       bool allow_network, struct why *why)
{
	int r = 0;

	config->allow_network = config->allow_network || allow_network;
	if (n > 0)
		config->n_listeners = 0;
	for (unsigned i = 0; r == 0 && i < n; i++) {
		struct listener_config *listener = &config->listeners[config->n_listeners++];

		*listener = (struct listener_config) { .service = asked[i].service };
		snprintf(listener->name, sizeof(listener->name), "%s %u",
			 asked[i].service == SERVICE_WAKE ? "wake" : "asr", i + 1);
		r = uri_take(listener, asked[i].uri, why);
		if (r == 0 && asked[i].profile)
			r = listener_take(listener, "profile", asked[i].profile, why);
	}
	return r ? r : config_check(config, why);
}
