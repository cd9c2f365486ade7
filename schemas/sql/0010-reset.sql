-- SPDX-License-Identifier: Apache-2.0
-- Erasures that take everything, the household included (daemon/store/reset.h). The row stays beside
-- its job, which keeps the receipt.

CREATE TABLE reset (
	job		INTEGER PRIMARY KEY REFERENCES job ON DELETE CASCADE,
	renewed		INTEGER NOT NULL DEFAULT 0 CHECK (renewed IN (0, 1))	-- the keeper has a new key
) STRICT;
