-- The trail becomes a chain of hashes (see `audit` in the program). Rows from before have no place in one.

ALTER TABLE audit ADD COLUMN chain TEXT;
ALTER TABLE audit ADD COLUMN number INTEGER;
ALTER TABLE audit ADD COLUMN previous BLOB;
ALTER TABLE audit ADD COLUMN hash BLOB;

-- What is noted beside the rows: the last that was written, and the last that retention cut.
CREATE TABLE audit_chain (
    chain       TEXT    PRIMARY KEY,
    head        INTEGER NOT NULL DEFAULT 0,
    head_hash   BLOB    NOT NULL DEFAULT (zeroblob(32)),
    pruned      INTEGER NOT NULL DEFAULT 0,
    pruned_hash BLOB    NOT NULL DEFAULT (zeroblob(32))
) STRICT, WITHOUT ROWID;

-- The last row that needs no place.
ALTER TABLE retention ADD COLUMN unchained_until INTEGER NOT NULL DEFAULT 0;
UPDATE retention SET unchained_until = (SELECT coalesce(max(seq), 0) FROM audit);
