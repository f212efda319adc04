-- What the health of the database tries a write on once a minute: emptied and filled again, and never read. It is in no backup
-- that matters and on no replica, so it need not be logged.
CREATE UNLOGGED TABLE portal_writes (filler integer NOT NULL);
