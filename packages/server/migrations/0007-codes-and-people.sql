-- Of the codes that one address asks for by one name the newest count, so the name is remembered: as a digest, which is
-- there for a name that nobody has just as well.
ALTER TABLE login_codes ADD COLUMN asked_for bytea CHECK (octet_length(asked_for) = 32);
CREATE INDEX login_codes_of_address ON login_codes (address, asked_for);
CREATE INDEX login_codes_by_end ON login_codes (expires_at);
COMMENT ON COLUMN login_codes.wrong_tries IS 'Of versions before 0006, whose processes may still run beside us.';

-- Somebody who shall not get in for now: is in no session, and gets none.
ALTER TABLE users ADD COLUMN disabled_at timestamptz;
CREATE TRIGGER tell_user_disabled AFTER UPDATE OF disabled_at ON users
  FOR EACH STATEMENT EXECUTE FUNCTION portal_tell_sessions_changed();

ALTER TABLE audit DROP CONSTRAINT audit_action_check;
ALTER TABLE audit ADD CONSTRAINT audit_action_check CHECK (action IN ('signed_in', 'refused', 'first_read', 'user_added',
  'permission_changed', 'user_disabled', 'user_enabled', 'user_removed', 'session_created', 'session_revoked',
  'settings_changed'));
