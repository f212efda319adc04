-- Sessions. The token itself is never stored: only its SHA-256, and its last six characters to tell sessions apart.
CREATE TABLE sessions (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
  token_suffix text NOT NULL CHECK (char_length(token_suffix) = 6),
  -- 'command': somebody asked for it. 'start': the service made it for the line it prints at its start.
  made_by text NOT NULL CHECK (made_by IN ('command', 'start')),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);

CREATE INDEX sessions_of_user ON sessions (user_id);
