-- SPDX-License-Identifier: Apache-2.0
-- The numbers behind the policies that consents were given for (lib/crypt/terms.h), so that a policy
-- that keeps less can be told from one that keeps more. They prove nothing: who reads them makes the
-- hash again. And when a profile was last used, so that one nobody uses is erased.

CREATE TABLE policy (
	hash		BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
	audio_s		INTEGER NOT NULL CHECK (audio_s BETWEEN 60 AND 2592000),
	transcript_s	INTEGER NOT NULL CHECK (transcript_s BETWEEN 60 AND 7776000),
	location_s	INTEGER NOT NULL CHECK (location_s BETWEEN 60 AND 604800),
	inactive_days	INTEGER NOT NULL CHECK (inactive_days BETWEEN 1 AND 548),
	notice_days	INTEGER NOT NULL CHECK (notice_days BETWEEN 1 AND 90)
) STRICT, WITHOUT ROWID;

-- Something was kept, consented to, or a parent said "keep"; 0: not since it was made.
ALTER TABLE profile ADD COLUMN used_min INTEGER NOT NULL DEFAULT 0 CHECK (used_min >= 0);
-- When parents were told that it is to be erased.
ALTER TABLE profile ADD COLUMN noticed_min INTEGER CHECK (noticed_min > 0);

UPDATE profile SET used_min = coalesce((SELECT max(made_min) FROM part JOIN item USING (item)
	WHERE item.profile = profile.profile), 0);
