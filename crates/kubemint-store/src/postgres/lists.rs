//! Lists: the walks of [`crate::legs`], as statements.

use chrono::{DateTime, Utc};
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Filter, Page, Position, Visible};

use super::connect::Held;
use super::error::Trouble;
use super::reads;
use super::rows::{Parameter, digest, escaped, record_columns};
use crate::legs::{Leg, Part, Way, legs};

/// A list, ready to be read.
pub(super) struct List {
    legs: Vec<Leg>,
    /// Who created it and who it is for are known by the same digest.
    viewer: Vec<u8>,
    user: String,
    role: String,
    now: i64,
    issued_before: i64,
}

impl List {
    pub(super) fn new(visible: &Visible, filter: &Filter, now: DateTime<Utc>) -> Self {
        let text =
            |text: &Option<String>| escaped(text.as_deref().unwrap_or_default()).into_owned();
        Self {
            legs: legs(visible, filter),
            viewer: digest(&visible.principal.issuer, &visible.principal.subject),
            user: text(&filter.user),
            role: text(&filter.role),
            now: now.timestamp_millis(),
            issued_before: filter
                .issued_before
                .map_or(i64::MAX, |before| before.timestamp_millis()),
        }
    }

    pub(super) async fn page(
        &self,
        db: &Held,
        cluster: &ClusterKey,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, Trouble> {
        let mut statement = Statement::default();
        let sql = match &*self.legs {
            [] => {
                return Ok(Page {
                    records: Vec::new(),
                    next: None,
                });
            }
            [leg] => statement.walk(self, record_columns!(), leg),
            legs => {
                let walks: Vec<_> = legs
                    .iter()
                    .map(|leg| format!("({})", statement.walk(self, "seq", leg)))
                    .collect();
                format!(
                    "SELECT {} FROM kubeconfig WHERE seq IN
                         (SELECT seq FROM ({}) AS found ORDER BY seq DESC LIMIT $4)
                     ORDER BY seq DESC",
                    record_columns!(),
                    walks.join(" UNION ")
                )
            }
        };
        reads::page(db, &sql, cluster, &statement.parameters, after, limit).await
    }
}

/// The parameters of a statement, in the order of their first use; those before them are the place, the limit and the
/// number that the list goes on from.
#[derive(Default)]
struct Statement<'a> {
    parameters: Vec<Parameter<'a>>,
    known: Vec<(&'static str, usize)>,
}

impl<'a> Statement<'a> {
    /// The number of a parameter.
    fn number(&mut self, name: &'static str, value: Parameter<'a>) -> usize {
        if let Some((_, number)) = self.known.iter().find(|(known, _)| *known == name) {
            return *number;
        }
        self.parameters.push(value);
        let number = self.parameters.len() + 5;
        self.known.push((name, number));
        number
    }

    fn walk(&mut self, list: &'a List, columns: &str, leg: &Leg) -> String {
        let mut conditions = vec![match leg.part {
            Part::Shown => "state IN ('active', 'revoking', 'expired')".to_owned(),
            Part::Active => "state = 'active'".to_owned(),
            Part::Revoking => "state = 'revoking'".to_owned(),
            Part::Expired => "state = 'expired'".to_owned(),
            // Not by the index of ends, in which nearly all of them are.
            Part::Unended => {
                format!(
                    "state = 'active' AND expires_at + 0 > ${}",
                    self.number("now", &list.now)
                )
            }
            Part::Ended => {
                format!(
                    "state = 'active' AND expires_at <= ${}",
                    self.number("now", &list.now)
                )
            }
        }];
        match leg.way {
            Way::Created => {
                conditions.push(format!(
                    "creator = ${}",
                    self.number("viewer", &list.viewer)
                ));
            }
            Way::IssuedFor => {
                conditions.push(format!(
                    "subject = ${}",
                    self.number("viewer", &list.viewer)
                ));
            }
            Way::All | Way::User | Way::Role => {}
        }
        if leg.user || leg.way == Way::User {
            conditions.push(is("issued_for", self.number("user", &list.user)));
        }
        if leg.role || leg.way == Way::Role {
            conditions.push(is("role", self.number("role", &list.role)));
        }
        if leg.issued_before {
            let number = self.number("issued_before", &list.issued_before);
            conditions.push(format!("created_at < ${number}"));
        }
        let conditions = conditions.join(" AND ");
        let place = "region = $1 AND project = $2 AND cluster = $3";
        if leg.part == Part::Ended {
            // Few have ended, and their index tells which: it is asked before anything is put in order.
            return format!(
                "SELECT {columns} FROM (SELECT * FROM kubeconfig WHERE {place} AND {conditions} OFFSET 0) AS kubeconfig
                 WHERE seq < $5 ORDER BY seq DESC LIMIT $4"
            );
        }
        format!(
            "SELECT {columns} FROM kubeconfig WHERE {place} AND seq + 0 < $5 AND {conditions}
             ORDER BY seq + 0 DESC LIMIT $4"
        )
    }
}

/// Equality, said as the index has it too.
fn is(column: &str, number: usize) -> String {
    format!(
        "left({column}, 100) COLLATE \"C\" = left(${number}::text, 100) AND {column} = ${number}::text"
    )
}
