-- Schema 2. What providers tell us, and what they have to be told.

-- Bodies of hooks as they came in, stored before the 200. body_ct is sealed under the site's intake key and goes
-- away as soon as it has been worked on; digest (keyed, so that it tells nothing) stays for a while and makes the
-- provider's repeats harmless.
CREATE TABLE hook (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at_ms INTEGER NOT NULL,
	provider TEXT NOT NULL,
	digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
	body_ct BLOB
) STRICT;

-- Only what waits: as small as the queue. And what may be forgotten, by age.
CREATE INDEX hook_open ON hook (id) WHERE body_ct IS NOT NULL;
CREATE INDEX hook_done ON hook (at_ms) WHERE body_ct IS NULL;

-- What a provider's contact list has to be told about a person: one row for each purpose, the newest word wins.
-- purpose '' is the contact as a whole (deletion after an erasure). Then address_ct holds the address, sealed
-- under the intake key, because the person's key is gone; otherwise it is NULL and the person has the address.
CREATE TABLE contact (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	provider TEXT NOT NULL,
	person_id INTEGER NOT NULL,
	purpose TEXT NOT NULL,
	action INTEGER NOT NULL CHECK (action BETWEEN 1 AND 4),
	turn INTEGER NOT NULL DEFAULT 1, -- grows with each new word, so that the answer to an older one does not settle it
	address_ct BLOB,
	state INTEGER NOT NULL DEFAULT 0, -- 0 waits, 1 refused for good
	attempt INTEGER NOT NULL DEFAULT 0,
	next_ms INTEGER NOT NULL,
	result_code TEXT,
	created_ms INTEGER NOT NULL,
	UNIQUE (provider, person_id, purpose)
) STRICT;

CREATE INDEX contact_due ON contact (next_ms) WHERE state = 0;
