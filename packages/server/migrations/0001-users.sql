-- People, and how much each may do: 0 User, 1 Moderator, 2 Admin, 3 Owner.
CREATE TABLE users (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CHECK (name ~ '^[A-Za-z0-9._-]{3,32}$'),
  permission smallint NOT NULL DEFAULT 0 CHECK (permission BETWEEN 0 AND 3),
  created_at timestamptz NOT NULL DEFAULT now()
);

-- "Ada" and "ada" are one person to everybody who reads a list of names.
CREATE UNIQUE INDEX users_name_ignoring_case ON users (lower(name));
