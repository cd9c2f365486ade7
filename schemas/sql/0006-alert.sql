-- SPDX-License-Identifier: Apache-2.0
-- What happened that parents should know without asking. No text: sentences are made from the kind
-- when they are read. What still holds (an erasure partly done, a policy that changed) is not in
-- here; it is asked of its owner.

CREATE TABLE alert (
	alert		INTEGER PRIMARY KEY,
	kind		TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 20 AND kind NOT GLOB '*[^a-z-]*'),
	profile		INTEGER REFERENCES profile ON DELETE CASCADE,	-- whom it is about; NULL: nobody
	time_min	INTEGER NOT NULL CHECK (time_min > 0),
	count		INTEGER NOT NULL CHECK (count >= 0)
) STRICT;

-- One of a kind and profile: the newest.
CREATE UNIQUE INDEX alert_is_one ON alert (kind, ifnull(profile, 0));
CREATE INDEX alert_by_profile ON alert (profile);
