-- SPDX-License-Identifier: Apache-2.0
-- An item is known as a child's by its row, and that by its profile's row. Neither a row that changes
-- its number nor one put in another's place may make it an adult's: not even where foreign keys are
-- off, as they are for whoever opens this file with another program (R17).

CREATE TRIGGER profile_keeps_its_row BEFORE UPDATE OF profile ON profile
BEGIN
	SELECT RAISE(ABORT, 'what is kept knows its profile by this number');
END;

CREATE TRIGGER profile_takes_no_items BEFORE INSERT ON profile
WHEN EXISTS (SELECT 1 FROM item WHERE item.profile = NEW.profile)
BEGIN
	SELECT RAISE(ABORT, 'a new profile has no items');
END;

CREATE TRIGGER item_takes_no_parts BEFORE INSERT ON item
WHEN EXISTS (SELECT 1 FROM part WHERE part.item = NEW.item)
BEGIN
	SELECT RAISE(ABORT, 'a new item has no parts');
END;

-- Keys and ciphertext belong to one row. OR REPLACE would delete the other one unseen.

CREATE TRIGGER part_takes_nothing BEFORE INSERT ON part
WHEN EXISTS (SELECT 1 FROM part WHERE slot = NEW.slot) OR EXISTS (SELECT 1 FROM part WHERE body = NEW.body)
	OR EXISTS (SELECT 1 FROM part WHERE item = NEW.item AND kind = NEW.kind)
BEGIN
	SELECT RAISE(ABORT, 'a new part has its own slot and body');
END;

CREATE TRIGGER part_keeps_its_body BEFORE UPDATE OF body ON part
WHEN NEW.body IS NOT NULL AND NEW.body IS NOT OLD.body
BEGIN
	SELECT RAISE(ABORT, 'a part keeps its body');
END;

CREATE TRIGGER copy_part_takes_nothing BEFORE INSERT ON copy_part
WHEN EXISTS (SELECT 1 FROM part WHERE slot = NEW.slot) OR EXISTS (SELECT 1 FROM part WHERE body = NEW.body)
BEGIN
	SELECT RAISE(ABORT, 'an approved copy has its own slot and body');
END;

CREATE TRIGGER copy_part_keeps_its_own BEFORE UPDATE OF slot, body ON copy_part
WHEN NEW.slot IS NOT OLD.slot OR (NEW.body IS NOT NULL AND NEW.body IS NOT OLD.body)
BEGIN
	SELECT RAISE(ABORT, 'an approved copy keeps its slot and body');
END;

-- What an export gave away stays called back.
CREATE TRIGGER recall_is_not_unsaid BEFORE DELETE ON recall
WHEN (SELECT ended_min FROM export WHERE export.export = OLD.export) IS NOT NULL
	AND NOT EXISTS (SELECT 1 FROM reset WHERE renewed = 0)
BEGIN
	SELECT RAISE(ABORT, 'a recall stands');
END;
