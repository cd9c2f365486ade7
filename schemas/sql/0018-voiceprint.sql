-- SPDX-License-Identifier: Apache-2.0
-- Voiceprints: of adults alone (R27), one of each, as ciphertext under a slot key of its own and the
-- profile's veil. The keeper can open one, and so can root: an ear needs it while parents are away.
-- It is made of sound that was never kept, so nothing here refers to an item (R18).

CREATE TABLE voiceprint (
	voiceprint	INTEGER PRIMARY KEY,
	id		BLOB NOT NULL UNIQUE CHECK (length(id) = 16),	-- random; owner id of the slot
	profile		INTEGER NOT NULL REFERENCES profile,
	statement	TEXT NOT NULL,					-- cubby-enrolment-1: the consent to it
	policy		BLOB NOT NULL CHECK (length(policy) = 32),
	slot		INTEGER NOT NULL UNIQUE CHECK (slot >= 0),
	slot_tag	BLOB NOT NULL CHECK (length(slot_tag) = 16),
	made_min	INTEGER NOT NULL CHECK (made_min > 0),
	wall_min	INTEGER NOT NULL CHECK (wall_min > 0),		-- what the wall clock said then
	expires_min	INTEGER NOT NULL CHECK (expires_min > made_min AND expires_min - made_min <= 525600),
	bytes		INTEGER NOT NULL CHECK (bytes BETWEEN 1 AND 1024),
	body		INTEGER UNIQUE REFERENCES body,
	job		INTEGER REFERENCES job,				-- a tombstone: invisible, and only rolls forward
	CHECK (body IS NOT NULL OR job IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX voiceprint_is_one ON voiceprint (profile) WHERE job IS NULL;
CREATE INDEX voiceprint_by_profile ON voiceprint (profile);
CREATE INDEX voiceprint_by_job ON voiceprint (job) WHERE job IS NOT NULL;

CREATE TRIGGER voiceprint_only_of_an_adult BEFORE INSERT ON voiceprint
WHEN (SELECT type FROM profile WHERE profile.profile = NEW.profile) IS NOT 'adult'
BEGIN
	SELECT RAISE(ABORT, 'there is no voiceprint of a child');
END;

CREATE TRIGGER voiceprint_stays_whose_it_is BEFORE UPDATE OF voiceprint, id, profile, statement, policy,
	slot, slot_tag, bytes ON voiceprint
BEGIN
	SELECT RAISE(ABORT, 'a voiceprint is made anew, never changed');
END;

CREATE TRIGGER voiceprint_stays_erased BEFORE UPDATE OF job ON voiceprint WHEN OLD.job IS NOT NULL
BEGIN
	SELECT RAISE(ABORT, 'a tombstone only rolls forward');
END;
