//! Lists: the walks of [`crate::legs`], as statements.

use chrono::{DateTime, Utc};
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Filter, Page, Position, Visible};
use rusqlite::{Connection, ToSql};

use super::reads;
use super::rows::record_columns;
use crate::legs::{Leg, Part, Way, legs};

/// A list, ready to be read.
pub(super) struct List {
    sql: Option<String>,
    cluster: ClusterKey,
    visible: Visible,
    filter: Filter,
    now: i64,
}

impl List {
    pub(super) fn new(
        cluster: &ClusterKey,
        visible: &Visible,
        filter: &Filter,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            sql: statement(&legs(visible, filter)),
            cluster: cluster.clone(),
            visible: visible.clone(),
            filter: filter.clone(),
            now: now.timestamp_millis(),
        }
    }

    pub(super) fn page(
        &self,
        connection: &Connection,
        after: Option<Position>,
        limit: u16,
    ) -> rusqlite::Result<Page> {
        let Some(sql) = &self.sql else {
            return Ok(Page {
                records: Vec::new(),
                next: None,
            });
        };
        let issued_before = self
            .filter
            .issued_before
            .map(|before| before.timestamp_millis());
        let known: [(&str, &dyn ToSql); 6] = [
            (":issuer", &self.visible.principal.issuer),
            (":subject", &self.visible.principal.subject),
            (":user", &self.filter.user),
            (":role", &self.filter.role),
            (":now", &self.now),
            (":issued_before", &issued_before),
        ];
        // A statement takes no parameter that it does not name.
        let named: Vec<_> = known
            .into_iter()
            .filter(|(name, _)| sql.contains(name))
            .collect();
        reads::page(connection, sql, &self.cluster, &named, after, limit)
    }
}

/// The statement of a list; `None` when it holds nothing.
pub(super) fn statement(legs: &[Leg]) -> Option<String> {
    match legs {
        [] => None,
        [leg] => Some(walk(record_columns!(), leg)),
        legs => {
            let walks: Vec<_> = legs
                .iter()
                .map(|leg| format!("SELECT seq FROM ({})", walk("seq", leg)))
                .collect();
            Some(format!(
                "SELECT {} FROM kubeconfig WHERE seq IN
                     (SELECT seq FROM ({}) ORDER BY seq DESC LIMIT :limit)
                 ORDER BY seq DESC",
                record_columns!(),
                walks.join(" UNION ")
            ))
        }
    }
}

fn walk(columns: &str, leg: &Leg) -> String {
    let index = match (leg.part, leg.way) {
        (Part::Ended, _) => "kubeconfig_ending",
        (_, Way::Created) => "kubeconfig_created",
        (_, Way::IssuedFor) => "kubeconfig_issued_for",
        (_, Way::User) => "kubeconfig_user",
        (_, Way::Role) => "kubeconfig_role",
        (Part::Shown, Way::All) => "kubeconfig_shown",
        (Part::Active | Part::Unended, Way::All) => "kubeconfig_active",
        (Part::Revoking, Way::All) => "kubeconfig_revoking",
        (Part::Expired, Way::All) => "kubeconfig_expired",
    };
    let equal = match leg.way {
        Way::All => "",
        Way::Created => " AND creator_issuer = :issuer AND creator_subject = :subject",
        Way::IssuedFor => " AND creator_issuer = :issuer AND issued_for = :subject",
        Way::User => " AND issued_for = :user",
        Way::Role => " AND role = :role",
    };
    let part = match leg.part {
        Part::Shown => "(state = 'active' OR state = 'revoking' OR state = 'expired')",
        Part::Active => "state = 'active'",
        Part::Unended => "state = 'active' AND expires_at > :now",
        Part::Revoking => "state = 'revoking'",
        Part::Expired => "state = 'expired'",
        Part::Ended => "state = 'active' AND expires_at <= :now",
    };
    let looked_at: String = [
        (leg.user, " AND issued_for = :user"),
        (leg.role, " AND role = :role"),
        (leg.issued_before, " AND created_at < :issued_before"),
    ]
    .into_iter()
    .filter_map(|(on, condition)| on.then_some(condition))
    .collect();
    format!(
        "SELECT {columns} FROM kubeconfig INDEXED BY {index}
         WHERE region = :region AND project = :project AND cluster = :cluster{equal} AND {part} AND seq < :before
             {looked_at}
         ORDER BY seq DESC LIMIT :limit"
    )
}
