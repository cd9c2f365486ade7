-- SPDX-License-Identifier: Apache-2.0
-- What was kept of a child stays a child's, under direct SQL, too (R17): no item leaves a child's
-- profile, and no part moves to another item, so that none can be released as an adult's.

CREATE TRIGGER childs_item_stays_a_childs BEFORE UPDATE OF profile ON item
WHEN NEW.profile IS NOT OLD.profile
	AND (SELECT type FROM profile WHERE profile.profile = OLD.profile) IS NOT 'adult'
BEGIN
	SELECT RAISE(ABORT, 'an item never leaves a child''s profile');
END;

CREATE TRIGGER item_keeps_its_name BEFORE UPDATE OF item, id ON item
BEGIN
	SELECT RAISE(ABORT, 'an item never takes the name of another');
END;

CREATE TRIGGER part_stays_with_its_item BEFORE UPDATE OF item, kind ON part
BEGIN
	SELECT RAISE(ABORT, 'a part stays with its item');
END;

CREATE TRIGGER copy_part_stays_with_its_copy BEFORE UPDATE OF copy, kind ON copy_part
BEGIN
	SELECT RAISE(ABORT, 'a part stays with its copy');
END;
