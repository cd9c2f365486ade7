-- SPDX-License-Identifier: Apache-2.0
-- By how much the age clock was set ahead because the wall clock had proved right (daemon/age.h). It
-- is here and not in the clock's own file because items that were made under the lead move along in
-- the same transaction.

CREATE TABLE clock (
	one		INTEGER PRIMARY KEY CHECK (one = 1),
	leapt_min	INTEGER NOT NULL CHECK (leapt_min >= 0)
) STRICT;

INSERT INTO clock (one, leapt_min) VALUES (1, 0);
