-- The trail becomes a chain of hashes for each writer (see `audit` in the program). Rows from before have no place in
-- one; a server that was started before this goes on writing such, and must be stopped.

ALTER TABLE audit
    ADD COLUMN chain    text COLLATE "C",
    ADD COLUMN number   bigint,
    ADD COLUMN previous bytea,
    ADD COLUMN hash     bytea;

-- No two rows follow the same one, whatever becomes of a writer.
CREATE UNIQUE INDEX audit_chain_number ON audit (chain, number);

-- What is noted beside the rows: the last that was written, and the last that retention cut.
CREATE TABLE audit_chain (
    chain       text COLLATE "C" PRIMARY KEY,
    head        bigint NOT NULL,
    head_hash   bytea  NOT NULL,
    pruned      bigint NOT NULL DEFAULT 0,
    pruned_hash bytea  NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
);

-- The last row that needs no place.
ALTER TABLE retention ADD COLUMN unchained_until bigint NOT NULL DEFAULT 0;
UPDATE retention SET unchained_until = (SELECT coalesce(max(seq), 0) FROM audit);
