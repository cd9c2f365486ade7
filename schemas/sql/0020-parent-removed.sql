-- SPDX-License-Identifier: Apache-2.0
-- A parent who was removed. Of them stays what later statements rest on: the key that may have
-- vouched for another parent or signed a consent, and who vouched for it. No door, no wrap, no name.

ALTER TABLE parent ADD COLUMN removed_min INTEGER CHECK (removed_min >= created_min);

CREATE TRIGGER parent_stays_removed BEFORE UPDATE OF removed_min ON parent
	WHEN OLD.removed_min IS NOT NULL
BEGIN
	SELECT RAISE(ABORT, 'a parent who was removed does not come back');
END;

CREATE TRIGGER door_only_of_a_parent BEFORE INSERT ON door
	WHEN (SELECT removed_min FROM parent WHERE parent = NEW.parent) IS NOT NULL
BEGIN
	SELECT RAISE(ABORT, 'a parent who was removed has no door');
END;
