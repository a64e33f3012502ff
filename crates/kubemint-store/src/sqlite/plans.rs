//! That reads and writes stay fast, proven by what SQLite says of its own work: the plan of each query, and the steps it takes.

use chrono::DateTime;
use kubemint::ports::{Filter, Visible};
use kubemint::{Principal, Status};
use rusqlite::{Connection, StatementStatus, params};

use super::lists::statement;
use super::reads::*;
use super::schema::tests::migrated;
use super::{issue, retain, transitions};
use crate::legs::legs;

/// The statement of every list, with the number of its walks.
fn lists() -> Vec<(usize, String)> {
    let statuses = [
        None,
        Some(Status::Active),
        Some(Status::Expired),
        Some(Status::Revoking),
    ];
    let text = |given: bool| given.then(|| "given".to_owned());
    let mut lists = Vec::new();
    for parts in 1..8u8 {
        let visible = Visible {
            principal: Principal {
                issuer: "i".to_owned(),
                subject: "me".to_owned(),
            },
            all: parts & 4 != 0,
            created: parts & 2 != 0,
            issued_for: parts & 1 != 0,
        };
        for status in statuses {
            for given in 0..8u8 {
                let filter = Filter {
                    status,
                    user: text(given & 1 != 0),
                    role: text(given & 2 != 0),
                    issued_before: (given & 4 != 0).then(DateTime::default),
                };
                let legs = legs(&visible, &filter);
                lists.push((legs.len(), statement(&legs).unwrap()));
            }
        }
    }
    lists
}

const DUE: [&str; 3] = [DUE_ENDED, DUE_REVOKING, DUE_PENDING];

/// The steps of SQLite's machine that a query takes to its end, and the rows that it gives. Parameters are those of
/// the caller `me`, who reads ten rows of the cluster `r/p/c` at the time 1000.
fn cost(connection: &Connection, sql: &str) -> (i32, usize) {
    let mut statement = connection.prepare(sql).unwrap();
    for (name, value) in [
        (":region", "r"),
        (":project", "p"),
        (":cluster", "c"),
        (":issuer", "i"),
        (":subject", "me"),
        (":id", "id-7"),
        (":uid", "uid-7"),
        (":user", "me"),
        (":role", "mine"),
    ] {
        if let Some(index) = statement.parameter_index(name).unwrap() {
            statement.raw_bind_parameter(index, value).unwrap();
        }
    }
    for (name, value) in [
        (":limit", 10),
        (":before", i64::MAX),
        (":now", 1000),
        (":after", 0),
        (":issued_before", i64::MAX),
    ] {
        if let Some(index) = statement.parameter_index(name).unwrap() {
            statement.raw_bind_parameter(index, value).unwrap();
        }
    }
    let mut rows = statement.raw_query();
    let mut count = 0;
    while rows.next().unwrap().is_some() {
        count += 1;
    }
    drop(rows);
    (statement.get_status(StatementStatus::VmStep), count)
}

fn insert(
    connection: &Connection,
    cluster: &str,
    creator: &str,
    issued_for: &str,
    state: &str,
    ends: i64,
) {
    connection
        .prepare_cached(
            "INSERT INTO kubeconfig (region, project, cluster, id, uid, issued_for, role, creator_issuer,
                 creator_subject, ttl, state, created_at, pending_until, expires_at, object_uid)
             SELECT 'r', 'p', ?1, 'id-' || (count(*) + 1), 'uid-' || (count(*) + 1), ?3,
                 iif(?2 = 'me' OR ?3 = 'me', 'mine', 'theirs'), 'i', ?2, 60, ?4, 0, ?5,
                 iif(?4 IN ('pending', 'failed'), NULL, ?5), iif(?4 IN ('pending', 'failed'), NULL, 'o')
             FROM kubeconfig",
        )
        .unwrap()
        .execute(params![cluster, creator, issued_for, state, ends])
        .unwrap();
}

/// A database in which `me` has a few records, between `others` of every kind that others have.
fn crowd(others: usize) -> Connection {
    let mut connection = migrated();
    let transaction = connection.transaction().unwrap();
    for part in 0..3 {
        for other in 0..others / 3 {
            let state = ["active", "expired", "revoked", "failed"][other % 4];
            insert(&transaction, "c", "them", "them", state, 5000);
            insert(
                &transaction,
                "elsewhere",
                "me",
                "me",
                ["active", "revoking", "pending"][other % 3],
                500,
            );
            // Mine in part, and never to be shown.
            insert(
                &transaction,
                "c",
                "me",
                "me",
                ["revoked", "failed"][other % 2],
                500,
            );
        }
        // The newest are others'.
        for _ in 0..if part < 2 { 12 } else { 0 } {
            insert(&transaction, "c", "me", "me", "active", 500 + part);
            insert(&transaction, "c", "me", "them", "expired", 500);
            insert(&transaction, "c", "them", "me", "revoking", 500);
            insert(&transaction, "c", "me", "me", "pending", 500);
        }
    }
    transaction.commit().unwrap();
    connection
}

#[test]
fn a_read_takes_the_same_steps_in_any_crowd() {
    let (few, many) = (crowd(120), crowd(2000));
    for sql in DUE.into_iter().chain([ACTIVE]) {
        let ((less, rows), (more, same)) = (cost(&few, sql), cost(&many, sql));
        assert_eq!((rows, same), (10, 10), "{sql}");
        assert!(
            more <= less + less / 10,
            "{less} steps became {more}: {sql}"
        );
    }
    for (_, sql) in lists() {
        let ((less, rows), (more, same)) = (cost(&few, &sql), cost(&many, &sql));
        assert_eq!(rows, same, "{sql}");
        assert!(
            more <= less + less / 10,
            "{less} steps became {more}: {sql}"
        );
    }
    let ((less, rows), (more, same)) = (cost(&few, FIND), cost(&many, FIND));
    assert_eq!((rows, same), (1, 1));
    assert!(more <= less + less / 10, "{less} steps became {more}");
}

#[test]
fn forgetting_looks_at_the_oldest_alone_whatever_has_credentials_left() {
    let steps = |others| {
        let connection = crowd(others);
        let credentials = "INSERT INTO credential (kubeconfig, expires_at, minted_at) SELECT seq, 0, 0 FROM kubeconfig";
        connection.execute_batch(credentials).unwrap();
        let mut statement = connection.prepare(retain::OVER).unwrap();
        let found = statement.query_map((i64::MAX, 10), |row| row.get::<_, i64>(0));
        assert_eq!(found.unwrap().count(), 0);
        statement.get_status(StatementStatus::VmStep)
    };
    let (few, many) = (steps(120), steps(2000));
    assert!(many <= few + few / 10, "{few} steps became {many}");
}

#[test]
fn every_plan_searches_its_index_and_none_sorts_what_it_has_not_limited() {
    let connection = migrated();
    let plan = |sql: &str| -> Vec<String> {
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let mut rows = statement.raw_query();
        let mut plan = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push(row.get("detail").unwrap());
        }
        plan
    };
    for (sql, index) in [
        (ACTIVE, "kubeconfig_active"),
        (DUE_ENDED, "kubeconfig_ending"),
        (DUE_REVOKING, "kubeconfig_revoking"),
        (DUE_PENDING, "kubeconfig_pending"),
        (FIND, "sqlite_autoindex_kubeconfig_1"),
        (CREDENTIALS, "credential_kubeconfig"),
        (EVENTS, "INTEGER PRIMARY KEY"),
    ] {
        let plan = plan(sql);
        assert!(
            plan.iter()
                .any(|step| step.starts_with("SEARCH") && step.contains(index)),
            "{plan:?}: {sql}"
        );
        for step in &plan {
            let whole = step.starts_with("SCAN");
            let sorts = step.contains("TEMP B-TREE");
            assert!(!whole && !sorts, "{plan:?}: {sql}");
        }
    }
    let counted = plan(issue::ALIVE);
    for (index, times) in [("kubeconfig_issued_for", 2), ("kubeconfig_pending", 1)] {
        let searches = counted.iter();
        let searches = searches.filter(|step| step.contains("SEARCH") && step.contains(index));
        assert_eq!(searches.count(), times, "{counted:?}");
    }
    for (walks, sql) in lists() {
        let plan = plan(&sql);
        let searches = plan.iter().filter(|step| {
            // To the end of an index: the number, or the time at which it ends.
            step.starts_with("SEARCH kubeconfig USING")
                && ["seq<?)", "rowid<?)", "expires_at<?)"]
                    .iter()
                    .any(|end| step.contains(end))
        });
        assert_eq!(searches.count(), walks, "{plan:?}: {sql}");
        for step in &plan {
            // Only what limited walks gave may be gone through as a whole or sorted.
            let whole = step.starts_with("SCAN") && !step.contains("subquery");
            let sorts = step.contains("TEMP B-TREE") && walks == 1;
            assert!(!whole && !sorts, "{plan:?}: {sql}");
        }
    }
}

#[test]
fn a_write_builds_no_table_for_each_index() {
    let connection = migrated();
    for sql in [issue::INSERT, transitions::ACTIVATE] {
        let mut statement = connection.prepare(&format!("EXPLAIN {sql}")).unwrap();
        let mut rows = statement.raw_query();
        let mut tables = 0;
        while let Some(row) = rows.next().unwrap() {
            let opcode: String = row.get("opcode").unwrap();
            tables += usize::from(opcode == "OpenEphemeral");
        }
        // One for the list of all states, which is checked.
        assert!(tables <= 1, "{tables}: {sql}");
    }
}
