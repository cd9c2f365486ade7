/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a household: its keys, and the two doors to them. The secret keys leave this process only
 * as wraps, the passphrase and the recovery code not at all. */

#include <string.h>

#include "base/id.h"
#include "client/doors.h"
#include "client/log_seen.h"
#include "client/reply.h"

int cubby_passphrase_check(struct cubby *cubby, const char *passphrase)
{
	session_begin(cubby);
	return session_end(cubby, door_passphrase_check(passphrase, &cubby->why));
}

void cubby_passphrase_suggest(char ret_words[CUBBY_SUGGESTION_TEXT])
{
	door_passphrase_suggest(ret_words);
}

/* The household being made. */
struct founding {
	struct box_keypair *home;
	struct box_keypair *release;
	struct sign_keypair *sign;
};

static void founding_clear(struct founding *founding)
{
	founding->home = box_keypair_free(founding->home);
	founding->release = box_keypair_free(founding->release);
	founding->sign = sign_keypair_free(founding->sign);
}

static int founding_new(struct founding *founding)
{
	int r;

	r = box_keypair_new(&founding->home);
	if (r == 0)
		r = box_keypair_new(&founding->release);
	if (r == 0)
		r = sign_keypair_new(&founding->sign);
	return fault_trace(r);
}

static int household_make(const char *parent, const struct founding *founding, char **ret_text)
{
	struct household household;

	memcpy(household.home, founding->home->public, sizeof(household.home));
	memcpy(household.release, founding->release->public, sizeof(household.release));
	memcpy(household.founder, founding->sign->public, sizeof(household.founder));
	return fault_trace(household_sign(&household, parent, session_now_s(), founding->sign,
					  ret_text));
}

static int setup_send(struct cubby *cubby, const char *parent, const char *household,
		      const uint8_t *box, size_t n)
{
	_cleanup_(message_freep) struct message *reply = NULL;

	return fault_trace(reply_get(cubby, "Parents", "Setup", &reply, "ssay", parent, household,
				     (const void *)box, n));
}

/* What this client made and sent itself it need not ask for. */
static int setup_pin(struct cubby *cubby, struct founding *founding)
{
	struct pins pins = cubby->pins;
	int r;

	pins.founder = true;
	pins.keys = (struct rekey_mark){ 0 };
	memcpy(pins.founder_key, founding->sign->public, sizeof(pins.founder_key));
	r = pins_write(cubby->state_dir, &pins, &cubby->why);
	if (r != 0)
		return fault_trace(r);
	cubby->pins = pins;
	session_forget_secrets(cubby);
	cubby->home = take(founding->home);
	cubby->release = take(founding->release);
	cubby->sign = take(founding->sign);
	return 0;
}

static int setup_run(struct cubby *cubby, const char *parent, const char *passphrase,
		     int (*keep_code)(void *context, const char *code), void *context)
{
	_cleanup_(founding_clear) struct founding founding = { 0 };
	struct doors_secrets secrets;
	_cleanup_(secret_freep) struct secret *code = NULL;
	char problem[CUBBY_LOG_PROBLEM_TEXT];
	_cleanup_(cleanup_free) char *household = NULL;
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	size_t n;
	int r;

	r = door_passphrase_check(passphrase, &cubby->why);
	if (r == 0)
		r = session_device(cubby);
	if (r == 0)
		r = founding_new(&founding);
	if (r == 0)
		r = household_make(parent, &founding, &household);
	if (r == ANSWER_INVALID_ARGUMENT)
		return answer_why(&cubby->why, r,
				  "'%.64s' cannot be a parent's name; take 1 to 32 characters",
				  parent);
	if (r == 0)
		r = door_recovery_new(&code);
	secrets = (struct doors_secrets){ founding.home, founding.release, founding.sign };
	if (r == 0)
		r = doors_seal(cubby, &secrets, passphrase, (const char *)code->bytes, &box, &n);
	if (r != 0)
		return fault_trace(r);
	if (keep_code(context, (const char *)code->bytes) != 0)
		return answer_why(&cubby->why, ANSWER_FAILED,
				  "the recovery code could not be kept, so nothing was set up");
	r = setup_send(cubby, parent, household, box, n);
	if (r == 0)
		r = setup_pin(cubby, &founding);
	if (r != 0)
		return fault_trace(r);
	/* The log's first checkpoint. The household is there, with or without it. */
	if (log_look(cubby, problem) != 0)
		session_begin(cubby);
	return 0;
}

int cubby_household_key(struct cubby *cubby, char ret_key[CUBBY_KEY_TEXT])
{
	int r;

	session_begin(cubby);
	r = session_household(cubby);
	if (r == 0)
		hex_text(cubby->household.founder, sizeof(cubby->household.founder), ret_key);
	return session_end(cubby, fault_trace(r));
}

int cubby_setup(struct cubby *cubby, const char *parent, const char *passphrase,
		int (*keep_code)(void *context, const char *code), void *context)
{
	session_begin(cubby);
	return session_end(cubby, setup_run(cubby, parent, passphrase, keep_code, context));
}
