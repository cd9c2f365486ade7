-- SPDX-License-Identifier: Apache-2.0
-- Parents were told that the consent to a voiceprint ends soon (daemon/voice_end.h).

ALTER TABLE voiceprint ADD COLUMN noticed INTEGER NOT NULL DEFAULT 0 CHECK (noticed IN (0, 1));
