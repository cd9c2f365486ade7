/* SPDX-License-Identifier: Apache-2.0 */
/* What may come in, from whom, and what is refused at the door. */

#include "house.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "base/file.h"

#define DAY_S 86400

static const char *const audio[] = {"audio"};

static struct archive_count kept(struct house *house)
{
	struct archive_selection everything = {.all = true};
	struct archive_count count;

	assert_int_equal(archive_count(house->archive, &everything, &count, &house->why), 0);
	return count;
}

static void setup(struct house *house)
{
	struct profile mia;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	house_add(house, "ben", "child");
	house_add(house, "dad", "adult");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, DAY_S), 0);
}

static void test_r1_nothing_of_a_child_without_consent(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	const char *both[] = {"audio", "transcript"};
	struct id id;

	assert_answer(house_keep(house, &ear, "mia", audio, 1, &id), ANSWER_NOT_FOUND, house->why);
	setup(house);
	for (int i = 0; i < 50; i++)
		assert_int_equal(house_keep(house, &ear, "ben", audio, 1, &id), ANSWER_NO_CONSENT);
	/* Consent for one kind does not carry the other in. */
	assert_answer(house_keep(house, &ear, "mia", both, 2, &id), ANSWER_NO_CONSENT, house->why);
	assert_int_equal(kept(house).items, 0);
	assert_int_equal(house_keep(house, &ear, "mia", audio, 1, &id), 0);
	assert_int_equal(kept(house).items, 1);
	assert_int_equal(house_logged(house, "\"keep\""), 1);
}

static void test_r28_an_unknown_speaker_is_nobody(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	struct id id;

	setup(house);
	assert_answer(house_keep(house, &ear, "unknown", audio, 1, &id), ANSWER_NOT_FOUND,
		      house->why);
	assert_answer(house_keep(house, &ear, "", audio, 1, &id), ANSWER_NOT_FOUND, house->why);
	assert_answer(house_keep(house, &ear, "00112233445566778899aabbccddeeff", audio, 1, &id),
		      ANSWER_NOT_FOUND, house->why);
}

static void test_adults_come_by_import_only(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house), parent = house_parent(house);
	struct intake_asker both = house_parent(house);
	struct id id;

	setup(house);
	both.ear = true;
	assert_answer(house_keep(house, &ear, "dad", audio, 1, &id), ANSWER_NOT_AUTHORIZED,
		      house->why);
	assert_non_null(strstr(house->why.text, "cubby import"));
	assert_int_equal(house_keep(house, &parent, "dad", audio, 1, &id), 0);
	assert_answer(house_keep(house, &parent, "mia", audio, 1, &id), ANSWER_NOT_AUTHORIZED,
		      house->why);
	assert_int_equal(house_keep(house, &both, "mia", audio, 1, &id), 0);
	assert_int_equal(house_keep(house, &both, "dad", audio, 1, &id), 0);
	house->boot_ms += 301 * 1000;
	assert_answer(house_keep(house, &parent, "dad", audio, 1, &id), ANSWER_NOT_AUTHORIZED,
		      house->why);
	assert_int_equal(house_logged(house, "\"import\""), 2);
}

static void test_kinds_are_named_once_and_known(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	const char *twice[] = {"audio", "audio"}, *unknown[] = {"training"};
	const char *many[] = {"audio", "transcript", "location", "audio"};
	struct id id;

	setup(house);
	assert_answer(house_keep(house, &ear, "mia", twice, 2, &id), ANSWER_INVALID_ARGUMENT,
		      house->why);
	assert_answer(house_keep(house, &ear, "mia", unknown, 1, &id), ANSWER_INVALID_ARGUMENT,
		      house->why);
	assert_answer(house_keep(house, &ear, "mia", many, 4, &id), ANSWER_INVALID_ARGUMENT,
		      house->why);
	assert_answer(house_keep(house, &ear, "mia", NULL, 0, &id), ANSWER_INVALID_ARGUMENT,
		      house->why);
}

static void test_four_open_items_for_a_minute(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	const struct archive_draft *draft;
	struct archive_body bodies[KIND_MAX];
	struct sealed_item item;
	char id[ID_TEXT];
	unsigned n;

	setup(house);
	for (int i = 0; i < DRAFTS_MAX; i++)
		assert_int_equal(intake_begin(house->intake, &ear, "mia", audio, 1, &draft,
					      &house->why), 0);
	assert_answer(intake_begin(house->intake, &ear, "mia", audio, 1, &draft, &house->why),
		      ANSWER_BUSY, house->why);
	id_text(&draft->id, id);
	house_seal(draft, house->home->public, "late", &item);
	assert_int_equal(intake_abort(house->intake, &ear, "00112233445566778899aabbccddeeff",
				      &house->why), ANSWER_NOT_FOUND);
	house->boot_ms += 60 * 1000;
	assert_answer(intake_commit(house->intake, &ear, id, &item.delivery, bodies, &n,
				    &house->why),
		      ANSWER_NOT_FOUND, house->why);
	assert_int_equal(intake_begin(house->intake, &ear, "mia", audio, 1, &draft, &house->why),
			 0);
	assert_int_equal(intake_abort(house->intake, &ear, id_text(&draft->id, id), &house->why),
			 0);
	assert_int_equal(intake_abort(house->intake, &ear, id, &house->why), ANSWER_NOT_FOUND);
	assert_int_equal(kept(house).items, 0);
	sealed_item_clear(&item);
}

/* Whoever did not hear that it was kept must not tell a child that it was forgotten (R1). */
static void test_r1_what_was_handed_over_cannot_be_taken_back(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house), other = ear;
	struct drafts drafts = {0};
	struct id ids[2];
	char id[ID_TEXT];

	setup(house);
	assert_int_equal(house_keep(house, &ear, "mia", audio, 1, &ids[0]), 0);
	assert_answer(intake_abort(house->intake, &ear, id_text(&ids[0], id), &house->why),
		      ANSWER_EXISTS, house->why);
	other.drafts = &drafts;
	assert_int_equal(intake_abort(house->intake, &other, id, &house->why), ANSWER_NOT_FOUND);
	assert_int_equal(house_keep(house, &ear, "mia", audio, 1, &ids[1]), 0);
	assert_int_equal(intake_abort(house->intake, &ear, id_text(&ids[1], id), &house->why),
			 ANSWER_EXISTS);
	assert_int_equal(kept(house).items, 2);
}

static void test_another_connection_cannot_commit(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house), other = house_ear(house);
	struct drafts drafts = {0};
	const struct archive_draft *draft;
	struct archive_body bodies[KIND_MAX];
	struct sealed_item item;
	char id[ID_TEXT];
	unsigned n;

	setup(house);
	other.drafts = &drafts;
	assert_int_equal(intake_begin(house->intake, &ear, "mia", audio, 1, &draft, &house->why),
			 0);
	house_seal(draft, house->home->public, "mine", &item);
	assert_answer(intake_commit(house->intake, &other, id_text(&draft->id, id), &item.delivery,
				    bodies, &n, &house->why), ANSWER_NOT_FOUND, house->why);
	sealed_item_clear(&item);
}

static void test_the_rate_counts_items(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house), other = house_ear(house);
	struct id id;

	house->config.items_per_min = 6;
	setup(house);
	other.uid = 901;
	for (int i = 0; i < 6; i++)
		assert_int_equal(house_keep(house, &ear, "mia", audio, 1, &id), 0);
	assert_answer(house_keep(house, &ear, "mia", audio, 1, &id), ANSWER_RATE_LIMITED,
		      house->why);
	assert_int_equal(house_keep(house, &other, "mia", audio, 1, &id), 0);
	house->boot_ms += 10 * 1000;
	assert_int_equal(house_keep(house, &ear, "mia", audio, 1, &id), 0);
	assert_int_equal(house_keep(house, &ear, "mia", audio, 1, &id), ANSWER_RATE_LIMITED);
}

/* Withdrawn between begin and commit: what was begun is not kept. */
static void test_consent_is_asked_again_at_commit(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	const struct archive_draft *draft;
	struct archive_body bodies[KIND_MAX];
	struct sealed_item item;
	struct profile mia;
	char id[ID_TEXT];
	unsigned n;

	setup(house);
	assert_int_equal(profile_find(&house->ground, "mia", &mia, &house->why), 0);
	assert_int_equal(intake_begin(house->intake, &ear, "mia", audio, 1, &draft, &house->why),
			 0);
	house_seal(draft, house->home->public, "said before", &item);
	assert_int_equal(consent_withdraw(&house->ground, &mia, KIND_AUDIO), 0);
	assert_answer(intake_commit(house->intake, &ear, id_text(&draft->id, id), &item.delivery,
				    bodies, &n, &house->why),
		      ANSWER_NO_CONSENT, house->why);
	assert_int_equal(kept(house).items, 0);
	sealed_item_clear(&item);
}

/* One delivery, spoiled by `spoil`, must be refused and leave nothing; whole, it is kept. */
static void spoiled(struct house *house, void (*spoil)(struct sealed_item *item))
{
	struct intake_asker ear = house_ear(house);
	const struct archive_draft *draft;
	struct archive_body bodies[KIND_MAX];
	struct sealed_item item;
	char id[ID_TEXT];
	uint64_t before = kept(house).items;
	unsigned n;

	assert_int_equal(intake_begin(house->intake, &ear, "mia", audio, 1, &draft, &house->why),
			 0);
	id_text(&draft->id, id);
	house_seal(draft, house->home->public, "whole", &item);
	spoil(&item);
	house->why.text[0] = '\0';
	assert_answer(intake_commit(house->intake, &ear, id, &item.delivery, bodies, &n,
				    &house->why),
		      ANSWER_INVALID_ARGUMENT, house->why);
	sealed_item_clear(&item);
	assert_int_equal(kept(house).items, before);
	/* The draft is still open: the right one may follow. */
	house_seal(draft, house->home->public, "whole", &item);
	assert_int_equal(intake_commit(house->intake, &ear, id, &item.delivery, bodies, &n,
				       &house->why),
			 0);
	assert_int_equal(n, 1);
	assert_int_equal(bodies[0].expires_min, HOUSE_NOW_S / 60 + DAY_S / 60);
	assert_int_equal(kept(house).items, before + 1);
	sealed_item_clear(&item);
}

static void replace_fd(struct sealed_item *item, int fd)
{
	close(item->delivery.bodies_fd);
	item->delivery.bodies_fd = fd;
}

static void spoil_unsealed(struct sealed_item *item)
{
	int fd = memfd_create("test", MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, (off_t)item->delivery.parts[0].bytes), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), 0);
	replace_fd(item, fd);
}

static void spoil_pipe(struct sealed_item *item)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	close(ends[1]);
	replace_fd(item, ends[0]);
}

static void spoil_file(struct sealed_item *item)
{
	replace_fd(item, open("/etc/passwd", O_RDONLY));
}

/* A memfd of n bytes that would pass as the start of a body, wherever one looks. */
static void replace_ones(struct sealed_item *item, size_t n)
{
	uint8_t *bytes = malloc(n);
	int fd;

	memset(bytes, 1, n);
	assert_int_equal(file_memfd("test", bytes, n, &fd), 0);
	replace_fd(item, fd);
	free(bytes);
}

static void spoil_short(struct sealed_item *item)
{
	replace_ones(item, item->delivery.parts[0].bytes - 1);
}

static void spoil_trailing(struct sealed_item *item)
{
	replace_ones(item, item->delivery.parts[0].bytes + 1);
}

static void spoil_size(struct sealed_item *item)
{
	item->delivery.parts[0].bytes--;
}

static void spoil_offset(struct sealed_item *item)
{
	replace_ones(item, item->delivery.parts[0].bytes);
	item->delivery.parts[0].offset = 1;
}

static void spoil_huge(struct sealed_item *item)
{
	item->delivery.parts[0].bytes = UINT64_MAX;
}

static void spoil_kind(struct sealed_item *item)
{
	item->delivery.parts[0].kind = KIND_TRANSCRIPT;
}

static void spoil_count(struct sealed_item *item)
{
	item->delivery.parts[1] = item->delivery.parts[0];
	item->delivery.n_parts = 2;
}

static void spoil_none(struct sealed_item *item)
{
	item->delivery.n_parts = 0;
}

static void spoil_header_length(struct sealed_item *item)
{
	item->delivery.n_header--;
}

static void spoil_header_version(struct sealed_item *item)
{
	item->header.bytes[0] = 2;
}

static void spoil_recipient(struct sealed_item *item)
{
	item->header.bytes[3] ^= 1;
}

static void spoil_body_version(struct sealed_item *item)
{
	uint8_t *bytes = malloc(item->delivery.parts[0].bytes);
	int fd;

	assert_int_equal(file_pread(item->delivery.bodies_fd, bytes, item->delivery.parts[0].bytes,
				    0),
			 0);
	bytes[0] = 2;
	assert_int_equal(file_memfd("test", bytes, item->delivery.parts[0].bytes, &fd), 0);
	replace_fd(item, fd);
	free(bytes);
}

static void spoil_empty(struct sealed_item *item)
{
	int fd;

	assert_int_equal(file_memfd("test", "", 0, &fd), 0);
	item->delivery.parts[0].bytes = 0;
	replace_fd(item, fd);
}

static void spoil_too_large(struct sealed_item *item)
{
	size_t n = envelope_body_bytes(ENVELOPE_CONTENT_MAX_BYTES) + 1;
	uint8_t *bytes = calloc(1, n);
	int fd;

	bytes[0] = 1;
	assert_int_equal(file_memfd("test", bytes, n, &fd), 0);
	item->delivery.parts[0].bytes = n;
	replace_fd(item, fd);
	free(bytes);
}

static void test_a_delivery_that_lies_is_refused(void **state)
{
	static void (*const spoils[])(struct sealed_item *item) = {
		spoil_unsealed, spoil_pipe, spoil_file, spoil_short, spoil_trailing, spoil_size,
		spoil_offset, spoil_huge, spoil_kind, spoil_count, spoil_none,
		spoil_header_length, spoil_header_version, spoil_recipient, spoil_body_version,
		spoil_empty, spoil_too_large,
	};
	struct house *house = *state;

	setup(house);
	for (size_t i = 0; i < ARRAY_SIZE(spoils); i++)
		spoiled(house, spoils[i]);
}

/* The log names nobody: no nickname, no id of an item or profile. */
static void test_r16_the_log_holds_no_names(void **state)
{
	struct house *house = *state;
	struct intake_asker ear = house_ear(house);
	struct profile mia, ben;
	char text[ID_TEXT], of_mia[ACCESS_PSEUDONYM_TEXT], of_ben[ACCESS_PSEUDONYM_TEXT];
	struct id id;

	setup(house);
	assert_int_equal(profile_find(&house->ground, "mia", &mia, &house->why), 0);
	assert_int_equal(profile_find(&house->ground, "ben", &ben, &house->why), 0);
	assert_int_equal(house_keep(house, &ear, "mia", audio, 1, &id), 0);
	assert_int_equal(house_logged(house, "mia"), 0);
	assert_int_equal(house_logged(house, id_text(&mia.id, text)), 0);
	assert_int_equal(house_logged(house, id_text(&id, text)), 0);
	assert_int_equal(house_logged(house, access_log_pseudonym(&mia, &id, of_mia)), 1);
	assert_string_not_equal(of_mia, access_log_pseudonym(&ben, &id, of_ben));
}

#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_r1_nothing_of_a_child_without_consent),
		HOUSE_TEST(test_r28_an_unknown_speaker_is_nobody),
		HOUSE_TEST(test_adults_come_by_import_only),
		HOUSE_TEST(test_kinds_are_named_once_and_known),
		HOUSE_TEST(test_four_open_items_for_a_minute),
		HOUSE_TEST(test_r1_what_was_handed_over_cannot_be_taken_back),
		HOUSE_TEST(test_another_connection_cannot_commit),
		HOUSE_TEST(test_the_rate_counts_items),
		HOUSE_TEST(test_consent_is_asked_again_at_commit),
		HOUSE_TEST(test_a_delivery_that_lies_is_refused),
		HOUSE_TEST(test_r16_the_log_holds_no_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
