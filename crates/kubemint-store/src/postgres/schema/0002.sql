-- Lists with filters. Every index of lists leads with what is asked for and then the state, so that a page of any filter
-- is a few short walks; more of one state never make a page of another slower. The number is said as `seq + 0`, and so in
-- the queries: otherwise the planner may walk the primary key instead, through everything of every other cluster.

DROP INDEX kubeconfig_shown;
DROP INDEX kubeconfig_active;
DROP INDEX kubeconfig_created;
DROP INDEX kubeconfig_issued_for;

CREATE INDEX kubeconfig_shown ON kubeconfig (region, project, cluster, (seq + 0))
    WHERE state IN ('active', 'revoking', 'expired');
CREATE INDEX kubeconfig_active ON kubeconfig (region, project, cluster, (seq + 0)) WHERE state = 'active';
CREATE INDEX kubeconfig_expired ON kubeconfig (region, project, cluster, (seq + 0)) WHERE state = 'expired';
CREATE INDEX kubeconfig_created ON kubeconfig (region, project, cluster, creator, state, (seq + 0))
    WHERE state IN ('active', 'revoking', 'expired');
CREATE INDEX kubeconfig_issued_for ON kubeconfig (region, project, cluster, subject, state, (seq + 0))
    WHERE state IN ('active', 'revoking', 'expired');
-- An index entry has a limit, and texts have none here: their beginnings are enough to find them by.
CREATE INDEX kubeconfig_user ON kubeconfig
    (region, project, cluster, left(issued_for, 100) COLLATE "C", state, (seq + 0))
    WHERE state IN ('active', 'revoking', 'expired');
CREATE INDEX kubeconfig_role ON kubeconfig (region, project, cluster, left(role, 100) COLLATE "C", state, (seq + 0))
    WHERE state IN ('active', 'revoking', 'expired');

-- A failed record may be taken over by the next issue of its name, which has another number: this was the last one.
ALTER TABLE kubeconfig ADD COLUMN took_over bigint;
