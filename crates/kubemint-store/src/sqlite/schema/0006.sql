-- By what a cluster is known again: the UIDs that it gave to namespaces of ours.

CREATE TABLE landmark (
    region    TEXT NOT NULL,
    project   TEXT NOT NULL,
    cluster   TEXT NOT NULL,
    namespace TEXT NOT NULL,
    uid       TEXT NOT NULL,
    PRIMARY KEY (region, project, cluster, namespace)
) STRICT, WITHOUT ROWID;
