-- Schema 4. The log of commitments as a tree that can be read in pieces, and what vouches for it outside.

-- Complete tiles (C2SP tlog-tiles): 256 hashes of a level, each the root of 256^level events. root is the root of the
-- tile, and so one hash of the tile above.
CREATE TABLE tile (
	level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 7),
	n INTEGER NOT NULL CHECK (n >= 0),
	root BLOB NOT NULL CHECK (length(root) = 32),
	hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
	PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tile_update BEFORE UPDATE ON tile BEGIN SELECT RAISE(ABORT, 'tile is append-only'); END;
CREATE TRIGGER tile_delete BEFORE DELETE ON tile BEGIN SELECT RAISE(ABORT, 'tile is append-only'); END;

-- Where else a checkpoint is: mailed to the owner, stamped by a time stamp authority (data: its token, DER).
CREATE TABLE anchor (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	size INTEGER NOT NULL REFERENCES checkpoint (size),
	kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 2),
	at_ms INTEGER NOT NULL,
	source TEXT NOT NULL,
	data BLOB
) STRICT;

CREATE INDEX anchor_size ON anchor (kind, size);

CREATE TRIGGER anchor_update BEFORE UPDATE ON anchor BEGIN SELECT RAISE(ABORT, 'anchor is append-only'); END;
CREATE TRIGGER anchor_delete BEFORE DELETE ON anchor BEGIN SELECT RAISE(ABORT, 'anchor is append-only'); END;
