-- SPDX-License-Identifier: Apache-2.0
-- The key that what is kept of a profile needs besides its own slot key (daemon/veil.h): the removal
-- of a profile overwrites it first, and everything under it ends at once. What was kept before has
-- no veil, and expires within its 7, 30 or 90 days.

ALTER TABLE profile ADD COLUMN slot INTEGER CHECK (slot >= 0);	-- NULL: nothing is kept under one yet
ALTER TABLE profile ADD COLUMN slot_tag BLOB CHECK (length(slot_tag) = 16);
CREATE UNIQUE INDEX profile_slot ON profile (slot);

ALTER TABLE part ADD COLUMN veiled INTEGER NOT NULL DEFAULT 0 CHECK (veiled IN (0, 1));
ALTER TABLE copy_part ADD COLUMN veiled INTEGER NOT NULL DEFAULT 0 CHECK (veiled IN (0, 1));

-- Under the veil of another profile nothing of it could be opened any more: daemon/veil.h moves it.
CREATE TRIGGER item_leaves_its_veil BEFORE UPDATE OF profile ON item
WHEN NEW.profile IS NOT OLD.profile
	AND EXISTS (SELECT 1 FROM part WHERE part.item = NEW.item AND veiled = 1)
BEGIN
	SELECT RAISE(ABORT, 'what is kept takes off its veil before it moves');
END;
