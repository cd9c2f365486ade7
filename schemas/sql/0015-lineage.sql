-- SPDX-License-Identifier: Apache-2.0
-- Exports, the link from each item to what was exported of it, and the recalls. The link dies with
-- the approved copy, and the recall is written by that very statement: whatever erases the copy (a
-- deletion, an expiry, a withdrawal, a move to a child) recalls it, in its transaction (R19).

-- How its owner came to approve it: by naming it, after hearing it, or as one of a batch of which
-- some, chosen at random, were heard.
ALTER TABLE copy ADD COLUMN review TEXT NOT NULL DEFAULT 'named'
	CHECK (review IN ('named', 'heard', 'batch'));

-- What its owner does not want to be asked about again.
CREATE TABLE refusal (
	item		INTEGER PRIMARY KEY REFERENCES item ON DELETE CASCADE,
	refused_min	INTEGER NOT NULL CHECK (refused_min > 0)
) STRICT;

CREATE TABLE export (
	export		INTEGER PRIMARY KEY,
	id		BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	salt		BLOB NOT NULL CHECK (length(salt) = 16),	-- of every hash in its manifest
	purpose		TEXT NOT NULL CHECK (length(purpose) BETWEEN 1 AND 200),
	recipient	TEXT NOT NULL CHECK (length(recipient) BETWEEN 1 AND 200),
	format		TEXT NOT NULL CHECK (format IN ('hf', 'nemo', 'kaldi')),
	encoding	TEXT NOT NULL CHECK (encoding IN ('flac', 'wav')),
	policy		BLOB NOT NULL CHECK (length(policy) = 32),
	begun_min	INTEGER NOT NULL CHECK (begun_min > 0),
	ended_min	INTEGER CHECK (ended_min >= begun_min),		-- NULL: under way
	child		INTEGER NOT NULL CHECK (child >= 0),		-- items left out, by reason
	unapproved	INTEGER NOT NULL CHECK (unapproved >= 0),
	elsewhere	INTEGER NOT NULL CHECK (elsewhere >= 0)		-- approved for something else
) STRICT;

CREATE TABLE export_item (
	export_item	INTEGER PRIMARY KEY,
	export		INTEGER NOT NULL REFERENCES export,
	copy		INTEGER NOT NULL REFERENCES copy,
	token		BLOB NOT NULL UNIQUE CHECK (length(token) = 16),	-- its name out there
	-- Of the file that was written, salted; NULL until it is.
	bytes		INTEGER CHECK (bytes > 0),
	hash		BLOB CHECK (length(hash) = 32),
	start		BLOB CHECK (length(start) = 32),
	sound		BLOB CHECK (length(sound) = 32),
	lines		BLOB CHECK (length(lines) BETWEEN 32 AND 256 AND length(lines) % 32 = 0),
	UNIQUE (export, copy),
	CHECK ((hash IS NULL) = (bytes IS NULL) AND (hash IS NULL) = (start IS NULL)
		AND (hash IS NULL) = (sound IS NULL) AND (hash IS NULL) = (lines IS NULL))
) STRICT;

CREATE INDEX export_item_by_copy ON export_item (copy);
CREATE INDEX export_item_to_write ON export_item (export, export_item) WHERE hash IS NULL;

-- Nothing of what was exported: a random name, and why it must not be used any more.
CREATE TABLE recall (
	recall		INTEGER PRIMARY KEY,
	export		INTEGER NOT NULL REFERENCES export,
	token		BLOB NOT NULL UNIQUE CHECK (length(token) = 16),
	reason		TEXT NOT NULL CHECK (reason IN
				('deleted', 'withdrawn', 'removed', 'expired', 'moved')),
	recalled_min	INTEGER NOT NULL CHECK (recalled_min > 0)
) STRICT;

CREATE INDEX recall_by_export ON recall (export, recall);

-- The number of the last list of recalls that was signed.
CREATE TABLE recall_list (
	one		INTEGER PRIMARY KEY CHECK (one = 1),
	number		INTEGER NOT NULL CHECK (number >= 0)
) STRICT;

INSERT INTO recall_list (one, number) VALUES (1, 0);

-- Erasures of approved copies because their items go to another profile.
CREATE TABLE moved (
	job		INTEGER PRIMARY KEY REFERENCES job ON DELETE CASCADE
) STRICT;

-- The wall of the schema (R17): no item of a child is reviewed, approved or exported.

CREATE TRIGGER refusal_only_of_an_adult BEFORE INSERT ON refusal
WHEN (SELECT type FROM profile JOIN item USING (profile) WHERE item.item = NEW.item) IS NOT 'adult'
BEGIN
	SELECT RAISE(ABORT, 'only an adult''s own item is reviewed');
END;

CREATE TRIGGER export_item_only_of_an_adult BEFORE INSERT ON export_item
WHEN NOT EXISTS (SELECT 1 FROM copy JOIN item USING (item)
	JOIN profile ON profile.profile = item.profile JOIN export ON export.export = NEW.export
	WHERE copy.copy = NEW.copy AND profile.type = 'adult' AND copy.purpose = export.purpose
	AND copy.recipient = export.recipient AND export.ended_min IS NULL
	AND EXISTS (SELECT 1 FROM copy_part WHERE copy_part.copy = copy.copy AND job IS NULL))
BEGIN
	SELECT RAISE(ABORT, 'only what an adult approved for just this is exported');
END;

CREATE TRIGGER export_item_stays BEFORE UPDATE OF export_item, export, copy, token ON export_item
BEGIN
	SELECT RAISE(ABORT, 'what was exported keeps its name');
END;

CREATE TRIGGER export_item_is_written_once BEFORE UPDATE ON export_item
WHEN (SELECT ended_min FROM export WHERE export.export = NEW.export) IS NOT NULL
BEGIN
	SELECT RAISE(ABORT, 'the export has ended');
END;

CREATE TRIGGER export_item_is_recalled BEFORE DELETE ON export_item
WHEN (SELECT ended_min FROM export WHERE export.export = OLD.export) IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM recall WHERE recall.token = OLD.token)
BEGIN
	SELECT RAISE(ABORT, 'what was exported is recalled first');
END;

CREATE TRIGGER export_stays BEFORE UPDATE OF export, id, salt, purpose, recipient, format, encoding,
	policy, begun_min ON export
BEGIN
	SELECT RAISE(ABORT, 'an export is for what it was begun for');
END;

CREATE TRIGGER export_ends_once BEFORE UPDATE OF ended_min ON export WHEN OLD.ended_min IS NOT NULL
BEGIN
	SELECT RAISE(ABORT, 'the export has ended');
END;

CREATE TRIGGER recall_stays BEFORE UPDATE ON recall
BEGIN
	SELECT RAISE(ABORT, 'a recall stands');
END;

CREATE TRIGGER recall_list_goes_on BEFORE UPDATE OF number ON recall_list
WHEN NEW.number < OLD.number
BEGIN
	SELECT RAISE(ABORT, 'lists of recalls are numbered upward');
END;

CREATE TRIGGER copy_stays_approved BEFORE UPDATE OF header, purpose, recipient, review ON copy
BEGIN
	SELECT RAISE(ABORT, 'an approval is for what it was given for');
END;

CREATE TRIGGER copy_part_ends_in_time BEFORE INSERT ON copy_part
WHEN NEW.expires_min > (SELECT approved_min + 30 * 1440 FROM copy WHERE copy.copy = NEW.copy)
BEGIN
	SELECT RAISE(ABORT, 'an approval holds for 30 days at most');
END;

CREATE TRIGGER copy_part_stays_erased BEFORE UPDATE OF job ON copy_part WHEN OLD.job IS NOT NULL
BEGIN
	SELECT RAISE(ABORT, 'a tombstone only rolls forward');
END;

-- The recall. A copy of which one kind goes is recalled as a whole.
CREATE TRIGGER copy_erased_is_recalled AFTER UPDATE OF job ON copy_part
WHEN OLD.job IS NULL AND NEW.job IS NOT NULL
BEGIN
	INSERT INTO recall (export, token, reason, recalled_min)
		SELECT export_item.export, export_item.token,
			CASE WHEN EXISTS (SELECT 1 FROM moved WHERE moved.job = NEW.job) THEN 'moved'
			ELSE CASE job.reason WHEN 'withdraw' THEN 'withdrawn' WHEN 'remove' THEN 'removed'
				WHEN 'expire' THEN 'expired' ELSE 'deleted' END END, job.asked_min
		FROM export_item JOIN job ON job.job = NEW.job WHERE export_item.copy = NEW.copy;
	DELETE FROM export_item WHERE copy = NEW.copy;
END;

-- An item goes to another profile only once its approved copy is on the way out, and from a child's
-- profile only to another child's.
DROP TRIGGER copied_item_stays_an_adults;
CREATE TRIGGER item_moves_without_its_copy BEFORE UPDATE OF profile ON item
WHEN NEW.profile IS NOT OLD.profile AND EXISTS (SELECT 1 FROM copy JOIN copy_part USING (copy)
	WHERE copy.item = NEW.item AND copy_part.job IS NULL)
BEGIN
	SELECT RAISE(ABORT, 'erase the released copy before the item moves');
END;

DROP TRIGGER childs_item_stays_a_childs;
CREATE TRIGGER childs_item_stays_a_childs BEFORE UPDATE OF profile ON item
WHEN (SELECT type FROM profile WHERE profile.profile = OLD.profile) IS NOT 'adult'
	AND (SELECT type FROM profile WHERE profile.profile = NEW.profile) IS NOT 'child'
BEGIN
	SELECT RAISE(ABORT, 'a child''s item never becomes an adult''s');
END;
