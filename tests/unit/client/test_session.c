/* SPDX-License-Identifier: Apache-2.0 */
/* Setup, proof and pins, against the real keeper. */

#include "unit/client/world.h"

#include "base/file.h"
#include "base/id.h"
#include "crypt/door.h"

static int code_refuse(void *context, const char *code)
{
	return -EIO;
}

/* First, while there is no household yet. */
static void test_setup_without_a_place_for_the_code_makes_nothing(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_parent("home");
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	struct cubby_proof proof = CUBBY_PROOF_INIT;

	assert_refused(cubby, cubby_setup(cubby, "Anna", WORLD_PASSPHRASE, code_refuse, NULL),
		       CUBBY_FAILED);
	assert_refused(cubby, cubby_setup(cubby, "Anna", "123456", code_refuse, NULL),
		       CUBBY_INVALID_ARGUMENT);
	assert_refused(cubby, cubby_setup(cubby, "", WORLD_PASSPHRASE, code_refuse, NULL),
		       CUBBY_INVALID_ARGUMENT);
	assert_cubby(cubby, cubby_status(cubby, &status));
	assert_false(status->household);
	proof.passphrase = WORLD_PASSPHRASE;
	assert_refused(cubby, cubby_prove(cubby, &proof, 0), CUBBY_NOT_FOUND);
}

static void test_a_household_is_made_once(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;

	world_code();
	cubby = world_parent("home");
	assert_cubby(cubby, cubby_status(cubby, &status));
	assert_true(status->household);
	assert_true(status->described);
	assert_true(status->device_trusted);
	assert_int_equal(strlen(status->device_key), 64);
	assert_refused(cubby, cubby_setup(cubby, "Mallory", WORLD_PASSPHRASE, code_refuse, NULL),
		       CUBBY_FAILED);
}

static void test_passphrase_and_recovery_code_open(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL, *other = NULL;
	struct cubby_proof proof = CUBBY_PROOF_INIT;

	proof.recovery_code = world_code();
	cubby = world_parent("home");
	other = world_parent("home");
	assert_cubby(cubby, cubby_prove(cubby, &proof, CUBBY_SECRET_HOME | CUBBY_SECRET_SIGN));
	assert_true(cubby->home && cubby->sign && !cubby->release);
	proof.recovery_code = NULL;
	proof.passphrase = WORLD_PASSPHRASE;
	assert_cubby(other, cubby_prove(other, &proof, CUBBY_SECRET_HOME));
	assert_memory_equal(cubby->home->private->bytes, other->home->private->bytes, 32);
}

/* R17: the exporter asks for the release key, and has no other. */
static void test_r17_only_the_secrets_asked_for_are_fetched(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", CUBBY_SECRET_RELEASE);

	assert_non_null(cubby->release);
	assert_null(cubby->home);
	assert_null(cubby->sign);
}

static void test_lock_wipes_and_ends_the_proof(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("home", CUBBY_SECRET_HOME);
	char id[CUBBY_ID_TEXT];

	assert_cubby(cubby, cubby_lock(cubby));
	assert_null(cubby->home);
	assert_refused(cubby, cubby_profile_add(cubby, "nobody", true, id), CUBBY_NOT_AUTHORIZED);
}

static void test_r24_a_wrong_passphrase_is_refused(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	struct cubby_proof proof = CUBBY_PROOF_INIT;

	world_code();
	cubby = world_parent("home");
	proof.passphrase = "orbit velvet mustard canyons";
	assert_refused(cubby, cubby_prove(cubby, &proof, CUBBY_SECRET_HOME), CUBBY_NOT_AUTHORIZED);
	assert_null(cubby->home);
	proof.passphrase = NULL;
	proof.recovery_code = "0000-0000-0000-0000-0000-0000-0000-0000";
	assert_refused(cubby, cubby_prove(cubby, &proof, CUBBY_SECRET_HOME),
		       CUBBY_INVALID_ARGUMENT);
}

/* The pinned founder is another one: as if the keeper handed out somebody else's keys. */
static void test_changed_household_keys_are_refused(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	struct cubby_proof proof = CUBBY_PROOF_INIT;
	struct pins pins = { .founder = true };
	struct why why;

	proof.recovery_code = world_code();
	memset(pins.founder_key, 0x42, sizeof(pins.founder_key));
	assert_int_equal(pins_write(world_path("moved"), &pins, &why), 0);
	cubby = world_parent("moved");
	assert_refused(cubby, cubby_prove(cubby, &proof, CUBBY_SECRET_HOME), CUBBY_FAILED);
	assert_non_null(strstr(cubby_why(cubby), "household's keys changed"));
	assert_non_null(strstr(cubby_why(cubby), PIN_FILE));
	assert_null(cubby->home);
}

static void test_a_changed_keeper_gets_no_proof(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	struct cubby_proof proof = CUBBY_PROOF_INIT;
	struct pins pins = { .device = true };
	struct why why;

	proof.recovery_code = world_code();
	memset(pins.device_sign, 0x42, sizeof(pins.device_sign));
	memset(pins.device_box, 0x43, sizeof(pins.device_box));
	assert_int_equal(pins_write(world_path("swapped"), &pins, &why), 0);
	cubby = world_parent("swapped");
	assert_refused(cubby, cubby_prove(cubby, &proof, 0), CUBBY_FAILED);
	assert_non_null(strstr(cubby_why(cubby), "other keys"));
	assert_cubby(cubby, cubby_status(cubby, &status));
	assert_false(status->device_trusted);
	assert_string_equal(status->device_key, "");
}

/* First use pins; the pins outlive the session. */
static void test_first_use_pins(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved("fresh", 0);
	struct pins pins;
	struct why why;

	assert_int_equal(pins_read(world_path("fresh"), &pins, &why), 0);
	assert_true(pins.device && pins.founder);
	assert_memory_equal(pins.founder_key, cubby->household.founder, 32);
}

static uint8_t *proof_box(struct cubby *cubby, const struct box_keypair *pair,
			  const struct secret *proof, size_t *ret_n)
{
	uint8_t nonce[NONCE_BYTES], *box = NULL;
	char hex[3][65], json[512];

	assert_cubby(cubby, session_nonce(cubby, nonce));
	snprintf(json, sizeof(json),
		 "{\"caller\":\"%s\",\"nonce\":\"%s\",\"reply_key\":\"%s\",\"proof\":\"%s\"}",
		 bus_client_name(cubby->bus), hex_text(nonce, 32, hex[0]),
		 hex_text(pair->public, 32, hex[1]), hex_text(proof->bytes, 32, hex[2]));
	assert_int_equal(box_seal(cubby->pins.device_box, json, strlen(json), &box, ret_n), 0);
	return box;
}

/* Prove, by hand: what a root monitor could have recorded and would send again. */
static int prove_send(struct cubby *cubby, const void *box, size_t n, const void *reply_key)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;

	assert_int_equal(session_request(cubby, NULL, "Parents", "Prove", &request), 0);
	assert_int_equal(message_append(request, "ssay", "Anna", "recovery", box, n), 0);
	assert_int_equal(message_open(request, 'a', "s"), 0);
	assert_int_equal(message_append(request, "s", "home"), 0);
	assert_int_equal(message_close(request), 0);
	assert_int_equal(message_append(request, "ay", reply_key, (size_t)BOX_PUBLIC_BYTES), 0);
	return session_call(cubby, request, &reply);
}

static void challenge(struct cubby *cubby, struct door *door)
{
	_cleanup_(message_freep) struct message *request = NULL;
	_cleanup_(message_freep) struct message *reply = NULL;
	const void *salt;
	uint32_t wait_s;
	size_t n;

	assert_int_equal(session_request(cubby, NULL, "Parents", "Challenge", &request), 0);
	assert_int_equal(message_append(request, "ss", "Anna", "recovery"), 0);
	assert_cubby(cubby, session_call(cubby, request, &reply));
	assert_int_equal(message_read(reply, "ayutu", &salt, &n, &door->passes, &door->memory_bytes,
				      &wait_s), 0);
	assert_int_equal(n, DOOR_SALT_BYTES);
	memcpy(door->salt, salt, n);
}

static void test_r24_a_recorded_proof_opens_nothing(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL, *thief = NULL;
	_cleanup_(door_halves_clear) struct door_halves halves = { 0 };
	_cleanup_(box_keypair_freep) struct box_keypair *pair = NULL, *own = NULL;
	_cleanup_(cleanup_free) uint8_t *box = NULL, *again = NULL;
	struct door door = { .kind = DOOR_RECOVERY };
	char id[CUBBY_ID_TEXT];
	struct why why;
	size_t n, n_again;

	world_code();
	cubby = world_parent("home");
	thief = world_parent("thief");
	challenge(cubby, &door);
	assert_int_equal(session_device(cubby), 0);
	assert_int_equal(door_open(&door, world_code(), &halves, &why), 0);
	assert_int_equal(box_keypair_new(&pair), 0);
	assert_int_equal(box_keypair_new(&own), 0);
	box = proof_box(cubby, pair, halves.proof, &n);

	/* From another connection; then with a reply key of the thief's own. */
	assert_true(prove_send(thief, box, n, pair->public) > 0);
	assert_non_null(strstr(cubby_why(thief), "another connection"));
	assert_true(prove_send(cubby, box, n, own->public) > 0);
	assert_true(cubby_profile_add(thief, "nobody", true, id) == CUBBY_NOT_AUTHORIZED);
	/* Its nonce is spent now; a fresh one would have been good, once. */
	assert_true(prove_send(cubby, box, n, pair->public) > 0);
	assert_non_null(strstr(cubby_why(cubby), "Nonce"));
	again = proof_box(cubby, pair, halves.proof, &n_again);
	assert_cubby(cubby, prove_send(cubby, again, n_again, pair->public));
	assert_true(prove_send(cubby, again, n_again, pair->public) > 0);
}

static int code_forget(void *context, const char *code)
{
	return 0;
}

/* A household made anew elsewhere has other keys: the old pins refuse it. */
static void test_another_device_is_another_keeper(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;

	world_code();
	world_restart(true);
	cubby = world_parent("home");
	assert_refused(cubby, cubby_setup(cubby, "Anna", WORLD_PASSPHRASE, code_forget, NULL),
		       CUBBY_FAILED);
	assert_non_null(strstr(cubby_why(cubby), "other keys"));
	assert_int_equal(unlink(world_path("home/" PIN_FILE)), 0);
	world_code();
}

static void test_r13_a_stranger_gets_only_the_status(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = NULL;
	_cleanup_(cubby_status_freep) struct cubby_status *status = NULL;
	struct cubby_proof proof = CUBBY_PROOF_INIT;
	struct cubby_selection all = CUBBY_SELECTION_INIT;
	struct cubby_profiles *profiles = NULL;
	char *job = NULL;
	uint32_t items;

	if (geteuid() != 0)
		skip();
	proof.recovery_code = world_code();
	cubby = world_stranger("stranger");
	assert_cubby(cubby, cubby_status(cubby, &status));
	assert_false(status->described);
	assert_refused(cubby, cubby_profiles(cubby, &profiles), CUBBY_NOT_AUTHORIZED);
	assert_refused(cubby, cubby_prove(cubby, &proof, CUBBY_SECRET_HOME), CUBBY_NOT_AUTHORIZED);
	all.all = true;
	assert_refused(cubby, cubby_delete(cubby, &all, false, &job, &items), CUBBY_NOT_AUTHORIZED);
}

static int code_drop(void *context, const char *code)
{
	return 0;
}

/* The client that knew the keys before refuses a keeper that tells those again. The last test: its
 * household is of no more use. */
static void test_r12_a_parent_comes_and_goes_in_one_session(void **state)
{
	_cleanup_(cubby_freep) struct cubby *cubby = world_proved(
		"home", CUBBY_SECRET_HOME | CUBBY_SECRET_RELEASE | CUBBY_SECRET_SIGN);
	_cleanup_(cubby_freep) struct cubby *again = NULL, *misled = NULL;
	const struct household before = cubby->household;

	assert_cubby(cubby, cubby_parent_add(cubby, "Ben", WORLD_PASSPHRASE, code_drop, NULL));
	assert_cubby(cubby, cubby_parent_remove(cubby, "Ben"));
	assert_memory_not_equal(cubby->household.home, before.home, BOX_PUBLIC_BYTES);
	assert_memory_equal(cubby->home->public, cubby->household.home, BOX_PUBLIC_BYTES);
	assert_cubby(cubby, cubby_reseal(cubby, NULL, NULL));
	assert_refused(cubby, cubby_parent_remove(cubby, "Ben"), CUBBY_NOT_FOUND);
	again = world_proved("home", CUBBY_SECRET_RELEASE);
	assert_memory_equal(again->release->public, cubby->household.release, BOX_PUBLIC_BYTES);
	assert_null(again->sign);
	assert_int_equal(again->pins.keys.number, 1);
	world_tamper("DELETE FROM rekey");
	misled = world_parent("home");
	assert_refused(misled, cubby_household_key(misled, (char[CUBBY_KEY_TEXT]){ 0 }),
		       CUBBY_INVALID_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setup_without_a_place_for_the_code_makes_nothing),
		cmocka_unit_test(test_a_household_is_made_once),
		cmocka_unit_test(test_passphrase_and_recovery_code_open),
		cmocka_unit_test(test_r17_only_the_secrets_asked_for_are_fetched),
		cmocka_unit_test(test_lock_wipes_and_ends_the_proof),
		cmocka_unit_test(test_r24_a_wrong_passphrase_is_refused),
		cmocka_unit_test(test_changed_household_keys_are_refused),
		cmocka_unit_test(test_a_changed_keeper_gets_no_proof),
		cmocka_unit_test(test_first_use_pins),
		cmocka_unit_test(test_r24_a_recorded_proof_opens_nothing),
		cmocka_unit_test(test_another_device_is_another_keeper),
		cmocka_unit_test(test_r13_a_stranger_gets_only_the_status),
		cmocka_unit_test(test_r12_a_parent_comes_and_goes_in_one_session),
	};

	return cmocka_run_group_tests_name("session", tests, world_start, world_stop);
}
