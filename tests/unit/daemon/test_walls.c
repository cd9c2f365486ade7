/* SPDX-License-Identifier: Apache-2.0 */
/* R17: three walls stand between an export and a child's item, and each is enough alone. The keeper
 * here is one of tests, in which walls can be taken down (daemon/failpoint.h); the exporter is this
 * program. With any two down nothing of the child comes out; with all three down it does, so that
 * what looks here can see. */

#include "house.h"

#include <stdlib.h>

#include "crypt/envelope.h"
#include "export.h"
#include "outside.h"

enum wall {
	WALL_KEY = 1,		/* the exporter has the release key alone */
	WALL_SCHEMA = 2,	/* triggers */
	WALL_QUERY = 4,		/* the allow-list */
};

static const char childs_words[] = "a child's words";
static const char *const audio[] = {"audio"};
static unsigned standing;

/* Opens each part of a page with what the exporter has; counts what is of a child. */
static unsigned page_open(struct house *house, const struct export_page *page)
{
	unsigned childs = 0;

	for (unsigned i = 0; i < page->n; i++) {
		const struct archive_opened *opened = page->items[i].opened;
		_cleanup_(secret_freep) struct secret *fk = NULL;

		if (envelope_open(&opened->header, house->release, &fk, NULL) != 0 &&
		    (standing & WALL_KEY ||
		     envelope_open(&opened->header, house->home, &fk, NULL) != 0))
			continue;
		for (unsigned k = 0; k < opened->n_parts; k++) {
			_cleanup_(secret_freep) struct secret *key = NULL, *content = NULL;

			assert_int_equal(secret_from(opened->keys->bytes + k * KEY_BYTES, KEY_BYTES,
						     &key), 0);
			if (envelope_unseal(fk, key, &page->items[i].copy, opened->parts[k].kind,
					    opened->bodies + opened->parts[k].offset,
					    opened->parts[k].bytes, &content, NULL) == 0)
				childs += memmem(content->bytes, content->n, childs_words,
						 sizeof(childs_words) - 1) != NULL;
		}
	}
	return childs;
}

/* Everything an export hands out, as far as it goes. */
static unsigned childs_exported(struct house *house)
{
	struct export_asker who = house_exporter(house);
	struct export_row row = {.purpose = "training", .recipient = "lab", .format = "hf",
				 .encoding = "flac"};
	_cleanup_(export_page_clear) struct export_page page = {.n = 0};
	char id[ID_TEXT];

	house->why.text[0] = '\0';
	if (export_begin(&house->ground, &who, &row, &house->why) != 0)
		return 0;
	if (export_fetch(&house->ground, &who, id_text(&row.id, id), 0, &page, &house->why) != 0)
		return 0;
	return page_open(house, &page);
}

/* What somebody with the database can do without a key: approved copies made of the child's item,
 * its header, keys and ciphertext with it. How many rows the schema let in. */
static int forge(struct house *house)
{
	static const char *const sql[] = {
		"INSERT INTO copy (id, item, header, purpose, recipient, approved_min)"
		" SELECT item.id, item, header, 'training', 'lab', started_min FROM item"
		" JOIN profile USING (profile) WHERE type = 'child'",
		"INSERT INTO copy_part"
		" (copy, kind, slot, slot_tag, expires_min, bytes, hash, body)"
		" SELECT copy, kind, slot, slot_tag, expires_min, bytes, part.hash, body"
		" FROM copy JOIN part USING (item) JOIN item USING (item)"
		" JOIN profile USING (profile) WHERE type = 'child'",
	};
	char path[128];
	sqlite3 *db;
	int rows = 0;

	house_close(house);
	snprintf(path, sizeof(path), "%s/cubby.db", house->dir);
	assert_int_equal(outside_open(path, &db), SQLITE_OK);
	if (!(standing & WALL_SCHEMA))
		sqlite3_exec(db, "DROP TRIGGER copy_only_of_an_adult", NULL, NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(sql); i++)
		if (sqlite3_exec(db, sql[i], NULL, NULL, NULL) == SQLITE_OK)
			rows += sqlite3_changes(db);
	/* The keeper does not start on a schema that is not its own: it is put back. */
	if (!(standing & WALL_SCHEMA))
		assert_int_equal(sqlite3_exec(db,
			"CREATE TRIGGER copy_only_of_an_adult BEFORE INSERT ON copy\n"
			"WHEN (SELECT type FROM profile JOIN item USING (profile)"
			" WHERE item.item = NEW.item) IS NOT 'adult'\nBEGIN\n\t"
			"SELECT RAISE(ABORT, 'only an adult''s own item can be released');\nEND",
			NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	house_open(house);
	assert_int_equal(house_guess(house, "passphrase", house->passphrase_proof), 0);
	return rows;
}

/* A child with one item, an adult with one that is approved. */
static void people(struct house *house)
{
	struct intake_asker ear = house_ear(house), parent = house_parent(house);
	const struct archive_draft *draft;
	struct archive_body bodies[KIND_MAX];
	struct sealed_item sealed;
	struct id adult, copy;
	struct profile mia;
	char id[ID_TEXT];
	unsigned n;

	house_setup(house);
	mia = house_add(house, "mia", "child");
	house_add(house, "dad", "adult");
	assert_int_equal(house_grant(house, &mia, KIND_AUDIO, 86400), 0);
	assert_int_equal(intake_begin(house->intake, &ear, "mia", audio, 1, &draft, &house->why),
			 0);
	house_seal(draft, house->home->public, childs_words, &sealed);
	assert_int_equal(intake_commit(house->intake, &ear, id_text(&draft->id, id),
				       &sealed.delivery, bodies, &n, &house->why), 0);
	sealed_item_clear(&sealed);
	assert_int_equal(house_keep(house, &parent, "dad", audio, 1, &adult), 0);
	assert_int_equal(house_approve(house, &adult, house->release->public, "training", &copy),
			 0);
}

/* The walls in `up` stand, the others are down: the child's items that came out. */
static unsigned attack(unsigned up)
{
	unsigned childs;
	void *state;

	standing = up;
	setenv("CUBBY_SEEDED_FAULT", "", 1);
	assert_int_equal(house_make(&state), 0);
	people(state);
	house_close(state);
	setenv("CUBBY_SEEDED_FAULT",
	       (up & WALL_SCHEMA) && (up & WALL_QUERY) ? ""
	       : up & WALL_SCHEMA ? "no-query-wall"
	       : up & WALL_QUERY ? "no-schema-wall" : "no-schema-wall,no-query-wall", 1);
	house_open(state);
	assert_int_equal(house_guess(state, "passphrase",
				     ((struct house *)state)->passphrase_proof), 0);
	childs = childs_exported(state);
	assert_int_equal(house_drop(&state), 0);
	return childs;
}

/* The same with forged rows under a keeper whose own walls stand. */
static unsigned attack_with_rows(unsigned up, int *ret_rows)
{
	unsigned childs;
	void *state;

	standing = up;
	setenv("CUBBY_SEEDED_FAULT", "", 1);
	assert_int_equal(house_make(&state), 0);
	people(state);
	*ret_rows = forge(state);
	setenv("CUBBY_SEEDED_FAULT", up & WALL_QUERY ? "" : "no-query-wall", 1);
	childs = childs_exported(state);
	assert_int_equal(house_drop(&state), 0);
	return childs;
}

static void test_r17_with_all_walls_down_it_is_seen(void **state)
{
	assert_int_equal(attack(0), 1);
}

static void test_r17_the_key_alone_is_enough(void **state)
{
	assert_int_equal(attack(WALL_KEY), 0);
}

static void test_r17_the_schema_alone_is_enough(void **state)
{
	assert_int_equal(attack(WALL_SCHEMA), 0);
}

static void test_r17_the_query_alone_is_enough(void **state)
{
	assert_int_equal(attack(WALL_QUERY), 0);
}

static void test_r17_any_one_down_is_not_enough(void **state)
{
	assert_int_equal(attack(WALL_KEY | WALL_SCHEMA), 0);
	assert_int_equal(attack(WALL_KEY | WALL_QUERY), 0);
	assert_int_equal(attack(WALL_SCHEMA | WALL_QUERY), 0);
	assert_int_equal(attack(WALL_KEY | WALL_SCHEMA | WALL_QUERY), 0);
}

/* With the database in hand, and home key and all: the schema lets nothing in; where it is cut
 * open, the query lets nothing out. */
static void test_r17_forged_approvals_are_refused(void **state)
{
	int rows;

	assert_int_equal(attack_with_rows(WALL_SCHEMA, &rows), 0);
	assert_int_equal(rows, 0);
	assert_int_equal(attack_with_rows(WALL_QUERY, &rows), 0);
	assert_true(rows >= 1);
	assert_int_equal(attack_with_rows(WALL_KEY, &rows), 0);
	assert_true(rows >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r17_with_all_walls_down_it_is_seen),
		cmocka_unit_test(test_r17_the_key_alone_is_enough),
		cmocka_unit_test(test_r17_the_schema_alone_is_enough),
		cmocka_unit_test(test_r17_the_query_alone_is_enough),
		cmocka_unit_test(test_r17_any_one_down_is_not_enough),
		cmocka_unit_test(test_r17_forged_approvals_are_refused),
	};

	return cmocka_run_group_tests_name("walls", tests, NULL, NULL);
}
