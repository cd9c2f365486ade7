-- SPDX-License-Identifier: Apache-2.0
-- Copies that an adult approved for a training export: re-sealed to the release key, linked to
-- their source and dying with it. The schema is one of the three walls (R17): under direct SQL,
-- too, no copy can come from a child's item.

CREATE TABLE copy (
	copy		INTEGER PRIMARY KEY,
	id		BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	item		INTEGER NOT NULL REFERENCES item,
	header		BLOB NOT NULL CHECK (length(header) = 89),	-- FK sealed to the release key
	purpose		TEXT NOT NULL CHECK (length(purpose) BETWEEN 1 AND 200),
	recipient	TEXT NOT NULL CHECK (length(recipient) BETWEEN 1 AND 200),
	approved_min	INTEGER NOT NULL CHECK (approved_min > 0)
) STRICT;

CREATE INDEX copy_by_item ON copy (item);

CREATE TABLE copy_part (
	copy		INTEGER NOT NULL REFERENCES copy,
	kind		INTEGER NOT NULL CHECK (kind IN (1, 2)),
	slot		INTEGER NOT NULL UNIQUE CHECK (slot >= 0),
	slot_tag	BLOB NOT NULL CHECK (length(slot_tag) = 16),
	expires_min	INTEGER NOT NULL CHECK (expires_min > 0),
	bytes		INTEGER NOT NULL CHECK (bytes > 0),
	hash		BLOB NOT NULL CHECK (length(hash) = 32),
	body		INTEGER UNIQUE REFERENCES body,
	job		INTEGER REFERENCES job,
	PRIMARY KEY (copy, kind),
	CHECK (body IS NOT NULL OR job IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX copy_part_by_expiry ON copy_part (expires_min) WHERE job IS NULL;
CREATE INDEX copy_part_by_job ON copy_part (job) WHERE job IS NOT NULL;

CREATE TRIGGER copy_only_of_an_adult BEFORE INSERT ON copy
WHEN (SELECT type FROM profile JOIN item USING (profile) WHERE item.item = NEW.item) IS NOT 'adult'
BEGIN
	SELECT RAISE(ABORT, 'only an adult''s own item can be released');
END;

CREATE TRIGGER copy_stays_with_its_item BEFORE UPDATE OF item, id ON copy
BEGIN
	SELECT RAISE(ABORT, 'a released copy stays with its item');
END;

CREATE TRIGGER copied_item_stays_an_adults BEFORE UPDATE OF profile ON item
WHEN EXISTS (SELECT 1 FROM copy WHERE copy.item = NEW.item)
	AND (SELECT type FROM profile WHERE profile.profile = NEW.profile) IS NOT 'adult'
BEGIN
	SELECT RAISE(ABORT, 'erase the released copy before the item moves to a child');
END;
