-- Whoever ends a session or changes what somebody may do, also with psql: open pages hear of it without asking.
CREATE FUNCTION portal_tell_sessions_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('portal_sessions_changed', '');
  RETURN NULL;
END
$$;

CREATE TRIGGER tell_sessions_changed AFTER UPDATE OR DELETE ON sessions
  FOR EACH STATEMENT EXECUTE FUNCTION portal_tell_sessions_changed();

CREATE TRIGGER tell_permission_changed AFTER UPDATE OF permission OR DELETE ON users
  FOR EACH STATEMENT EXECUTE FUNCTION portal_tell_sessions_changed();
