-- While one lasts, nobody is told of new incidents of what it covers; watching goes on. Kept here, so that all watchers of a
-- fleet know of it and each is in the audit.
CREATE TABLE pauses (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  fleet text NOT NULL,
  -- A service, or all with a label, as `name:value`.
  service text,
  label text,
  from_at timestamptz NOT NULL,
  until_at timestamptz NOT NULL CHECK (until_at > from_at),
  reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
  author text NOT NULL,
  -- Before its time.
  ended_at timestamptz,
  CHECK (num_nonnulls(service, label) = 1)
);
CREATE INDEX pauses_to_come ON pauses (until_at) WHERE ended_at IS NULL;

-- What people wrote about incidents, by the ids that all watchers give them.
CREATE TABLE incident_notes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident text NOT NULL CHECK (incident ~ '^[0-9a-f]{32}$'),
  at timestamptz NOT NULL DEFAULT now(),
  author text NOT NULL,
  note text NOT NULL CHECK (char_length(note) BETWEEN 1 AND 4000)
);
CREATE INDEX incident_notes_of ON incident_notes (incident, id);

ALTER TABLE audit DROP CONSTRAINT audit_action_check;
ALTER TABLE audit ADD CONSTRAINT audit_action_check CHECK (action IN ('signed_in', 'refused', 'first_read', 'user_added',
  'permission_changed', 'user_disabled', 'user_enabled', 'user_removed', 'session_created', 'session_revoked',
  'token_created', 'token_revoked', 'token_used', 'settings_changed', 'pause_begun', 'pause_ended', 'note_added'));
