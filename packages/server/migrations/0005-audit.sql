-- Who came in, who was refused, who changed what. Names rather than numbers: a name is never given to somebody else, and
-- what happened stays readable when its people are gone.
CREATE TABLE audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  action text NOT NULL CHECK (action IN ('signed_in', 'refused', 'first_read', 'user_added', 'permission_changed',
    'session_created', 'session_revoked', 'settings_changed')),
  -- The user who did it; NULL: whoever sits at the machine, or nobody that we know.
  actor text,
  -- The user whom it was done to.
  subject text,
  address text,
  token_suffix text,
  details jsonb NOT NULL DEFAULT '{}',
  -- What is to stand here once: a first reading by its session, a refusal by its hour, whose row then counts.
  counted_as text UNIQUE
);

-- Refusals are thrown away after a while, everything else stays.
CREATE INDEX audit_refused ON audit (at) WHERE action = 'refused';

-- What the settings were at the last start, as salted digests: enough to see that one is another, and no more.
CREATE TABLE settings_seen (
  variable text PRIMARY KEY,
  salt bytea NOT NULL,
  digest bytea NOT NULL
);
