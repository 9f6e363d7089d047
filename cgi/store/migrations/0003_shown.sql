-- Schema 3. Which page of a form was in force from when: with the wording and the time of an event it gives the page as
-- it was shown.
CREATE TABLE shown (
	no INTEGER PRIMARY KEY AUTOINCREMENT,
	form TEXT NOT NULL,
	lang TEXT NOT NULL,
	consent_hash BLOB NOT NULL CHECK (length(consent_hash) = 32),
	page_hash BLOB NOT NULL REFERENCES text (hash),
	from_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX shown_form ON shown (form, lang, no);
CREATE TRIGGER shown_update BEFORE UPDATE ON shown BEGIN SELECT RAISE(ABORT, 'shown is append-only'); END;
CREATE TRIGGER shown_delete BEFORE DELETE ON shown BEGIN SELECT RAISE(ABORT, 'shown is append-only'); END;
