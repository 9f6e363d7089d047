-- Schema 1. Columns named *_ct hold XChaCha20-Poly1305 ciphertext under the person's key slot,
-- bound to "table:column:id". Times are milliseconds since 1970-01-01 UTC.

CREATE TABLE migration (
	n INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
	at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE meta (
	k TEXT PRIMARY KEY,
	v BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Everything ever shown or sent, by its hash, for ever.
CREATE TABLE text (
	hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
	kind TEXT NOT NULL CHECK (kind IN ('consent', 'form', 'mail', 'notice', 'config', 'page')),
	lang TEXT NOT NULL,
	format INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER text_update BEFORE UPDATE ON text BEGIN SELECT RAISE(ABORT, 'text is append-only'); END;
CREATE TRIGGER text_delete BEFORE DELETE ON text BEGIN SELECT RAISE(ABORT, 'text is append-only'); END;

CREATE TABLE notice (
	no INTEGER PRIMARY KEY AUTOINCREMENT,
	lang TEXT NOT NULL,
	hash BLOB NOT NULL REFERENCES text (hash),
	config_hash BLOB NOT NULL CHECK (length(config_hash) = 32),
	valid_from_ms INTEGER NOT NULL,
	UNIQUE (lang, no)
) STRICT;

CREATE TRIGGER notice_update BEFORE UPDATE ON notice BEGIN SELECT RAISE(ABORT, 'notice is append-only'); END;
CREATE TRIGGER notice_delete BEFORE DELETE ON notice BEGIN SELECT RAISE(ABORT, 'notice is append-only'); END;

-- Sign-ups as they came in; sealed under the site's intake key, padded to size classes.
CREATE TABLE intake (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at_ms INTEGER NOT NULL,
	channel INTEGER NOT NULL,
	form TEXT NOT NULL,
	lang TEXT NOT NULL,
	consent_hash BLOB NOT NULL CHECK (length(consent_hash) = 32),
	sealed BLOB NOT NULL
) STRICT;

CREATE TABLE person (
	id INTEGER PRIMARY KEY AUTOINCREMENT, -- number of the key slot
	channel INTEGER NOT NULL CHECK (channel BETWEEN 1 AND 3),
	lookup BLOB NOT NULL CHECK (length(lookup) = 16),
	state INTEGER NOT NULL,
	lang TEXT NOT NULL,
	address_ct BLOB,
	fields_ct BLOB,
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	confirmed_ms INTEGER,
	UNIQUE (channel, lookup)
) STRICT;

CREATE TABLE person_purpose (
	person_id INTEGER NOT NULL REFERENCES person (id),
	purpose TEXT NOT NULL,
	state INTEGER NOT NULL,
	since_ms INTEGER NOT NULL,
	request_id INTEGER,
	consent_hash BLOB NOT NULL CHECK (length(consent_hash) = 32),
	PRIMARY KEY (person_id, purpose)
) STRICT, WITHOUT ROWID;

CREATE TABLE request (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	person_id INTEGER NOT NULL REFERENCES person (id),
	form TEXT NOT NULL,
	lang TEXT NOT NULL,
	purposes TEXT NOT NULL,
	consent_hash BLOB NOT NULL CHECK (length(consent_hash) = 32),
	intake_ms INTEGER NOT NULL,
	state INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	settled_ms INTEGER,
	mailed_ms INTEGER,
	mails INTEGER NOT NULL DEFAULT 0,
	generation INTEGER NOT NULL DEFAULT 1,
	fields_ct BLOB,
	page_ct BLOB
) STRICT;

CREATE INDEX request_person ON request (person_id, state);
-- Only what still waits: stays as small as the number of open requests.
CREATE INDEX request_open ON request (expires_ms) WHERE state = 0;

-- The evidence. Leaf seq - 1 of the log of commitments.
CREATE TABLE event (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	person_id INTEGER NOT NULL REFERENCES person (id),
	time_ms INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	form TEXT NOT NULL,
	commitment BLOB NOT NULL CHECK (length(commitment) = 32),
	c_core BLOB NOT NULL CHECK (length(c_core) = 32),
	c_ip BLOB NOT NULL CHECK (length(c_ip) = 32),
	c_fields BLOB NOT NULL CHECK (length(c_fields) = 32),
	core_ct BLOB,
	ip_ct BLOB,
	fields_ct BLOB
) STRICT;

CREATE INDEX event_person ON event (person_id, seq);
-- Events whose IP part is still there: expiry finds them without a scan.
CREATE INDEX event_ip ON event (time_ms) WHERE ip_ct IS NOT NULL;

CREATE TRIGGER event_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
-- The only change there is: ciphertext goes away. Nothing else, and never back.
CREATE TRIGGER event_update BEFORE UPDATE ON event
WHEN NEW.seq IS NOT OLD.seq OR NEW.person_id IS NOT OLD.person_id OR NEW.time_ms IS NOT OLD.time_ms
	OR NEW.kind IS NOT OLD.kind OR NEW.form IS NOT OLD.form OR NEW.commitment IS NOT OLD.commitment
	OR NEW.c_core IS NOT OLD.c_core OR NEW.c_ip IS NOT OLD.c_ip OR NEW.c_fields IS NOT OLD.c_fields
	OR (NEW.core_ct IS NOT NULL AND NEW.core_ct IS NOT OLD.core_ct)
	OR (NEW.ip_ct IS NOT NULL AND NEW.ip_ct IS NOT OLD.ip_ct)
	OR (NEW.fields_ct IS NOT NULL AND NEW.fields_ct IS NOT OLD.fields_ct)
BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;

CREATE TABLE checkpoint (
	size INTEGER PRIMARY KEY,
	root BLOB NOT NULL CHECK (length(root) = 32),
	at_ms INTEGER NOT NULL,
	note TEXT NOT NULL
) STRICT;

CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;

CREATE TABLE outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	channel INTEGER NOT NULL CHECK (channel BETWEEN 1 AND 3),
	person_id INTEGER NOT NULL,
	request_id INTEGER,
	kind INTEGER NOT NULL,
	mail_hash BLOB NOT NULL CHECK (length(mail_hash) = 32),
	slots_ct BLOB,
	state INTEGER NOT NULL,
	attempt INTEGER NOT NULL DEFAULT 0,
	attempt_id TEXT,
	started_ms INTEGER,
	next_ms INTEGER NOT NULL,
	provider TEXT,
	provider_id TEXT,
	result_class INTEGER NOT NULL DEFAULT 0,
	result_code TEXT,
	result_text TEXT,
	created_ms INTEGER NOT NULL,
	done_ms INTEGER
) STRICT;

-- What is not settled (queued, sending, held): as small as the queue.
CREATE INDEX outbox_open ON outbox (state, next_ms) WHERE done_ms IS NULL;
CREATE INDEX outbox_person ON outbox (person_id);
CREATE INDEX outbox_provider ON outbox (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX outbox_done ON outbox (done_ms) WHERE done_ms IS NOT NULL;

CREATE TABLE suppression (
	channel INTEGER NOT NULL,
	lookup BLOB NOT NULL CHECK (length(lookup) = 16),
	purpose TEXT NOT NULL,
	reason INTEGER NOT NULL,
	since_ms INTEGER NOT NULL,
	until_ms INTEGER,
	PRIMARY KEY (channel, lookup, purpose)
) STRICT, WITHOUT ROWID;

-- Journal of erasures: asked, key gone, rows gone.
CREATE TABLE erasure (
	person_id INTEGER PRIMARY KEY,
	asked_ms INTEGER NOT NULL,
	reason INTEGER NOT NULL,
	keys_done_ms INTEGER,
	done_ms INTEGER
) STRICT;

CREATE INDEX erasure_open ON erasure (person_id) WHERE done_ms IS NULL;

-- Counts without persons.
CREATE TABLE daily (
	day INTEGER NOT NULL,
	form TEXT NOT NULL,
	what INTEGER NOT NULL,
	n INTEGER NOT NULL,
	PRIMARY KEY (day, form, what)
) STRICT, WITHOUT ROWID;
