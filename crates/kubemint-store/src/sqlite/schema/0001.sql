-- The first schema. Times are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE instance (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    id       TEXT    NOT NULL,
    page_key BLOB    NOT NULL CHECK (length(page_key) = 32),
    pings    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE kubeconfig (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    region          TEXT    NOT NULL,
    project         TEXT    NOT NULL,
    cluster         TEXT    NOT NULL,
    id              TEXT    NOT NULL,
    uid             TEXT    NOT NULL,
    display_name    TEXT,
    description     TEXT,
    issued_for      TEXT    NOT NULL,
    role            TEXT    NOT NULL,
    creator_issuer  TEXT    NOT NULL,
    creator_subject TEXT    NOT NULL,
    ttl             INTEGER NOT NULL CHECK (ttl BETWEEN 0 AND 4294967295),
    state           TEXT    NOT NULL
        CHECK (state IN ('pending', 'active', 'revoking', 'revoked', 'failed', 'expired')),
    created_at      INTEGER NOT NULL,
    pending_until   INTEGER NOT NULL,
    expires_at      INTEGER,
    object_uid      TEXT,
    UNIQUE (region, project, cluster, id),
    -- What was granted is known exactly when something was.
    CHECK ((expires_at IS NULL) = (state IN ('pending', 'failed'))),
    CHECK ((object_uid IS NULL) = (state IN ('pending', 'failed')))
) STRICT;

CREATE TRIGGER kubeconfig_is_never_deleted BEFORE DELETE ON kubeconfig
BEGIN
    SELECT RAISE(ABORT, 'a kubeconfig is never deleted: its name is never used again');
END;

-- Lists, newest first: everything, what someone created, what is for someone.
CREATE INDEX kubeconfig_shown ON kubeconfig (region, project, cluster, seq)
    WHERE state IN ('active', 'revoking', 'expired');
CREATE INDEX kubeconfig_created ON kubeconfig (region, project, cluster, creator_issuer, creator_subject, seq)
    WHERE state IN ('active', 'revoking', 'expired');
CREATE INDEX kubeconfig_issued_for ON kubeconfig (region, project, cluster, creator_issuer, issued_for, seq)
    WHERE state IN ('active', 'revoking', 'expired');

-- The reconciler's: they hold only what is alive, however long the history.
CREATE INDEX kubeconfig_active ON kubeconfig (region, project, cluster, seq) WHERE state = 'active';
CREATE INDEX kubeconfig_ending ON kubeconfig (region, project, cluster, expires_at) WHERE state = 'active';
CREATE INDEX kubeconfig_revoking ON kubeconfig (region, project, cluster, seq) WHERE state = 'revoking';
CREATE INDEX kubeconfig_pending ON kubeconfig (region, project, cluster, pending_until) WHERE state = 'pending';

-- Every credential that was minted for a kubeconfig; `jti` is what the cluster's own audit log calls it.
CREATE TABLE credential (
    seq        INTEGER PRIMARY KEY,
    kubeconfig INTEGER NOT NULL REFERENCES kubeconfig (seq),
    jti        TEXT,
    expires_at INTEGER NOT NULL,
    minted_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX credential_kubeconfig ON credential (kubeconfig);

CREATE TABLE idempotency (
    seq         INTEGER PRIMARY KEY,
    issuer      TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    project     TEXT    NOT NULL,
    cluster     TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    kubeconfig  INTEGER NOT NULL REFERENCES kubeconfig (seq),
    keep_until  INTEGER NOT NULL,
    UNIQUE (issuer, subject, region, project, cluster, key)
) STRICT;

CREATE INDEX idempotency_keep_until ON idempotency (keep_until);

CREATE TABLE audit (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    request_id TEXT,
    issuer     TEXT,
    subject    TEXT,
    token_id   TEXT,
    region     TEXT    NOT NULL,
    project    TEXT    NOT NULL,
    cluster    TEXT    NOT NULL,
    kubeconfig TEXT,
    uid        TEXT,
    decision   TEXT,
    detail     TEXT    NOT NULL,
    CHECK ((issuer IS NULL) = (subject IS NULL))
) STRICT;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append only');
END;

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append only');
END;

-- INSERT OR REPLACE deletes without firing the trigger above.
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append only');
END;
