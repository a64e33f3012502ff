-- Retention: what is over is forgotten but for its name, and the trail may be cut where retention says so.

-- When all but the name was forgotten. Such a record is never shown or found; its name stays taken.
ALTER TABLE kubeconfig ADD COLUMN forgotten_at INTEGER;

CREATE INDEX kubeconfig_over ON kubeconfig (coalesce(expires_at, created_at))
    WHERE state IN ('revoked', 'failed', 'expired') AND forgotten_at IS NULL;
CREATE INDEX idempotency_kubeconfig ON idempotency (kubeconfig);
CREATE INDEX audit_at ON audit (at);

-- Until when the trail may be cut; retention sets it and takes it back in one transaction.
CREATE TABLE retention (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    audit_before INTEGER
) STRICT;
INSERT INTO retention (one, audit_before) VALUES (1, NULL);

DROP TRIGGER audit_is_never_deleted;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
WHEN OLD.at >= coalesce((SELECT audit_before FROM retention), OLD.at)
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append only');
END;
