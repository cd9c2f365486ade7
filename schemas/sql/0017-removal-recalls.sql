-- SPDX-License-Identifier: Apache-2.0
-- The removal of a profile marks its parts piece by piece; what was exported of it is recalled at
-- once, in the transaction that asks for the removal (R19).

CREATE TRIGGER profile_removed_is_recalled AFTER UPDATE OF removing ON profile
WHEN OLD.removing = 0 AND NEW.removing = 1
BEGIN
	INSERT INTO recall (export, token, reason, recalled_min)
		SELECT export_item.export, export_item.token, 'removed', max(1,
			coalesce((SELECT max(asked_min) FROM job), 1))
		FROM export_item JOIN copy USING (copy) JOIN item ON item.item = copy.item
		WHERE item.profile = NEW.profile;
	DELETE FROM export_item WHERE copy IN (SELECT copy FROM copy
		JOIN item ON item.item = copy.item WHERE item.profile = NEW.profile);
END;
