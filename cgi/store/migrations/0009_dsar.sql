-- Schema 9. The register of requests about rights (GDPR Art. 12(3)): when each came, until when it must be answered, and
-- when it was. Days are numbers since 1970-01-01.

-- person_id: whom it is about, where somebody with the address was here; the address is that person's then. Else
-- address_ct, sealed under the intake key, until the answer. note_ct: why it was extended or refused, sealed under
-- the person's key, else under the intake key.
CREATE TABLE dsar (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	person_id INTEGER REFERENCES person (id),
	asks INTEGER NOT NULL,
	way TEXT NOT NULL,
	state INTEGER NOT NULL DEFAULT 0,
	received_day INTEGER NOT NULL,
	due_day INTEGER NOT NULL,
	extended_day INTEGER,
	settled_ms INTEGER,
	address_ct BLOB,
	note_ct BLOB
) STRICT;

CREATE INDEX dsar_open ON dsar (due_day) WHERE state = 0;
CREATE INDEX dsar_settled ON dsar (settled_ms) WHERE state <> 0;
CREATE INDEX dsar_person ON dsar (person_id) WHERE person_id IS NOT NULL;
