-- Lists with filters. Every index of lists leads with what is asked for and then the state, so that a page of any filter
-- is a few short walks; more of one state never make a page of another slower.

DROP INDEX kubeconfig_created;
DROP INDEX kubeconfig_issued_for;

CREATE INDEX kubeconfig_created ON kubeconfig (region, project, cluster, creator_issuer, creator_subject, state, seq)
    WHERE (state = 'active' OR state = 'revoking' OR state = 'expired');
CREATE INDEX kubeconfig_issued_for ON kubeconfig (region, project, cluster, creator_issuer, issued_for, state, seq)
    WHERE (state = 'active' OR state = 'revoking' OR state = 'expired');
CREATE INDEX kubeconfig_user ON kubeconfig (region, project, cluster, issued_for, state, seq)
    WHERE (state = 'active' OR state = 'revoking' OR state = 'expired');
CREATE INDEX kubeconfig_role ON kubeconfig (region, project, cluster, role, state, seq)
    WHERE (state = 'active' OR state = 'revoking' OR state = 'expired');
CREATE INDEX kubeconfig_expired ON kubeconfig (region, project, cluster, seq) WHERE state = 'expired';
