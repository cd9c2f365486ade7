-- SPDX-License-Identifier: Apache-2.0
-- How the last deletion drill went (daemon/drill.h). No id and no word of anybody: stores and counts.

CREATE TABLE drill (
	one		INTEGER PRIMARY KEY CHECK (one = 1),
	ended_min	INTEGER NOT NULL CHECK (ended_min > 0),
	found		TEXT NOT NULL			-- a sentence a line; empty: all went well
) STRICT;
