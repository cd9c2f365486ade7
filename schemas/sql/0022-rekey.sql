-- SPDX-License-Identifier: Apache-2.0
-- The household's keys as they change when a parent is removed: the new public keys as a parent
-- signed them, and the secret ones before them, sealed to those after them. What an item's or a
-- copy's key is sealed to is told by 8 bytes of its header (lib/crypt/envelope.h).

CREATE TABLE rekey (
	number		INTEGER PRIMARY KEY CHECK (number > 0),
	statement	TEXT NOT NULL,						-- cubby-keys-1
	home_id		BLOB NOT NULL CHECK (length(home_id) = 8),		-- as headers name the key
	release_id	BLOB NOT NULL CHECK (length(release_id) = 8),
	former_home	BLOB NOT NULL CHECK (length(former_home) = 80),		-- sealed to the new one
	former_release	BLOB NOT NULL CHECK (length(former_release) = 80),
	made_min	INTEGER NOT NULL CHECK (made_min > 0),
	moved		INTEGER NOT NULL DEFAULT 0 CHECK (moved IN (0, 1))	-- no header names an older key
) STRICT;

CREATE TRIGGER rekey_stays BEFORE UPDATE OF number, statement, home_id, release_id, former_home,
	former_release, made_min ON rekey
BEGIN
	SELECT RAISE(ABORT, 'keys change by another change, never by this one');
END;

-- A header changes with the keys, to those in force, and for nothing else.
CREATE TRIGGER item_header_follows_the_keys BEFORE UPDATE OF header ON item
WHEN substr(NEW.header, 2, 8) IS substr(OLD.header, 2, 8)
	OR substr(NEW.header, 2, 8) IS NOT (SELECT home_id FROM rekey ORDER BY number DESC LIMIT 1)
BEGIN
	SELECT RAISE(ABORT, 'an item is sealed anew only to keys that changed');
END;

DROP TRIGGER copy_stays_approved;
CREATE TRIGGER copy_stays_approved BEFORE UPDATE OF purpose, recipient, review ON copy
BEGIN
	SELECT RAISE(ABORT, 'an approval is for what it was given for');
END;

CREATE TRIGGER copy_header_follows_the_keys BEFORE UPDATE OF header ON copy
WHEN substr(NEW.header, 2, 8) IS substr(OLD.header, 2, 8)
	OR substr(NEW.header, 2, 8) IS NOT (SELECT release_id FROM rekey ORDER BY number DESC LIMIT 1)
BEGIN
	SELECT RAISE(ABORT, 'a copy is sealed anew only to keys that changed');
END;

-- With each change the access log's first keys get one more box around them, to the new home key.
DROP TRIGGER log_is_append_only;
ALTER TABLE log_key RENAME TO log_key_in_one_box;
CREATE TABLE log_key (
	number		INTEGER PRIMARY KEY,
	first_seq	INTEGER NOT NULL CHECK (first_seq > 0),
	sealed		BLOB NOT NULL CHECK (length(sealed) >= 80 AND (length(sealed) - 80) % 48 = 0)
) STRICT;
INSERT INTO log_key (number, first_seq, sealed)
	SELECT number, first_seq, sealed FROM log_key_in_one_box ORDER BY number;
DROP TABLE log_key_in_one_box;

CREATE TRIGGER log_key_gets_a_box BEFORE UPDATE ON log_key
WHEN NEW.number IS NOT OLD.number OR NEW.first_seq IS NOT OLD.first_seq
	OR length(NEW.sealed) <> length(OLD.sealed) + 48
BEGIN
	SELECT RAISE(ABORT, 'a first key of the access log stays what it is');
END;

CREATE TRIGGER log_is_append_only BEFORE UPDATE ON log
WHEN NOT (OLD.body_hash IS NULL AND NEW.body_hash IS NOT NULL
	AND NEW.body = '{}' AND NEW.salt = zeroblob(16)
	AND NEW.seq = OLD.seq AND NEW.time_min = OLD.time_min
	AND NEW.hash = OLD.hash AND NEW.tag IS OLD.tag
	AND OLD.time_min + 730 * 1440 <= (SELECT time_min FROM log ORDER BY seq DESC LIMIT 1)
	AND NOT EXISTS (SELECT 1 FROM log_key WHERE first_seq = OLD.seq))
BEGIN
	SELECT RAISE(ABORT, 'the access log is append-only');
END;
