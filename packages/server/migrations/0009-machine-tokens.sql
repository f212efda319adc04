-- Tokens of machines, which open what administrators read. As with sessions only the SHA-256 is stored, and the last six
-- characters to tell them apart.
CREATE TABLE machine_tokens (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- A name that is all digits would be taken for the number of another.
  name text NOT NULL CHECK (name ~ '^[A-Za-z0-9._-]{1,40}$' AND name !~ '^[0-9]+$'),
  -- With whom it ends; NULL: with nobody.
  user_id integer REFERENCES users (id) ON DELETE CASCADE,
  token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
  token_suffix text NOT NULL CHECK (char_length(token_suffix) = 6),
  created_at timestamptz NOT NULL DEFAULT now(),
  -- NULL: never.
  expires_at timestamptz,
  revoked_at timestamptz
);

CREATE UNIQUE INDEX machine_tokens_name ON machine_tokens (lower(name)) WHERE revoked_at IS NULL;
CREATE INDEX machine_tokens_of_user ON machine_tokens (user_id);

CREATE TRIGGER tell_tokens_changed AFTER UPDATE OR DELETE ON machine_tokens
  FOR EACH STATEMENT EXECUTE FUNCTION portal_tell_sessions_changed();

ALTER TABLE audit DROP CONSTRAINT audit_action_check;
ALTER TABLE audit ADD CONSTRAINT audit_action_check CHECK (action IN ('signed_in', 'refused', 'first_read', 'user_added',
  'permission_changed', 'user_disabled', 'user_enabled', 'user_removed', 'session_created', 'session_revoked',
  'token_created', 'token_revoked', 'token_used', 'settings_changed'));
