-- The keys that pseudonyms of the trail were made with, by fingerprints, and when a server began with each first and last: so that
-- one that is another, or lost, is noticed.

CREATE TABLE pseudonym_key (
    fingerprint TEXT    PRIMARY KEY,
    first_at    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
