-- SPDX-License-Identifier: Apache-2.0
-- The access log: a hash chain over salted bodies (lib/crypt/chain.h).

CREATE TABLE log (
	seq		INTEGER PRIMARY KEY CHECK (seq > 0),
	time_min	INTEGER NOT NULL CHECK (time_min > 0),
	body		TEXT NOT NULL CHECK (body GLOB '{*}'),
	salt		BLOB NOT NULL CHECK (length(salt) = 16),
	hash		BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER log_is_append_only BEFORE UPDATE ON log
BEGIN
	SELECT RAISE(ABORT, 'the access log is append-only');
END;
