-- The latest incident of each key, so that all watchers of one fleet name it alike. It decides nothing about sending.
CREATE TABLE incident_generations (
  key text PRIMARY KEY CHECK (octet_length(key) BETWEEN 1 AND 250),
  generation bigint NOT NULL CHECK (generation > 0),
  began_at timestamptz NOT NULL,
  -- NULL: it is open.
  ended_at timestamptz
);
