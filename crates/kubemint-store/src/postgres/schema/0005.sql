-- By what a cluster is known again: the UIDs that it gave to namespaces of ours.

CREATE TABLE landmark (
    region    text NOT NULL,
    project   text NOT NULL,
    cluster   text NOT NULL,
    namespace text NOT NULL,
    uid       text NOT NULL,
    PRIMARY KEY (region, project, cluster, namespace)
);
