-- One-time codes. The code itself is never stored, only its SHA-256: it is worth something for ten minutes at most.
CREATE TABLE login_codes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Whom it signs in. NULL: nobody. Such a row is written when a name is asked for that nobody has, so that this costs
  -- what any other name costs. No foreign key for the same reason: it would be looked up for somebody and not for nobody.
  user_id integer,
  code_hash bytea NOT NULL UNIQUE CHECK (octet_length(code_hash) = 32),
  -- The only address that may use it; NULL: any.
  address text,
  -- 'request': somebody asked at the door. 'command': at the command line. 'start': the service, for the link it prints.
  made_by text NOT NULL CHECK (made_by IN ('request', 'command', 'start')),
  -- Wrong codes that were tried where this one would have been right.
  wrong_tries integer NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);

-- A session can also come of a code.
ALTER TABLE sessions DROP CONSTRAINT sessions_made_by_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_made_by_check CHECK (made_by IN ('command', 'start', 'code'));
