-- SPDX-License-Identifier: Apache-2.0
-- The access log as its readers check it: old bodies emptied, first keys in the order they were
-- begun, and checkpoints.

-- In a log that was cut a key can begin where another one did: both stay, in their order.
ALTER TABLE log_key RENAME TO log_key_by_seq;
CREATE TABLE log_key (
	number		INTEGER PRIMARY KEY,
	first_seq	INTEGER NOT NULL CHECK (first_seq > 0),
	sealed		BLOB NOT NULL CHECK (length(sealed) = 80)
) STRICT;
INSERT INTO log_key (first_seq, sealed) SELECT first_seq, sealed FROM log_key_by_seq ORDER BY first_seq;
DROP TABLE log_key_by_seq;

-- What an entry said, once its body is emptied: the chain goes over this hash. The salt goes with
-- the body, so that nobody finds out by guessing.
ALTER TABLE log ADD COLUMN body_hash BLOB CHECK (length(body_hash) = 32);

DROP TRIGGER log_is_append_only;
-- 730 days, counted to the newest entry. An entry that says which key begins with it stays.
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

CREATE TRIGGER log_begins_with_words BEFORE INSERT ON log WHEN NEW.body_hash IS NOT NULL
BEGIN
	SELECT RAISE(ABORT, 'no entry begins empty');
END;

-- One a day, signed by the device (lib/crypt/checkpoint.h).
CREATE TABLE log_checkpoint (
	seq		INTEGER PRIMARY KEY CHECK (seq > 0),
	made_min	INTEGER NOT NULL CHECK (made_min > 0),
	statement	TEXT NOT NULL
) STRICT;
