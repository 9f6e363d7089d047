-- Schema 6. Rights of a person: evidence that outlives an erasure, and addresses that wait for their confirmation.

-- An erasure that keeps the evidence: the person is erased like any other, but the key slot, the address and the
-- cores of the events stay until keep_until_ms. keep_lookup is the keyed hash of the address, so that the evidence is
-- found when somebody asks for it; the person's own row has random bytes there, so that the person can come back.
ALTER TABLE erasure ADD COLUMN keep_until_ms INTEGER;
ALTER TABLE erasure ADD COLUMN keep_lookup BLOB CHECK (keep_lookup IS NULL OR length(keep_lookup) = 16);

CREATE INDEX erasure_keep ON erasure (keep_until_ms) WHERE keep_until_ms IS NOT NULL;
CREATE INDEX erasure_kept ON erasure (keep_lookup) WHERE keep_lookup IS NOT NULL;

-- A new address of a person, until the link sent there is pressed. One at a time.
CREATE TABLE move (
	person_id INTEGER PRIMARY KEY REFERENCES person (id),
	generation INTEGER NOT NULL,
	asked_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	address_ct BLOB
) STRICT;

CREATE INDEX move_open ON move (expires_ms) WHERE address_ct IS NOT NULL;
