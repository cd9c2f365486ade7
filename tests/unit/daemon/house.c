/* SPDX-License-Identifier: Apache-2.0 */
/* The household that the keeper's tests live in. */

#include "house.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>

#include "base/file.h"
#include "doorbox.h"
#include "store/leap.h"
#include "store/log.h"

static int64_t house_wall_s(void *context)
{
	return ((struct house *)context)->wall_s;
}

static int64_t house_boot_ms(void *context)
{
	return ((struct house *)context)->boot_ms;
}

static void house_told(void *context, const char *kind, const char *text)
{
	struct house *house = context;
	size_t n = strlen(house->told);

	assert_non_null(text);
	snprintf(house->told + n, sizeof(house->told) - n, " %s", kind);
}

void house_open(struct house *house)
{
	struct vault_used used = {0};
	struct archive_config config = {.max_items = 1000, .max_bytes = 100 << 20};
	struct alerts_config alerts = {.tell = house_told, .context = house};
	struct access_log_config log;
	int64_t newest_min, leapt_min;

	assert_int_equal(store_open(house->dir, &house->store, &house->why), 0);
	assert_int_equal(store_slots_used(house->store, &used), 0);
	assert_int_equal(vault_open(house->dir, &used, &house->vault, &house->why), 0);
	vault_used_clear(&used);
	assert_int_equal(store_newest_min(house->store, &newest_min), 0);
	assert_int_equal(store_leapt_min(house->store, &leapt_min), 0);
	assert_int_equal(age_open(house->dir, &house->clock, newest_min, leapt_min, &house->age,
				  &house->why), 0);
	config.store = house->store;
	config.vault = house->vault;
	config.age = house->age;
	assert_int_equal(archive_new(&config, &house->archive), 0);
	alerts.store = house->store;
	alerts.age = house->age;
	assert_int_equal(alerts_new(&alerts, &house->alerts), 0);
	log = (struct access_log_config){
		.store = house->store, .vault = house->vault, .age = house->age,
		.clock = &house->clock, .alerts = house->alerts,
	};
	assert_int_equal(access_log_new(&log, &house->log), 0);
	assert_int_equal(policy_new(&house->config, &house->policy), 0);
	assert_int_equal(policy_record(house->policy, house->store), 0);
	house->ground = (struct ground){
		.config = &house->config, .policy = house->policy, .clock = &house->clock,
		.store = house->store, .vault = house->vault, .age = house->age,
		.archive = house->archive, .log = house->log, .alerts = house->alerts,
	};
	assert_int_equal(parents_new(&house->ground, house->device->box, &house->parents), 0);
	assert_int_equal(intake_new(&house->ground, &house->intake), 0);
}

void house_close(struct house *house)
{
	drafts_clear(&house->drafts);
	house->proof = (struct proof){0};
	house->intake = intake_free(house->intake);
	house->parents = parents_free(house->parents);
	house->log = access_log_free(house->log);
	house->alerts = alerts_free(house->alerts);
	house->policy = policy_free(house->policy);
	house->archive = archive_free(house->archive);
	house->age = age_free(house->age);
	house->vault = vault_free(house->vault);
	house->store = store_free(house->store);
}

void house_restart(struct house *house)
{
	house_close(house);
	house_open(house);
}

int house_make(void **state)
{
	struct house *house = calloc(1, sizeof(*house));
	struct secret *master;

	if (!house || crypt_init())
		return -1;
	snprintf(house->dir, sizeof(house->dir), "%s/cubby-house-XXXXXX",
		 getenv("CUBBY_TEST_DIR") ? getenv("CUBBY_TEST_DIR") : "/tmp");
	if (!mkdtemp(house->dir))
		return -1;
	house->wall_s = HOUSE_NOW_S;
	house->boot_ms = 100000;
	house->clock = (struct clock){house_wall_s, house_boot_ms, house};
	config_default(&house->config);
	if (secret_random(KEY_BYTES, &master) || device_from(master, &house->device))
		return -1;
	secret_free(master);
	if (box_keypair_new(&house->home) || box_keypair_new(&house->release) ||
	    box_keypair_new(&house->reply) || sign_keypair_new(&house->founder) ||
	    secret_random(KEY_BYTES, &house->passphrase_proof) ||
	    secret_random(KEY_BYTES, &house->recovery_proof) ||
	    secret_random(KEY_BYTES, &house->wrap))
		return -1;
	house->passphrase = (struct door){.kind = DOOR_PASSPHRASE, .passes = DOOR_PASSES,
					  .memory_bytes = DOOR_MEMORY_MIN_BYTES};
	house->recovery = (struct door){.kind = DOOR_RECOVERY};
	crypt_random(house->passphrase.salt, DOOR_SALT_BYTES);
	crypt_random(house->recovery.salt, DOOR_SALT_BYTES);
	house_open(house);
	*state = house;
	return 0;
}

int house_drop(void **state)
{
	struct house *house = *state;
	struct dirent *entry;
	DIR *dir;

	house_close(house);
	dir = opendir(house->dir);
	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(house->dir);
	device_free(house->device);
	box_keypair_free(house->home);
	box_keypair_free(house->release);
	box_keypair_free(house->reply);
	sign_keypair_free(house->founder);
	secret_free(house->passphrase_proof);
	secret_free(house->recovery_proof);
	secret_free(house->wrap);
	free(house);
	return 0;
}

static json_t *hex(const void *bytes, size_t n)
{
	char text[1024];

	assert_true(2 * n < sizeof(text));
	return json_string(hex_text(bytes, n, text));
}

static json_t *house_door(struct house *house, const struct door *door, const struct secret *proof)
{
	json_t *wraps = json_object();

	for (int i = 0; i < DOORBOX_SECRETS; i++) {
		_cleanup_(secret_freep) struct secret *secret = NULL;
		_cleanup_(cleanup_free) uint8_t *wrapped = NULL;
		size_t n;

		assert_int_equal(secret_random(KEY_BYTES, &secret), 0);
		assert_int_equal(wrap_seal(house->wrap, doorbox_secret_names[i], secret, &wrapped,
					   &n),
				 0);
		json_object_set_new(wraps, doorbox_secret_names[i], hex(wrapped, n));
	}
	return json_pack("{s:s, s:o, s:i, s:I, s:o, s:o}", "kind", door_kind_name(door->kind),
			 "salt", hex(door->salt, DOOR_SALT_BYTES), "passes", (int)door->passes,
			 "memory_bytes", (json_int_t)door->memory_bytes, "proof",
			 hex(proof->bytes, proof->n), "wraps", wraps);
}

static void house_box(struct house *house, json_t *json, uint8_t **ret_box, size_t *ret_n)
{
	char *text = json_dumps(json, 0);

	assert_int_equal(box_seal(house->device->box->public, text, strlen(text), ret_box, ret_n),
			 0);
	free(text);
	json_decref(json);
}

static json_t *house_nonce(struct house *house)
{
	nonce_give(&house->nonce);
	return hex(house->nonce.bytes, sizeof(house->nonce.bytes));
}

void house_doors(struct house *house, const char *caller, uint8_t **ret_box, size_t *ret_n)
{
	house_box(house, json_pack("{s:s, s:o, s:[o, o]}", "caller", caller, "nonce",
				   house_nonce(house), "doors",
				   house_door(house, &house->passphrase, house->passphrase_proof),
				   house_door(house, &house->recovery, house->recovery_proof)),
		  ret_box, ret_n);
}

char *house_statement(struct house *house)
{
	struct household household;
	char *text;

	memcpy(household.home, house->home->public, sizeof(household.home));
	memcpy(household.release, house->release->public, sizeof(household.release));
	assert_int_equal(household_sign(&household, "Anna", HOUSE_NOW_S, house->founder, &text), 0);
	return text;
}

void house_setup(struct house *house)
{
	_cleanup_(cleanup_free) char *statement = house_statement(house);
	_cleanup_(cleanup_free) uint8_t *doors = NULL;
	struct asker asker = {HOUSE_NAME, HOUSE_UID, &house->nonce};
	size_t n;

	house_doors(house, HOUSE_NAME, &doors, &n);
	assert_int_equal(parent_setup(house->parents, &asker, "Anna", statement, doors, n,
				      &house->proof, &house->why), 0);
}

int house_guess_as(struct house *house, const char *door, const struct secret *proof,
		   const char *caller, const uint8_t *bound_key, const char *const *secrets,
		   size_t n_secrets, uint8_t **ret_wraps, size_t *ret_n)
{
	_cleanup_(cleanup_free) uint8_t *box = NULL;
	struct asker asker = {HOUSE_NAME, HOUSE_UID, &house->nonce};
	struct parent_guess guess = {
		.name = "Anna", .door = door, .secrets = secrets, .n_secrets = n_secrets,
		.reply_key = house->reply->public,
	};

	house_box(house, json_pack("{s:s, s:o, s:o, s:o}", "caller", caller, "nonce",
				   house_nonce(house), "reply_key",
				   hex(bound_key, BOX_PUBLIC_BYTES), "proof",
				   hex(proof->bytes, proof->n)),
		  &box, &guess.n_sealed_proof);
	guess.sealed_proof = box;
	house->why.text[0] = '\0';
	return parent_prove(house->parents, &asker, &guess, &house->proof, ret_wraps, ret_n,
			    &house->why);
}

int house_guess(struct house *house, const char *door, const struct secret *proof)
{
	_cleanup_(cleanup_free) uint8_t *wraps = NULL;
	const char *sign[] = {"sign"};
	size_t n;

	return house_guess_as(house, door, proof, HOUSE_NAME, house->reply->public, sign, 1, &wraps,
			      &n);
}

struct profile house_add(struct house *house, const char *name, const char *type)
{
	struct profile profile;

	assert_int_equal(profile_add(&house->ground, name, type, HOUSE_UID, &profile, &house->why),
			 0);
	return profile;
}

char *house_consent(struct house *house, const struct profile *profile, enum kind kind,
		    uint32_t keep_s)
{
	struct consent consent = {.profile = profile->id, .kind = kind, .keep_s = keep_s,
				  .time_s = HOUSE_NOW_S};
	char *text = NULL;

	memcpy(consent.policy, house->policy->hash, sizeof(consent.policy));
	assert_int_equal(consent_sign(&consent, house->founder, &text), 0);
	return text;
}

int house_grant(struct house *house, const struct profile *profile, enum kind kind, uint32_t keep_s)
{
	_cleanup_(cleanup_free) char *text = house_consent(house, profile, kind, keep_s);
	const char *texts[] = {text};

	house->why.text[0] = '\0';
	return consent_grant(&house->ground, &house->proof, texts, 1, HOUSE_UID, &house->why);
}

void house_seal(const struct archive_draft *draft, const uint8_t *recipient, const char *content,
		struct sealed_item *ret)
{
	_cleanup_(secret_freep) struct secret *fk = NULL;
	uint8_t *bodies = NULL;
	size_t n_bodies = 0;

	*ret = (struct sealed_item){.delivery = {.n_parts = draft->n_parts}};
	assert_int_equal(envelope_new(recipient, &ret->header, &fk), 0);
	for (unsigned i = 0; i < draft->n_parts; i++) {
		_cleanup_(secret_freep) struct secret *key = NULL;
		_cleanup_(cleanup_free) uint8_t *body = NULL;
		size_t n;

		assert_int_equal(secret_from(draft->keys->bytes + i * KEY_BYTES, KEY_BYTES, &key),
				 0);
		assert_int_equal(envelope_seal(fk, key, &draft->id, draft->parts[i].kind, content,
					       strlen(content), &body, &n), 0);
		bodies = realloc(bodies, n_bodies + n);
		memcpy(bodies + n_bodies, body, n);
		ret->delivery.parts[i] = (struct delivery_part){draft->parts[i].kind, n_bodies, n};
		n_bodies += n;
	}
	assert_int_equal(file_memfd("test", bodies, n_bodies, &ret->delivery.bodies_fd), 0);
	free(bodies);
	ret->delivery.header = ret->header.bytes;
	ret->delivery.n_header = sizeof(ret->header.bytes);
}

void sealed_item_clear(struct sealed_item *item)
{
	close(item->delivery.bodies_fd);
}

struct intake_asker house_ear(struct house *house)
{
	return (struct intake_asker){.uid = 900, .ear = true, .drafts = &house->drafts};
}

struct intake_asker house_parent(struct house *house)
{
	return (struct intake_asker){.uid = HOUSE_UID, .proof = &house->proof,
				     .drafts = &house->drafts};
}

int house_keep(struct house *house, const struct intake_asker *asker, const char *profile,
	       const char *const *kinds, size_t n_kinds, struct id *ret)
{
	struct archive_body bodies[KIND_MAX];
	const struct archive_draft *draft;
	struct sealed_item item;
	char id[ID_TEXT];
	unsigned n;
	int r;

	house->why.text[0] = '\0';
	r = intake_begin(house->intake, asker, profile, kinds, n_kinds, &draft, &house->why);
	if (r)
		return r;
	*ret = draft->id;
	house_seal(draft, house->home->public, "words nobody may read", &item);
	r = intake_commit(house->intake, asker, id_text(ret, id), &item.delivery, bodies, &n,
			  &house->why);
	sealed_item_clear(&item);
	return r;
}

unsigned house_file_count(struct house *house, const char *name, const void *bytes, size_t n)
{
	_cleanup_(cleanup_free) char *text = NULL;
	char path[160];
	unsigned count = 0;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", house->dir, name);
	if (file_read_path(path, 16 << 20, &text, &size))
		return 0;
	for (const char *at = text; (at = memmem(at, (size_t)(text + size - at), bytes, n)); at++)
		count++;
	return count;
}

unsigned house_logged(struct house *house, const char *text)
{
	struct log_row *rows;
	unsigned count = 0;
	size_t n;

	assert_int_equal(store_log_list(house->store, 0, 1000, &rows, &n), 0);
	for (size_t i = 0; i < n; i++)
		count += strstr(rows[i].body, text) != NULL;
	log_rows_free(rows, n);
	return count;
}

struct export_asker house_exporter(struct house *house)
{
	return (struct export_asker){.uid = HOUSE_UID, .proof = &house->proof,
				     .drafts = &house->drafts};
}

int house_approve(struct house *house, const struct id *item, const uint8_t *recipient,
		  const char *purpose, struct id *ret_copy)
{
	struct export_asker who = house_exporter(house);
	struct approval approval = {.purpose = purpose, .recipient = "lab", .review = "heard"};
	const struct archive_draft *draft;
	struct sealed_item sealed;
	int64_t expires_min;
	char id[ID_TEXT];
	int r;

	house->why.text[0] = '\0';
	r = approval_begin(&house->ground, &who, id_text(item, id), &draft, &house->why);
	if (r)
		return r;
	*ret_copy = draft->id;
	house_seal(draft, recipient, "an adult's words", &sealed);
	approval.copy = id_text(&draft->id, id);
	approval.delivery = &sealed.delivery;
	r = approval_give(&house->ground, &who, &approval, &expires_min, &house->why);
	sealed_item_clear(&sealed);
	drafts_clear(&house->drafts);
	return r;
}
