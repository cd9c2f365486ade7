-- SPDX-License-Identifier: Apache-2.0
-- Custody of the access log: a tag for each entry under a key that is gone afterwards
-- (daemon/ratchet.h), and who opened before.

ALTER TABLE log ADD COLUMN tag BLOB CHECK (length(tag) = 16);	-- NULL: before there was a key

-- A first key, sealed to the household's home key: from this entry on tags are made with it and
-- with those that follow from it.
CREATE TABLE log_key (
	first_seq	INTEGER PRIMARY KEY CHECK (first_seq > 0),
	sealed		BLOB NOT NULL CHECK (length(sealed) = 80)
) STRICT;

-- The slot of the key of the next entry. The slot's tag is of that key, and changes with every entry.
CREATE TABLE log_slot (
	one		INTEGER PRIMARY KEY CHECK (one = 1),
	slot		INTEGER NOT NULL UNIQUE CHECK (slot >= 0),
	slot_id		BLOB NOT NULL CHECK (length(slot_id) = 16),	-- random; owner id of the slot
	slot_tag	BLOB NOT NULL CHECK (length(slot_tag) = 16),
	seq		INTEGER NOT NULL CHECK (seq >= 0)		-- the newest entry's
) STRICT;

-- Users of the machine who opened something at some time.
CREATE TABLE log_opener (
	uid		INTEGER PRIMARY KEY CHECK (uid >= 0)
) STRICT;
