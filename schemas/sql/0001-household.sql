-- SPDX-License-Identifier: Apache-2.0
-- The household, its parents, and the doors through which a parent's secrets are reached.
-- Nothing here opens an item: secrets are wrapped under a passphrase, and the wraps are
-- encrypted once more under an erasable slot key (vault).

CREATE TABLE household (
	one		INTEGER PRIMARY KEY CHECK (one = 1),
	statement	TEXT NOT NULL,			-- cubby-household-1
	created_min	INTEGER NOT NULL CHECK (created_min > 0)
) STRICT;

CREATE TABLE parent (
	parent		INTEGER PRIMARY KEY,
	name		TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 32),
	sign_key	BLOB NOT NULL UNIQUE CHECK (length(sign_key) = 32),
	statement	TEXT,				-- who vouches; NULL for the founder
	created_min	INTEGER NOT NULL CHECK (created_min > 0)
) STRICT;

CREATE TABLE door (
	parent		INTEGER NOT NULL REFERENCES parent ON DELETE CASCADE,
	kind		TEXT NOT NULL CHECK (kind IN ('passphrase', 'recovery')),
	salt		BLOB NOT NULL CHECK (length(salt) = 16),
	passes		INTEGER NOT NULL CHECK (passes >= 0),
	memory_bytes	INTEGER NOT NULL CHECK (memory_bytes >= 0),
	proof_hash	BLOB NOT NULL CHECK (length(proof_hash) = 32),
	failures	INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),	-- charged before a guess is checked
	slot		INTEGER NOT NULL UNIQUE CHECK (slot >= 0),	-- key of the outer layer of this door's wraps
	slot_id		BLOB NOT NULL UNIQUE CHECK (length(slot_id) = 16),	-- random; owner id of the slot
	slot_tag	BLOB NOT NULL CHECK (length(slot_tag) = 16),	-- whose key the slot holds: see daemon/vault
	PRIMARY KEY (parent, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE wrap (
	parent		INTEGER NOT NULL,
	kind		TEXT NOT NULL,
	secret		TEXT NOT NULL CHECK (secret IN ('home', 'release', 'sign')),
	wrapped		BLOB NOT NULL,
	PRIMARY KEY (parent, kind, secret),
	FOREIGN KEY (parent, kind) REFERENCES door (parent, kind) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
