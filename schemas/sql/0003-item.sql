-- SPDX-License-Identifier: Apache-2.0
-- What is kept, as ciphertext. An item is all that is kept of one utterance; a part is one kind of
-- it, with a slot key and an expiry of its own; a body is nothing but a rowid and ciphertext.

CREATE TABLE item (
	item		INTEGER PRIMARY KEY,
	id		BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	profile		INTEGER NOT NULL REFERENCES profile,
	started_min	INTEGER NOT NULL CHECK (started_min > 0),
	uid		INTEGER NOT NULL,			-- of the ear or parent that told it
	header		BLOB NOT NULL CHECK (length(header) = 89)	-- FK sealed to the home key
) STRICT;

-- A listing is read from these alone.
CREATE INDEX item_by_time ON item (started_min DESC, item DESC, id, profile);
CREATE INDEX item_by_profile ON item (profile, started_min DESC, item DESC, id);

CREATE TABLE body (
	body		INTEGER PRIMARY KEY,
	sealed		BLOB NOT NULL
) STRICT;

-- The law: everything kept has an expiry, later than its making and under the cap of its kind.
CREATE TABLE part (
	item		INTEGER NOT NULL REFERENCES item,
	kind		INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
	slot		INTEGER NOT NULL UNIQUE CHECK (slot >= 0),
	slot_tag	BLOB NOT NULL CHECK (length(slot_tag) = 16),	-- whose key the slot holds: see daemon/vault
	made_min	INTEGER NOT NULL CHECK (made_min > 0),
	expires_min	INTEGER NOT NULL CHECK (expires_min > made_min AND (expires_min - made_min) * 60 <=
				CASE kind WHEN 1 THEN 2592000 WHEN 2 THEN 7776000 WHEN 3 THEN 604800 END),
	bytes		INTEGER NOT NULL CHECK (bytes > 0),
	hash		BLOB NOT NULL CHECK (length(hash) = 32),	-- of the ciphertext
	body		INTEGER UNIQUE REFERENCES body,
	job		INTEGER REFERENCES job,			-- a tombstone: invisible, and only rolls forward
	PRIMARY KEY (item, kind),
	CHECK (body IS NOT NULL OR job IS NOT NULL)		-- only a tombstone has lost its body
) STRICT, WITHOUT ROWID;

CREATE INDEX part_by_expiry ON part (expires_min) WHERE job IS NULL;
CREATE INDEX part_by_job ON part (job) WHERE job IS NOT NULL;

-- An erasure, from its first tombstone to its receipt.
CREATE TABLE job (
	job		INTEGER PRIMARY KEY AUTOINCREMENT,
	reason		TEXT NOT NULL CHECK (reason IN ('delete', 'withdraw', 'remove', 'expire')),
	profile		INTEGER,			-- removed with its items, for 'remove'
	uid		INTEGER,			-- who asked; NULL: the keeper itself
	items		INTEGER NOT NULL CHECK (items >= 0),
	parts		INTEGER NOT NULL CHECK (parts >= 0),
	state		TEXT NOT NULL CHECK (state IN ('queued', 'running', 'verifying', 'done', 'partial')),
	problem		TEXT NOT NULL DEFAULT '',
	receipt		TEXT NOT NULL DEFAULT '' CHECK (state = 'done' OR receipt = ''),
	asked_min	INTEGER NOT NULL CHECK (asked_min > 0),
	ended_min	INTEGER,
	salt		BLOB NOT NULL CHECK (length(salt) = 16),	-- of the commitment; base of the prints
	commitment	BLOB NOT NULL CHECK (length(commitment) = 32)	-- to the ids of the items: see lib/crypt/receipt.h
) STRICT;

CREATE INDEX job_under_way ON job (job) WHERE state <> 'done';

CREATE TRIGGER part_stays_erased BEFORE UPDATE OF job ON part WHEN OLD.job IS NOT NULL
BEGIN
	SELECT RAISE(ABORT, 'a tombstone only rolls forward');
END;

-- What the verifier still has to read back: slots that must be zero, and fingerprints (daemon/print.h)
-- of ids and of first bytes of ciphertext that must be nowhere. Gone with the receipt.
CREATE TABLE witness (
	witness		INTEGER PRIMARY KEY,
	job		INTEGER NOT NULL REFERENCES job,
	slot		INTEGER UNIQUE,
	print		INTEGER
) STRICT;

CREATE INDEX witness_by_job ON witness (job);
