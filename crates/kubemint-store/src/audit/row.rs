//! A row as it is stored, exported and hashed.

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value};

/// What every hash begins with. Another format gets another text.
pub const FORMAT: &str = "kubemint-audit-1";

/// The fields that are hashed, in their order, by their names in an export.
pub const FIELDS: [&str; 16] = [
    "chain",
    "number",
    "previous",
    "at",
    "kind",
    "requestId",
    "issuer",
    "subject",
    "tokenId",
    "region",
    "project",
    "cluster",
    "kubeconfig",
    "uid",
    "decision",
    "detail",
];

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

/// What the first row of a chain follows.
pub(crate) const START: Hash = [0; 32];

/// A row's place in its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The chain.
    pub chain: String,
    /// The row's number in it, from 1.
    pub number: i64,
    /// The hash of the row before.
    pub previous: Vec<u8>,
    /// The row's own hash.
    pub hash: Vec<u8>,
}

/// A row of the trail as it is stored, whether or not it makes sense: texts are as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailRow {
    /// Its number among all rows of the store. It is not hashed: a database gives it.
    pub seq: u64,
    /// Its place in its chain; `None` for a row from before there were chains.
    pub link: Option<Link>,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The kind of event, by its stable name.
    pub kind: String,
    /// The request.
    pub request_id: Option<String>,
    /// The caller's issuer.
    pub issuer: Option<String>,
    /// The caller's subject.
    pub subject: Option<String>,
    /// The identifier of the caller's token.
    pub token_id: Option<String>,
    /// The cluster's region.
    pub region: String,
    /// The cluster's project.
    pub project: String,
    /// The cluster's name.
    pub cluster: String,
    /// The kubeconfig's name.
    pub kubeconfig: Option<String>,
    /// The kubeconfig's UUID.
    pub uid: Option<String>,
    /// What policy said, as JSON.
    pub decision: Option<String>,
    /// What else is known, as JSON.
    pub detail: String,
}

impl TrailRow {
    /// The hash that the row must have at its place; `None` when it has no place.
    #[must_use]
    pub fn digest(&self) -> Option<[u8; 32]> {
        let link = self.link.as_ref()?;
        Some(
            self.encoded()
                .digest(&link.chain, link.number, &link.previous),
        )
    }

    fn encoded(&self) -> Encoded {
        let optional = |text: &Option<String>| text.clone();
        Encoded::new([
            Some(time_text(self.at)),
            Some(self.kind.clone()),
            optional(&self.request_id),
            optional(&self.issuer),
            optional(&self.subject),
            optional(&self.token_id),
            Some(self.region.clone()),
            Some(self.project.clone()),
            Some(self.cluster.clone()),
            optional(&self.kubeconfig),
            optional(&self.uid),
            optional(&self.decision),
            Some(self.detail.clone()),
        ])
    }

    /// The row as one object of an export.
    #[must_use]
    pub fn export(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        let optional = |text: &Option<String>| text.clone().map_or(Value::Null, Value::String);
        put("seq", self.seq.into());
        put("at", time_text(self.at).into());
        put("kind", self.kind.clone().into());
        put("requestId", optional(&self.request_id));
        put("issuer", optional(&self.issuer));
        put("subject", optional(&self.subject));
        put("tokenId", optional(&self.token_id));
        put("region", self.region.clone().into());
        put("project", self.project.clone().into());
        put("cluster", self.cluster.clone().into());
        put("kubeconfig", optional(&self.kubeconfig));
        put("uid", optional(&self.uid));
        put(
            "decision",
            self.decision.as_deref().map_or(Value::Null, structure),
        );
        put("detail", structure(&self.detail));
        if let Some(link) = &self.link {
            put("chain", link.chain.clone().into());
            put("number", link.number.into());
            put("previous", hex(&link.previous).into());
            put("hash", hex(&link.hash).into());
        }
        Value::Object(object)
    }
}

/// A stored text as the JSON that it is, if nothing is lost thereby: what is written again must be the same text.
fn structure(text: &str) -> Value {
    let written_again = |value: &Value| value.to_string();
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() && written_again(&value) == text => value,
        _ => Value::String(text.to_owned()),
    }
}

/// A time as it is hashed and exported.
pub(crate) fn time_text(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis).map_or_else(
        || millis.to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::Millis, true),
    )
}

/// The part of a row that is known before its place is: encoded, so that whoever gives it its place only hashes.
pub(crate) struct Encoded(Vec<u8>);

impl Encoded {
    /// The fields after `previous`, in their order.
    pub(crate) fn new(fields: [Option<impl AsRef<str>>; 13]) -> Self {
        let mut bytes = Vec::with_capacity(512);
        for field in fields {
            net(&mut bytes, field.as_ref().map(AsRef::as_ref));
        }
        Self(bytes)
    }

    /// The row's hash at a place.
    pub(crate) fn digest(&self, chain: &str, number: i64, previous: &[u8]) -> Hash {
        let mut place = Vec::with_capacity(160);
        for field in [FORMAT, chain, &number.to_string(), &hex(previous)] {
            net(&mut place, Some(field));
        }
        let mut context = Context::new(&SHA256);
        context.update(&place);
        context.update(&self.0);
        let mut hash = START;
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }
}

fn net(bytes: &mut Vec<u8>, field: Option<&str>) {
    let Some(text) = field else {
        return bytes.extend_from_slice(b"-,");
    };
    bytes.extend_from_slice(text.len().to_string().as_bytes());
    bytes.push(b':');
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(b',');
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::audit) fn row(chain: &str, number: i64, previous: &[u8]) -> TrailRow {
        let mut row = TrailRow {
            seq: number.unsigned_abs() + 10,
            link: None,
            at: 1_764_081_000_123,
            kind: "get.granted".to_owned(),
            request_id: Some("r-1".to_owned()),
            issuer: Some("https://login.example".to_owned()),
            subject: Some("älice\0\"".to_owned()),
            token_id: None,
            region: "us".to_owned(),
            project: String::new(),
            cluster: "c".to_owned(),
            kubeconfig: None,
            uid: None,
            decision: None,
            detail: format!(r#"{{"n":{number},"text":"ä\\ \" \u0001\n"}}"#),
        };
        let mut link = Link {
            chain: chain.to_owned(),
            number,
            previous: previous.to_vec(),
            hash: Vec::new(),
        };
        link.hash = row.encoded().digest(chain, number, previous).to_vec();
        row.link = Some(link);
        row
    }

    /// Any language's few lines: this is what the documentation says, written again without the code above.
    fn by_the_book(exported: &Value) -> String {
        let mut bytes = b"16:kubemint-audit-1,".to_vec();
        for name in FIELDS {
            match &exported[name] {
                Value::Null => bytes.extend(b"-,"),
                Value::String(text) => bytes.extend(format!("{}:{text},", text.len()).bytes()),
                other => {
                    let text = other.to_string();
                    bytes.extend(format!("{}:{text},", text.len()).bytes());
                }
            }
        }
        let digest = aws_lc_rs::digest::digest(&SHA256, &bytes);
        digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    #[test]
    fn the_hash_of_an_exported_row_is_that_of_its_fields_as_documented() {
        let row = row("chain", 3, &[7; 32]);
        let exported = row.export();
        assert_eq!(exported["at"], "2025-11-25T14:30:00.123Z");
        assert_eq!(exported["previous"], "07".repeat(32));
        assert!(exported["detail"].is_object());
        assert_eq!(exported["hash"], by_the_book(&exported).as_str());
    }

    #[test]
    fn absent_and_empty_are_not_the_same_and_no_field_runs_into_the_next() {
        let hash = |fields: [Option<&str>; 13]| Encoded::new(fields).digest("c", 1, &START);
        let mut fields = [Some("x"); 13];
        let whole = hash(fields);
        fields[2] = None;
        let absent = hash(fields);
        fields[2] = Some("");
        let empty = hash(fields);
        fields[2] = Some("-,");
        let alike = hash(fields);
        fields[2] = Some("xx");
        fields[3] = Some("");
        let moved = hash(fields);
        let all = std::collections::HashSet::from([whole, absent, empty, alike, moved]);
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn details_that_would_not_be_written_the_same_are_exported_as_text() {
        let mut row = row("c", 1, &START);
        for odd in [
            r#"{ "a": 1 }"#,
            "[1]",
            "not JSON",
            r#"{"a":1,"a":2}"#,
            r#"{"a":1e2}"#,
        ] {
            row.detail = odd.to_owned();
            assert_eq!(row.export()["detail"], odd);
        }
    }
}
