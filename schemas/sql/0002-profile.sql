-- SPDX-License-Identifier: Apache-2.0
-- Profiles, and the consents parents gave for them.

CREATE TABLE profile (
	profile		INTEGER PRIMARY KEY,
	id		BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	name		TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 32 * 4),
	type		TEXT NOT NULL CHECK (type IN ('child', 'adult')),
	created_min	INTEGER NOT NULL CHECK (created_min > 0),
	-- Key of this profile's and its items' pseudonyms in the access log; dies with the row.
	log_key		BLOB NOT NULL DEFAULT (randomblob(16)) CHECK (length(log_key) = 16),
	removing	INTEGER NOT NULL DEFAULT 0 CHECK (removing IN (0, 1))
) STRICT;

-- A profile's type never changes: what was kept as a child's stays a child's.
CREATE TRIGGER profile_type_is_for_ever BEFORE UPDATE OF type, id ON profile
BEGIN
	SELECT RAISE(ABORT, 'the type of a profile never changes');
END;

CREATE TABLE consent (
	consent		INTEGER PRIMARY KEY,
	profile		INTEGER NOT NULL REFERENCES profile ON DELETE CASCADE,
	kind		INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),	-- audio, transcript, location: no kind means training
	statement	TEXT NOT NULL,					-- cubby-consent-1
	policy		BLOB NOT NULL CHECK (length(policy) = 32),
	keep_s		INTEGER NOT NULL CHECK (keep_s >= 60 AND keep_s <=
				CASE kind WHEN 1 THEN 2592000 WHEN 2 THEN 7776000 WHEN 3 THEN 604800 END),
	granted_min	INTEGER NOT NULL CHECK (granted_min > 0),
	withdrawn_min	INTEGER CHECK (withdrawn_min >= granted_min)
) STRICT;

-- One consent at a time for a profile and kind.
CREATE UNIQUE INDEX consent_in_force ON consent (profile, kind) WHERE withdrawn_min IS NULL;
