-- The keys that pseudonyms of the trail were made with, by fingerprints, and when a server began with each first and last: so that
-- one that is another, or lost, is noticed.

CREATE TABLE pseudonym_key (
    fingerprint text COLLATE "C" PRIMARY KEY,
    first_at    bigint NOT NULL,
    last_at     bigint NOT NULL
);
