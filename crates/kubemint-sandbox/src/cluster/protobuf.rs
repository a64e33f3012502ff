//! Reading the Kubernetes protobuf encoding of the few types that kubectl sends in it.
//!
//! Clients made of generated code (`kubectl auth whoami`, `auth can-i`, `create token`, `create namespace` and the
//! like) encode what they send, but read JSON answers. So only reading is needed, and only of these types. Field
//! numbers are those of `generated.proto` in `k8s.io/api`.

use serde_json::{Map, Value, json};

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// A field that is read; others are skipped.
struct Field {
    number: u64,
    name: &'static str,
    kind: Kind,
}

enum Kind {
    Text,
    Texts,
    /// A signed integer.
    Integer,
    Boolean,
    Message(&'static [Field]),
    /// A map of texts.
    TextMap,
}

const fn field(number: u64, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind }
}

static METADATA: &[Field] = &[
    field(1, "name", Kind::Text),
    field(2, "generateName", Kind::Text),
    field(3, "namespace", Kind::Text),
    field(5, "uid", Kind::Text),
    field(6, "resourceVersion", Kind::Text),
    field(11, "labels", Kind::TextMap),
    field(12, "annotations", Kind::TextMap),
    field(14, "finalizers", Kind::Texts),
];
static METADATA_ONLY: &[Field] = &[field(1, "metadata", Kind::Message(METADATA))];
static SERVICE_ACCOUNT: &[Field] = &[
    field(1, "metadata", Kind::Message(METADATA)),
    field(4, "automountServiceAccountToken", Kind::Boolean),
];
static CONFIG_MAP: &[Field] = &[
    field(1, "metadata", Kind::Message(METADATA)),
    field(2, "data", Kind::TextMap),
    field(4, "immutable", Kind::Boolean),
];
static TOKEN_REQUEST: &[Field] = &[
    field(1, "metadata", Kind::Message(METADATA)),
    field(2, "spec", Kind::Message(TOKEN_REQUEST_SPEC)),
];
static TOKEN_REQUEST_SPEC: &[Field] = &[
    field(1, "audiences", Kind::Texts),
    field(3, "boundObjectRef", Kind::Message(BOUND_OBJECT)),
    field(4, "expirationSeconds", Kind::Integer),
];
static BOUND_OBJECT: &[Field] = &[field(1, "kind", Kind::Text), field(3, "name", Kind::Text)];
static TOKEN_REVIEW: &[Field] = &[field(2, "spec", Kind::Message(TOKEN_REVIEW_SPEC))];
static TOKEN_REVIEW_SPEC: &[Field] = &[
    field(1, "token", Kind::Text),
    field(2, "audiences", Kind::Texts),
];
static ACCESS_REVIEW: &[Field] = &[field(2, "spec", Kind::Message(ACCESS_REVIEW_SPEC))];
static ACCESS_REVIEW_SPEC: &[Field] = &[
    field(1, "resourceAttributes", Kind::Message(RESOURCE_ATTRIBUTES)),
    field(2, "nonResourceAttributes", Kind::Message(PATH_ATTRIBUTES)),
];
static RESOURCE_ATTRIBUTES: &[Field] = &[
    field(1, "namespace", Kind::Text),
    field(2, "verb", Kind::Text),
    field(3, "group", Kind::Text),
    field(4, "version", Kind::Text),
    field(5, "resource", Kind::Text),
    field(6, "subresource", Kind::Text),
    field(7, "name", Kind::Text),
];
static PATH_ATTRIBUTES: &[Field] = &[field(1, "path", Kind::Text), field(2, "verb", Kind::Text)];
static RULES_REVIEW: &[Field] = &[field(2, "spec", Kind::Message(RULES_REVIEW_SPEC))];
static RULES_REVIEW_SPEC: &[Field] = &[field(1, "namespace", Kind::Text)];
static ENVELOPE: &[Field] = &[field(1, "typeMeta", Kind::Message(TYPE_META))];
static TYPE_META: &[Field] = &[
    field(1, "apiVersion", Kind::Text),
    field(2, "kind", Kind::Text),
];

fn schema(kind: &str) -> Option<&'static [Field]> {
    Some(match kind {
        "ServiceAccount" => SERVICE_ACCOUNT,
        "ConfigMap" => CONFIG_MAP,
        "Namespace" | "SelfSubjectReview" => METADATA_ONLY,
        "TokenRequest" => TOKEN_REQUEST,
        "TokenReview" => TOKEN_REVIEW,
        "SelfSubjectAccessReview" => ACCESS_REVIEW,
        "SelfSubjectRulesReview" => RULES_REVIEW,
        _ => return None,
    })
}

/// Why a body was not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is no protobuf, or cut short.
    Malformed,
    /// It is of a type that this reads no protobuf of.
    UnknownKind,
}

/// Reads a body into what it would be as JSON. Empty texts are left out.
pub(crate) fn decode(body: &[u8]) -> Result<Value, Unread> {
    let envelope = body.strip_prefix(MAGIC).ok_or(Unread::Malformed)?;
    let head = message(envelope, ENVELOPE).ok_or(Unread::Malformed)?;
    let kind = head["typeMeta"]["kind"].as_str().ok_or(Unread::Malformed)?;
    let schema = schema(kind).ok_or(Unread::UnknownKind)?;
    let mut raw = &[][..];
    let mut reader = Reader(envelope);
    while let Some(step) = reader.next() {
        if let Part {
            number: 2,
            value: Wire::Octets(octets),
        } = step.ok_or(Unread::Malformed)?
        {
            raw = octets;
        }
    }
    let mut object = message(raw, schema).ok_or(Unread::Malformed)?;
    object["kind"] = json!(kind);
    object["apiVersion"] = head["typeMeta"]["apiVersion"].clone();
    Ok(object)
}

fn message(octets: &[u8], schema: &'static [Field]) -> Option<Value> {
    let mut members = Map::new();
    let mut reader = Reader(octets);
    while let Some(step) = reader.next() {
        let part = step?;
        let Some(field) = schema.iter().find(|field| field.number == part.number) else {
            continue;
        };
        let name = field.name.to_owned();
        match (&field.kind, part.value) {
            (Kind::Text, Wire::Octets(octets)) => {
                let text = std::str::from_utf8(octets).ok()?;
                if !text.is_empty() {
                    members.insert(name, json!(text));
                }
            }
            (Kind::Texts, Wire::Octets(octets)) => {
                let text = std::str::from_utf8(octets).ok()?;
                members
                    .entry(name)
                    .or_insert_with(|| json!([]))
                    .as_array_mut()?
                    .push(json!(text));
            }
            (Kind::Integer, Wire::Number(number)) => {
                // Two's complement: a negative number is ten octets long.
                members.insert(name, json!(number.cast_signed()));
            }
            (Kind::Boolean, Wire::Number(number)) => {
                members.insert(name, json!(number != 0));
            }
            (Kind::Message(inner), Wire::Octets(octets)) => {
                members.insert(name, message(octets, inner)?);
            }
            (Kind::TextMap, Wire::Octets(octets)) => {
                let (key, value) = entry(octets)?;
                members
                    .entry(name)
                    .or_insert_with(|| json!({}))
                    .as_object_mut()?
                    .insert(key, json!(value));
            }
            _ => return None,
        }
    }
    Some(Value::Object(members))
}

fn entry(octets: &[u8]) -> Option<(String, String)> {
    let (mut key, mut value) = (String::new(), String::new());
    let mut reader = Reader(octets);
    while let Some(step) = reader.next() {
        match step? {
            Part {
                number: 1,
                value: Wire::Octets(octets),
            } => std::str::from_utf8(octets).ok()?.clone_into(&mut key),
            Part {
                number: 2,
                value: Wire::Octets(octets),
            } => std::str::from_utf8(octets).ok()?.clone_into(&mut value),
            _ => return None,
        }
    }
    Some((key, value))
}

struct Part<'a> {
    number: u64,
    value: Wire<'a>,
}

enum Wire<'a> {
    Number(u64),
    Octets(&'a [u8]),
    /// Of a kind that no field here has.
    Other,
}

/// The fields of a message, in the order in which they stand.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next field; `Some(None)` if what follows is no field.
    fn next(&mut self) -> Option<Option<Part<'a>>> {
        if self.0.is_empty() {
            None
        } else {
            Some(self.part())
        }
    }

    fn part(&mut self) -> Option<Part<'a>> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Wire::Number(self.varint()?),
            1 => self.take(8).map(|_| Wire::Other)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Octets(self.take(length)?)
            }
            5 => self.take(4).map(|_| Wire::Other)?,
            _ => return None,
        };
        Some(Part {
            number: key >> 3,
            value,
        })
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for at in 0..10 {
            let (&octet, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(octet & 0x7f).checked_shl(at * 7)?;
            if octet & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What kubectl 1.32 sends for `auth whoami`.
    const WHOAMI: &[u8] = b"k8s\0\x0a\x2d\x0a\x18authentication.k8s.io/v1\x12\x11SelfSubjectReview\x12\x1a\x0a\x10\x0a\x00\
        \x12\x00\x1a\x00\x22\x00\x2a\x00\x32\x00\x38\x00\x42\x00\x12\x06\x0a\x04\x0a\x00\x12\x00\x1a\x00\x22\x00";

    #[test]
    fn a_recorded_review_reads_as_its_json() {
        let expected = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}});
        assert_eq!(decode(WHOAMI), Ok(expected));
    }

    #[test]
    fn numbers_lists_and_maps_are_read() {
        // metadata { labels { "a": "b" } }, spec { audiences "x", "y"; expirationSeconds 600 }
        let raw = b"\x0a\x08\x5a\x06\x0a\x01a\x12\x01b\x12\x09\x0a\x01x\x0a\x01y\x20\xd8\x04";
        let object = message(raw, TOKEN_REQUEST).unwrap();
        let spec = json!({"audiences": ["x", "y"], "expirationSeconds": 600});
        assert_eq!(
            object,
            json!({"metadata": {"labels": {"a": "b"}}, "spec": spec})
        );
        let negative = b"\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(
            message(negative, TOKEN_REQUEST_SPEC).unwrap(),
            json!({"expirationSeconds": -1})
        );
    }

    #[test]
    fn whatever_is_cut_short_or_damaged_is_refused_without_a_panic() {
        for length in 0..WHOAMI.len() {
            // Cut between two fields it may still read; what matters is that it answers.
            let _ = decode(&WHOAMI[..length]);
            let mut damaged = WHOAMI.to_vec();
            damaged[length] = 0xff;
            let _ = decode(&damaged);
        }
        for bad in [
            &b""[..],
            b"k8s",
            b"{}",
            b"k8s\0",
            b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"k8s\0\x0a\x7f",
        ] {
            assert_eq!(decode(bad), Err(Unread::Malformed), "{bad:?}");
        }
        assert_eq!(
            decode(b"k8s\0\x0a\x05\x12\x03Pod"),
            Err(Unread::UnknownKind)
        );
    }
}
