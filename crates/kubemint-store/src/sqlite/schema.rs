//! The tables, and how an older database comes to have them.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a database file as ours: `KMNT`.
pub(super) const APPLICATION_ID: i32 = 0x4b4d_4e54;

/// Number `n` of this list leads from schema `n` to schema `n + 1`. Only ever appended to.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
    include_str!("schema/0006.sql"),
    include_str!("schema/0007.sql"),
];

/// The schema that this program reads and writes. An older one is migrated when it is opened; a newer one is refused.
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// The first schema whose trail has chains. From there on a trail is read alike.
pub(super) const CHAINED: u32 = 5;

/// Applies the migrations after schema `from`, each in a transaction of its own: a crash leaves a whole schema.
pub(super) fn migrate(connection: &mut Connection, from: u32) -> rusqlite::Result<()> {
    for (version, sql) in (1u32..)
        .zip(MIGRATIONS)
        .skip_while(|(version, _)| *version <= from)
    {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A database in memory with the newest schema.
    pub(in crate::sqlite) fn migrated() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, 0).unwrap();
        connection
    }

    const EVENT: &str = "INSERT INTO audit (at, kind, region, project, cluster, detail) VALUES (1, 'k', 'r', 'p', 'c', '{}')";

    fn refusal(connection: &Connection, sql: &str) -> String {
        connection.execute(sql, []).unwrap_err().to_string()
    }

    #[test]
    fn an_event_is_never_changed_deleted_or_replaced() {
        let connection = migrated();
        connection.execute(EVENT, []).unwrap();
        for sql in [
            "UPDATE audit SET kind = 'other'",
            "DELETE FROM audit",
            "REPLACE INTO audit (seq, at, kind, region, project, cluster, detail) VALUES (1, 2, 'x', 'r', 'p', 'c', '')",
        ] {
            assert_eq!(
                refusal(&connection, sql),
                "the audit trail is append only",
                "{sql}"
            );
        }
        let kind: String = connection
            .query_one("SELECT kind FROM audit", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kind, "k");
    }

    #[test]
    fn a_kubeconfig_is_never_deleted_and_has_a_known_state() {
        let connection = migrated();
        let insert = |state: &str| {
            connection.execute(
                "INSERT INTO kubeconfig (region, project, cluster, id, uid, issued_for, role, creator_issuer,
                     creator_subject, ttl, state, created_at, pending_until)
                 VALUES ('r', 'p', 'c', 'a', 'u', 'f', 'v', 'i', 's', 60, ?1, 0, 0)",
                [state],
            )
        };
        assert!(
            insert("odd")
                .unwrap_err()
                .to_string()
                .contains("CHECK constraint failed")
        );
        assert!(
            insert("active")
                .unwrap_err()
                .to_string()
                .contains("CHECK constraint failed"),
            "active without what was granted"
        );
        insert("pending").unwrap();
        assert!(refusal(&connection, "DELETE FROM kubeconfig").contains("never deleted"));
    }

    #[test]
    fn a_migrated_database_says_what_it_is() {
        let connection = migrated();
        let read = |name: &str| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                .unwrap()
        };
        assert_eq!(read("user_version"), i64::from(SCHEMA_VERSION));
        assert_eq!(read("application_id"), i64::from(APPLICATION_ID));
    }
}
