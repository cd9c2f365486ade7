-- SPDX-License-Identifier: Apache-2.0
-- What a parent shortened without a new consent: only ever below the consent, which stays as it was
-- signed. A new consent for the kind, or its withdrawal, takes the row's place.

CREATE TABLE retention (
	profile		INTEGER NOT NULL REFERENCES profile ON DELETE CASCADE,
	kind		INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
	keep_s		INTEGER NOT NULL CHECK (keep_s >= 60 AND keep_s <=
				CASE kind WHEN 1 THEN 2592000 WHEN 2 THEN 7776000 WHEN 3 THEN 604800 END),
	set_min		INTEGER NOT NULL CHECK (set_min > 0),
	PRIMARY KEY (profile, kind)
) STRICT, WITHOUT ROWID;
