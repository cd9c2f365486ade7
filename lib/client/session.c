/* SPDX-License-Identifier: Apache-2.0 */
/* One parent's connection to the keeper, and the secrets fetched over it. No secret may outlive the
 * session, and no key is used that was not checked against the pins. */

#include "client/session.h"
#include "client/remote.h"
#include "client/reply.h"

#include <pwd.h>
#include <string.h>

#include "base/log.h"
#include "crypt/device.h"

_Static_assert((int)CUBBY_NOT_AUTHORIZED == (int)ANSWER_NOT_AUTHORIZED, "public answers");
_Static_assert((int)CUBBY_LOCKED == (int)ANSWER_LOCKED, "public answers");
_Static_assert((int)CUBBY_NOT_FOUND == (int)ANSWER_NOT_FOUND, "public answers");
_Static_assert((int)CUBBY_EXISTS == (int)ANSWER_EXISTS, "public answers");
_Static_assert((int)CUBBY_INVALID_ARGUMENT == (int)ANSWER_INVALID_ARGUMENT, "public answers");
_Static_assert((int)CUBBY_NO_CONSENT == (int)ANSWER_NO_CONSENT, "public answers");
_Static_assert((int)CUBBY_QUOTA_EXCEEDED == (int)ANSWER_QUOTA_EXCEEDED, "public answers");
_Static_assert((int)CUBBY_RATE_LIMITED == (int)ANSWER_RATE_LIMITED, "public answers");
_Static_assert((int)CUBBY_BUSY == (int)ANSWER_BUSY, "public answers");
_Static_assert((int)CUBBY_FAILED == (int)ANSWER_FAILED, "public answers");
_Static_assert((int)CUBBY_NO_DAEMON == (int)ANSWER_NO_DAEMON, "public answers");
_Static_assert((int)CUBBY_TIMEOUT == (int)ANSWER_TIMEOUT, "public answers");

int64_t session_now_s(void)
{
	return clock_wall_s(&clock_system);
}

int session_size(struct cubby *cubby, size_t size, size_t least, const char *macro)
{
	if (size >= least)
		return 0;
	return answer_why(&cubby->why, ANSWER_INVALID_ARGUMENT,
			  "a struct without its size was given; begin with %s", macro);
}

static int state_dir_default(char **ret)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	const struct passwd *passwd;
	int r;

	/* The base directory specification: a relative path counts as not set. */
	if (state && state[0] == '/') {
		r = asprintf(ret, "%s/cubby", state);
	} else {
		if (!home || home[0] != '/') {
			passwd = getpwuid(getuid());
			home = passwd ? passwd->pw_dir : "/";
		}
		r = asprintf(ret, "%s/.local/state/cubby", home);
	}
	return r < 0 ? fault_origin(-ENOMEM) : 0;
}

CLEANUP_DEFINE(struct cubby *, cubby_free)

/* Another machine has another keeper, and so other pins. */
static int host_take(struct cubby *cubby, const char *host)
{
	_cleanup_(cleanup_free) char *here = take(cubby->state_dir);
	int r = remote_address(host, &cubby->address);

	if (r != 0)
		return fault_trace(r);
	cubby->host = strdup(host);
	if (!cubby->host || asprintf(&cubby->state_dir, "%s/hosts/%s", here, host) < 0)
		return fault_origin(-ENOMEM);
	return 0;
}

int cubby_new(const struct cubby_options *options, struct cubby **ret)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	int r;

	if (options && options->size < sizeof(*options))
		return ANSWER_INVALID_ARGUMENT;
	r = crypt_init();
	if (r < 0)
		return fault_trace(r);
	cubby = calloc(1, sizeof(*cubby));
	if (!cubby)
		return fault_origin(-ENOMEM);
	cubby->timeout_ms = options && options->timeout_ms > 0 ? options->timeout_ms :
	BUS_TIMEOUT_MS;
	if (options && options->address) {
		cubby->address = strdup(options->address);
		if (!cubby->address)
			return fault_origin(-ENOMEM);
	}
	if (options && options->state_dir) {
		cubby->state_dir = strdup(options->state_dir);
		if (!cubby->state_dir)
			return fault_origin(-ENOMEM);
	} else {
		r = state_dir_default(&cubby->state_dir);
		if (r < 0)
			return fault_trace(r);
	}
	if (options && options->host) {
		r = host_take(cubby, options->host);
		if (r != 0)
			return fault_trace(r);
	}
	*ret = take(cubby);
	return 0;
}

void session_forget_secrets(struct cubby *cubby)
{
	cubby->home = box_keypair_free(cubby->home);
	cubby->release = box_keypair_free(cubby->release);
	cubby->sign = sign_keypair_free(cubby->sign);
	for (size_t i = 0; i < REKEYS_MAX; i++) {
		cubby->former_home[i] = box_keypair_free(cubby->former_home[i]);
		cubby->former_release[i] = box_keypair_free(cubby->former_release[i]);
	}
	cubby->formers_known = false;
}

struct cubby *cubby_free(struct cubby *cubby)
{
	if (!cubby)
		return NULL;
	session_forget_secrets(cubby);
	bus_client_free(cubby->bus);
	free(cubby->address);
	free(cubby->host);
	free(cubby->state_dir);
	free(cubby->asked.job);
	free(cubby->asked.ids);
	free(cubby->receipt_job);
	array_clear(&cubby->alerts, free);
	free(cubby);
	return NULL;
}

const char *cubby_why(const struct cubby *cubby)
{
	return cubby->why.text;
}

const char *cubby_state_dir(const struct cubby *cubby)
{
	return cubby->state_dir;
}

void session_begin(struct cubby *cubby)
{
	cubby->why.text[0] = 0;
}

int session_end(struct cubby *cubby, int r)
{
	if (r < 0)
		answer_why(&cubby->why, ANSWER_FAILED, "something broke in this program (%s)",
			   strerror(-r));
	else if (r > 0 && !cubby->why.text[0])
		answer_why(&cubby->why, r, "the keeper said %s without a reason", answer_name(r));
	return r;
}

static int session_connect(struct cubby *cubby)
{
	int r;

	if (cubby->bus && bus_client_connected(cubby->bus))
		return 0;
	/* A proof ends with its connection, so its secrets do. */
	session_forget_secrets(cubby);
	cubby->bus = bus_client_free(cubby->bus);
	cubby->device_known = false;
	cubby->household_known = false;
	r = bus_client_open(cubby->address, &cubby->bus, &cubby->why);
	if (r > 0 && cubby->host)
		return answer_why(&cubby->why, ANSWER_NO_DAEMON,
				  "cannot reach the bus of %s through ssh: does 'ssh %s "
				  "systemd-stdio-bridge' answer there?", cubby->host, cubby->host);
	return fault_trace(r);
}

int cubby_connect(struct cubby *cubby)
{
	session_begin(cubby);
	return session_end(cubby, session_connect(cubby));
}

int session_request(struct cubby *cubby, const char *path, const char *interface,
		    const char *member, struct message **ret)
{
	int r = session_connect(cubby);

	if (r != 0)
		return fault_trace(r);
	return fault_trace(bus_request_new(cubby->bus, path, interface, member, ret));
}

int session_call_complete(struct cubby *cubby, struct message *request, int timeout_ms,
			  struct message **ret_reply)
{
	return fault_trace(bus_call(cubby->bus, request, timeout_ms, ret_reply, &cubby->why));
}

int session_call(struct cubby *cubby, struct message *request, struct message **ret_reply)
{
	int r;

	r = message_open(request, 'a', "{sv}");
	if (r == 0)
		r = message_close(request);
	if (r != 0)
		return fault_trace(r);
	return session_call_complete(cubby, request, cubby->timeout_ms, ret_reply);
}

int session_malformed(struct cubby *cubby, int r, const char *member)
{
	if (r <= 0)
		return r;
	return answer_why(&cubby->why, ANSWER_FAILED,
			  "the keeper's answer to %s is not understood; client and keeper have "
			  "to be "
			  "of one version", member);
}

static void asked_clear(struct cubby *cubby)
{
	free(cubby->asked.job);
	free(cubby->asked.ids);
	memset(&cubby->asked, 0, sizeof(cubby->asked));
}

int session_job(struct cubby *cubby, const char *path, const char *reason, int64_t items,
		char **ret_job)
{
	_cleanup_(cleanup_free) char *asked = strdup(path);
	char *job = NULL;

	if (!asked)
		return fault_origin(-ENOMEM);

	if (strcmp(path, "/") != 0) {
		job = strdup(path);
		if (!job)
			return fault_origin(-ENOMEM);
	}
	asked_clear(cubby);
	cubby->asked.job = take(asked);
	cubby->asked.reason = reason;
	cubby->asked.items = items;
	*ret_job = job;
	return 0;
}

static int session_pins(struct cubby *cubby)
{
	int r;

	if (cubby->pins_read)
		return 0;
	r = pins_read(cubby->state_dir, &cubby->pins, &cubby->why);
	cubby->pins_read = r == 0;
	return fault_trace(r);
}

/* Status.Identity as text; the caller frees it. */
static int identity_get(struct cubby *cubby, char **ret)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *text;
	int r;

	r = session_request(cubby, NULL, "org.freedesktop.DBus.Properties", "Get", &request);
	if (r == 0)
		r = message_append(request, "ss", BUS_NAME ".Status", "Identity");
	if (r == 0)
		r = session_call_complete(cubby, request, cubby->timeout_ms, &reply);
	if (r != 0)
		return fault_trace(r);
	r = message_enter(reply, 'v', "s");
	if (r == 0)
		r = message_read(reply, "s", &text);
	if (r != 0)
		return fault_trace(session_malformed(cubby, r, "Identity"));
	*ret = strdup(text);
	return *ret ? 0 : fault_origin(-ENOMEM);
}

int session_device(struct cubby *cubby)
{
	_cleanup_(cleanup_free) char *text = NULL;
	uint8_t box[BOX_PUBLIC_BYTES], sign[SIGN_PUBLIC_BYTES];
	int r;

	if (cubby->device_known)
		return 0;
	r = session_pins(cubby);
	if (r == 0)
		r = identity_get(cubby, &text);
	if (r == 0)
		r = device_verify(text, NULL, sign, box, &cubby->why);
	if (r != 0)
		return fault_trace(r);
	if (cubby->pins.device && (memcmp(sign, cubby->pins.device_sign, sizeof(sign)) != 0 ||
				   memcmp(box, cubby->pins.device_box, sizeof(box)) != 0))
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the keeper has other keys than those pinned in %s/%s; nothing "
				  "was sent to it; if the device was set up anew, move that file "
				  "away", cubby->state_dir, PIN_FILE);
	if (!cubby->pins.device) {
		struct pins pins = cubby->pins;

		pins.device = true;
		memcpy(pins.device_sign, sign, sizeof(sign));
		memcpy(pins.device_box, box, sizeof(box));
		r = pins_write(cubby->state_dir, &pins, &cubby->why);
		if (r != 0)
			return fault_trace(r);
		cubby->pins = pins;
	}
	cubby->device_known = true;
	return 0;
}

int session_statements(struct cubby *cubby, struct array *ret)
{
	_cleanup_(message_freep) struct message *reply = NULL;
	const char *household;
	int r = reply_get(cubby, "Parents", "Household", &reply, "");

	if (r != 0)
		return fault_trace(r);
	r = message_read(reply, "s", &household);
	if (r == 0)
		r = array_add_text(ret, household);
	if (r == 0)
		r = reply_texts(reply, ret);
	return fault_trace(session_malformed(cubby, r, "Household"));
}

/* Holds on to what was seen for the first time, and to the newest change of keys. */
static int household_pin(struct cubby *cubby, const struct rekeyed *rekeyed)
{
	struct pins pins = cubby->pins;
	int r;

	if (pins.founder && pins.keys.number == rekeyed->mark.number)
		return 0;
	pins.founder = true;
	memcpy(pins.founder_key, rekeyed->household.founder, sizeof(pins.founder_key));
	pins.keys = rekeyed->mark;
	r = pins_write(cubby->state_dir, &pins, &cubby->why);
	if (r == 0)
		cubby->pins = pins;
	return fault_trace(r);
}

int session_household(struct cubby *cubby)
{
	struct array texts = { 0 };
	struct household household;
	struct rekeyed rekeyed;
	int r;

	if (cubby->household_known)
		return 0;
	r = session_pins(cubby);
	if (r == 0)
		r = session_statements(cubby, &texts);
	/* First whether it holds by itself, then whether it is ours: two different sentences. */
	if (r == 0)
		r = household_verify(texts.all[0], NULL, &household, &cubby->why);
	if (r == 0 && cubby->pins.founder &&
	    memcmp(household.founder, cubby->pins.founder_key, sizeof(household.founder)) != 0)
		r = answer_why(&cubby->why, ANSWER_FAILED,
			       "the household's keys changed and no parent known here signed the "
			       "change; nothing was done; if the household was set up anew, move "
			       "%s/%s away", cubby->state_dir, PIN_FILE);
	if (r == 0)
		r = rekeys_follow(texts.all[0], (const char *const *)texts.all + 1,
				  texts.n - 1, cubby->pins.keys.number ? &cubby->pins.keys : NULL,
				  &rekeyed, &cubby->why);
	array_clear(&texts, free);
	if (r == 0)
		r = household_pin(cubby, &rekeyed);
	if (r != 0)
		return fault_trace(r);
	cubby->household = rekeyed.household;
	cubby->mark = rekeyed.mark;
	cubby->parents = rekeyed.parents;
	cubby->household_known = true;
	return 0;
}
