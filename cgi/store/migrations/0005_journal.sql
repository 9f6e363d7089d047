-- Schema 5. What the journal of erasures on the second path (store/journal.h) does not have yet.

ALTER TABLE erasure ADD COLUMN journaled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE suppression ADD COLUMN journaled INTEGER NOT NULL DEFAULT 0;

-- Only what waits to be written there.
CREATE INDEX erasure_journal_open ON erasure (person_id) WHERE journaled = 0;
CREATE INDEX suppression_journal_open ON suppression (channel, lookup, purpose) WHERE journaled = 0;
