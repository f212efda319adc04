-- TRUNCATE ends sessions too, and fires no trigger that is meant for DELETE.
CREATE TRIGGER tell_sessions_truncated AFTER TRUNCATE ON sessions
  FOR EACH STATEMENT EXECUTE FUNCTION portal_tell_sessions_changed();

CREATE TRIGGER tell_tokens_truncated AFTER TRUNCATE ON machine_tokens
  FOR EACH STATEMENT EXECUTE FUNCTION portal_tell_sessions_changed();

CREATE TRIGGER tell_users_truncated AFTER TRUNCATE ON users
  FOR EACH STATEMENT EXECUTE FUNCTION portal_tell_sessions_changed();
