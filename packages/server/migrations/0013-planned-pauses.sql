-- Maintenance is a pause that was planned ahead: healthy time leaves it out, and no other.
ALTER TABLE pauses ADD COLUMN planned boolean NOT NULL DEFAULT false;
