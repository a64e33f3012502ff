-- The same indexes, said otherwise. For every write, SQLite asks of every partial index whether the row belongs into it;
-- for a list of more than two it builds a temporary table each time, which cost more than the write itself.

DROP INDEX kubeconfig_shown;
DROP INDEX kubeconfig_created;
DROP INDEX kubeconfig_issued_for;
DROP INDEX kubeconfig_over;

CREATE INDEX kubeconfig_shown ON kubeconfig (region, project, cluster, seq)
    WHERE (state = 'active' OR state = 'revoking' OR state = 'expired');
CREATE INDEX kubeconfig_created ON kubeconfig (region, project, cluster, creator_issuer, creator_subject, seq)
    WHERE (state = 'active' OR state = 'revoking' OR state = 'expired');
CREATE INDEX kubeconfig_issued_for ON kubeconfig (region, project, cluster, creator_issuer, issued_for, seq)
    WHERE (state = 'active' OR state = 'revoking' OR state = 'expired');
CREATE INDEX kubeconfig_over ON kubeconfig (coalesce(expires_at, created_at))
    WHERE (state = 'revoked' OR state = 'failed' OR state = 'expired') AND forgotten_at IS NULL;
