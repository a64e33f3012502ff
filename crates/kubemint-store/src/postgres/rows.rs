//! Records and events as rows, and back.

use std::borrow::Cow;
use std::error::Error;

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, Utc};
use kubemint::audit::{Event, Kind};
use kubemint::caller::Principal;
use kubemint::cluster::ClusterKey;
use kubemint::record::{Record, State};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use super::error::Trouble;
use crate::audit::{Encoded, Hash, time_text};
use crate::text::{decision, decision_text, object};

/// A value of a statement.
pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// A text as it is stored: PostgreSQL's have no zero character.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if text.contains(['\\', '\0']) {
        Cow::Owned(text.replace('\\', r"\\").replace('\0', r"\0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text of what [`escaped`] made; `None` when it made no such thing.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next()? {
                '\\' => '\\',
                '0' => '\0',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

/// What an index knows someone by: neither part runs into the other, and it is short however long they are.
pub(super) fn digest(issuer: &str, subject: &str) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(&(issuer.len() as u64).to_be_bytes());
    context.update(issuer.as_bytes());
    context.update(subject.as_bytes());
    context.finish().as_ref().to_vec()
}

/// The columns that [`record`] reads, in its order.
macro_rules! record_columns {
    () => {
        "kubeconfig.seq, kubeconfig.region, kubeconfig.project, kubeconfig.cluster, kubeconfig.id, kubeconfig.uid, \
         display_name, description, issued_for, role, creator_issuer, creator_subject, ttl, state, created_at, \
         pending_until, expires_at, object_uid"
    };
}
pub(super) use record_columns;

/// How many columns [`record_columns`] are.
pub(super) const RECORD_WIDTH: usize = 18;

/// The record of a row that begins with [`record_columns`], and its sequence number.
pub(super) fn record(row: &Row) -> Result<(u64, Record), Trouble> {
    let record = Record {
        cluster: ClusterKey::new(text(row, 1)?, text(row, 2)?, text(row, 3)?),
        id: parsed(row, 4)?,
        uid: parsed(row, 5)?,
        display_name: optional_text(row, 6)?,
        description: optional_text(row, 7)?,
        issued_for: text(row, 8)?,
        role: text(row, 9)?,
        created_by: Principal {
            issuer: text(row, 10)?,
            subject: text(row, 11)?,
        },
        ttl: u32::try_from(get::<i64>(row, 12)?).map_err(|error| Trouble::unreadable(12, error))?,
        state: State::parse(get(row, 13)?)
            .ok_or_else(|| Trouble::unreadable(13, "no such state"))?,
        created_at: time(row, 14)?,
        pending_until: time(row, 15)?,
        expires_at: optional_time(row, 16)?,
        object_uid: optional_text(row, 17)?,
    };
    Ok((number(row, 0)?, record))
}

/// A column as it is.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Trouble> {
    row.try_get(column)
        .map_err(|error| Trouble::unreadable(column, error))
}

/// A text.
pub(super) fn text(row: &Row, column: usize) -> Result<String, Trouble> {
    unescaped(get(row, column)?).ok_or_else(|| Trouble::unreadable(column, "a broken escape"))
}

/// A text of a column that may have none.
pub(super) fn optional_text(row: &Row, column: usize) -> Result<Option<String>, Trouble> {
    get::<Option<&str>>(row, column)?
        .map(|_| text(row, column))
        .transpose()
}

fn parsed<T>(row: &Row, column: usize) -> Result<T, Trouble>
where
    T: std::str::FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    get::<&str>(row, column)?
        .parse()
        .map_err(|error| Trouble::unreadable(column, Box::new(error)))
}

/// A count or a sequence number, which is never negative.
pub(super) fn number(row: &Row, column: usize) -> Result<u64, Trouble> {
    u64::try_from(get::<i64>(row, column)?).map_err(|error| Trouble::unreadable(column, error))
}

/// A time. Times are stored in milliseconds.
pub(super) fn time(row: &Row, column: usize) -> Result<DateTime<Utc>, Trouble> {
    DateTime::from_timestamp_millis(get(row, column)?)
        .ok_or_else(|| Trouble::unreadable(column, "no such time"))
}

/// A time of a column that may have none.
pub(super) fn optional_time(row: &Row, column: usize) -> Result<Option<DateTime<Utc>>, Trouble> {
    get::<Option<i64>>(row, column)?
        .map(|_| time(row, column))
        .transpose()
}

/// An event, ready to be written.
pub(super) struct EventRow {
    at: i64,
    kind: &'static str,
    request_id: Option<String>,
    issuer: Option<String>,
    subject: Option<String>,
    token_id: Option<String>,
    region: String,
    project: String,
    cluster: String,
    kubeconfig: Option<String>,
    uid: Option<String>,
    decision: Option<String>,
    detail: String,
    encoded: Encoded,
    chain: String,
    number: i64,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

/// How many parameters an event is: other parameters of its statement begin after them, and its place in the chain is
/// four more, at the statement's end.
pub(super) const EVENT_WIDTH: usize = 13;

/// A statement's end that writes the event of the first [`EVENT_WIDTH`] parameters once for each row of `$from`, and
/// notes its place, the four parameters from `$chain` on, as the chain's last. Before it is a `WITH`.
macro_rules! insert_event {
    ($from:literal, $chain:literal, $number:literal, $previous:literal, $hash:literal) => {
        concat!(
            "event AS (
                 INSERT INTO audit (at, kind, request_id, issuer, subject, token_id, region, project, cluster,
                     kubeconfig, uid, decision, detail, chain, number, previous, hash)
                 SELECT $1::bigint, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::text,
                     $10::text, $11::text, $12::text, $13::text, ",
            $chain, "::text, ", $number, "::bigint, ", $previous, "::bytea, ", $hash, "::bytea",
            $from,
            " RETURNING chain, number, hash
             )
             INSERT INTO audit_chain (chain, head, head_hash) SELECT chain, number, hash FROM event
             ON CONFLICT (chain) DO UPDATE SET head = excluded.head, head_hash = excluded.head_hash"
        )
    };
}
pub(super) use insert_event;

impl EventRow {
    pub(super) fn new(event: Event) -> Self {
        let own = |text: String| escaped(&text).into_owned();
        let at = event.at.timestamp_millis();
        let uid = event.uid.map(|uid| uid.to_string());
        let decision = event.decision.as_ref().map(decision_text);
        let detail = Value::Object(event.detail).to_string();
        let principal = event.principal.as_ref();
        let encoded = Encoded::new([
            Some(time_text(at).as_str()),
            Some(event.kind.as_str()),
            event.request_id.as_deref(),
            principal.map(|principal| principal.issuer.as_str()),
            principal.map(|principal| principal.subject.as_str()),
            event.token_id.as_deref(),
            Some(&event.cluster.region),
            Some(&event.cluster.project),
            Some(&event.cluster.cluster),
            event.kubeconfig.as_deref(),
            uid.as_deref(),
            decision.as_deref(),
            Some(&detail),
        ]);
        let (issuer, subject) = event
            .principal
            .map(|principal| (own(principal.issuer), own(principal.subject)))
            .unzip();
        Self {
            at,
            kind: event.kind.as_str(),
            request_id: event.request_id.map(own),
            issuer,
            subject,
            token_id: event.token_id.map(own),
            region: own(event.cluster.region),
            project: own(event.cluster.project),
            cluster: own(event.cluster.cluster),
            kubeconfig: event.kubeconfig.map(own),
            uid,
            decision: decision.map(own),
            detail: own(detail),
            encoded,
            chain: String::new(),
            number: 0,
            previous: Vec::new(),
            hash: Vec::new(),
        }
    }

    /// When it happened, in milliseconds.
    pub(super) fn millis(&self) -> i64 {
        self.at
    }

    /// Gives it its place in a chain.
    pub(super) fn place(&mut self, chain: &str, number: i64, previous: &Hash) {
        self.hash = self.encoded.digest(chain, number, previous).to_vec();
        self.chain = chain.to_owned();
        self.number = number;
        self.previous = previous.to_vec();
    }

    /// Its hash, once it has a place.
    pub(super) fn hash(&self) -> Hash {
        self.hash.as_slice().try_into().unwrap_or_default()
    }

    /// Its parameters, then `more`, and then its place.
    pub(super) fn parameters<'a>(&'a self, more: &[Parameter<'a>]) -> Vec<Parameter<'a>> {
        let own: [Parameter<'a>; EVENT_WIDTH] = [
            &self.at,
            &self.kind,
            &self.request_id,
            &self.issuer,
            &self.subject,
            &self.token_id,
            &self.region,
            &self.project,
            &self.cluster,
            &self.kubeconfig,
            &self.uid,
            &self.decision,
            &self.detail,
        ];
        let place: [Parameter<'a>; 4] = [&self.chain, &self.number, &self.previous, &self.hash];
        own.into_iter()
            .chain(more.iter().copied())
            .chain(place)
            .collect()
    }
}

/// The columns that [`event`] reads, in its order.
macro_rules! event_columns {
    () => {
        "seq, at, kind, request_id, issuer, subject, token_id, region, project, cluster, kubeconfig, uid, decision, \
         detail"
    };
}
pub(super) use event_columns;

/// The event of a row of [`event_columns`], and its sequence number.
pub(super) fn event(row: &Row) -> Result<(u64, Event), Trouble> {
    let principal = match (optional_text(row, 4)?, optional_text(row, 5)?) {
        (Some(issuer), Some(subject)) => Some(Principal { issuer, subject }),
        _ => None,
    };
    let event = Event {
        at: time(row, 1)?,
        kind: Kind::parse(get(row, 2)?).ok_or_else(|| Trouble::unreadable(2, "no such kind"))?,
        request_id: optional_text(row, 3)?,
        principal,
        token_id: optional_text(row, 6)?,
        cluster: ClusterKey::new(text(row, 7)?, text(row, 8)?, text(row, 9)?),
        kubeconfig: optional_text(row, 10)?,
        uid: get::<Option<&str>>(row, 11)?
            .map(|_| parsed(row, 11))
            .transpose()?,
        decision: optional_text(row, 12)?
            .map(|text| decision(&text).map_err(|error| Trouble::unreadable(12, error)))
            .transpose()?,
        detail: object(&text(row, 13)?).map_err(|error| Trouble::unreadable(13, error))?,
    };
    Ok((number(row, 0)?, event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_and_none_is_stored_as_another() {
        let texts = [
            "",
            "plain",
            "\0",
            r"\0",
            r"\\0",
            "\\\0",
            "a\\",
            "\u{1F511}\0\\",
        ];
        for text in texts {
            assert_eq!(unescaped(&escaped(text)).as_deref(), Some(text));
            assert!(!escaped(text).contains('\0'));
        }
        assert_eq!(unescaped(r"\x"), None);
        assert_eq!(unescaped("\\"), None);
    }

    #[test]
    fn neither_half_of_a_digest_runs_into_the_other() {
        assert_ne!(digest("ab", "c"), digest("a", "bc"));
        assert_eq!(digest("a", "b"), digest("a", "b"));
    }
}
