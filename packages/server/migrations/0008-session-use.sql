-- When a session was last used, by the minute; only where a limit on idle sessions is set.
ALTER TABLE sessions ADD COLUMN last_used_at timestamptz;

-- That a session was used changes nothing for anybody: only what ends one, or makes it another, is told.
DROP TRIGGER tell_sessions_changed ON sessions;
CREATE TRIGGER tell_sessions_changed
  AFTER UPDATE OF user_id, token_hash, created_at, expires_at, revoked_at OR DELETE ON sessions
  FOR EACH STATEMENT EXECUTE FUNCTION portal_tell_sessions_changed();
