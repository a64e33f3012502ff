//! A document as it was written: values in their order, each with the place it came from.

use crate::members::Members;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::borrow::Cow;

/// A place in the source text. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Byte offset of the first byte.
    pub start: usize,
    /// Byte offset after the last byte; never before `start`.
    pub end: usize,
    /// Line of the first character.
    pub line: usize,
    /// Column of the first character.
    pub column: usize,
    /// Which of the document's files it is in: 0 is the one that was given, the others are those it refers to.
    pub file: usize,
}

impl Span {
    /// Whether `other` begins in this place. The end of a mapping is where the next begins, so it is not inside.
    pub fn holds(&self, other: Span) -> bool {
        self.file == other.file && (self.start..self.end.max(self.start + 1)).contains(&other.start)
    }

    /// From the beginning of this place to the end of `other`.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        let end = if self.file == other.file {
            other.end.max(self.end)
        } else {
            self.end
        };
        Span { end, ..self }
    }
}

impl Entry {
    /// From the key to the end of the value.
    pub fn span(&self) -> Span {
        let whole = self.key_span.to(self.node.span);
        // Nothing at all is just behind the key.
        let more = usize::from(self.node.content == Content::Null);
        Span {
            end: whole.end + more,
            ..whole
        }
    }
}

/// One value of the document, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value was written.
    pub span: Span,
    /// What was written.
    pub content: Content,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or a float.
    Number(serde_json::Number),
    /// Any other scalar.
    String(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the document. Keys are unique.
    Map(Members),
}

/// One member of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key. YAML keys that are numbers (`200:`) are kept as they were written.
    pub key: String,
    /// Where the key was written.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The members, when this is a mapping; nothing otherwise.
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items, when this is a list; nothing otherwise.
    pub fn items(&self) -> &[Node] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The member named `key`.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(members) => members.find(key),
            _ => None,
        }
    }

    /// The value of the member named `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The string, when this is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, when this is one.
    pub fn as_number(&self) -> Option<&serde_json::Number> {
        match &self.content {
            Content::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Whether this is the literal `true`.
    pub fn is_true(&self) -> bool {
        self.content == Content::Bool(true)
    }

    /// The node at a JSON pointer (RFC 6901), such as `/paths/~1v1/get`.
    pub fn at(&self, pointer: &str) -> Option<&Node> {
        Some(self.locate(pointer)?.1)
    }

    /// The place that a diagnosis about `pointer` should underline: the value when it is a scalar, and
    /// the key that introduces it when it is a mapping or a list.
    pub fn span_at(&self, pointer: &str) -> Option<Span> {
        let (key, node) = self.locate(pointer)?;
        Some(match (&node.content, key) {
            (Content::Map(_) | Content::List(_) | Content::Null, Some(key)) => key,
            _ => node.span,
        })
    }

    fn locate(&self, pointer: &str) -> Option<(Option<Span>, &Node)> {
        let mut found = (None, self);
        for token in tokens(pointer) {
            let token = unescaped(token);
            found = match &found.1.content {
                Content::Map(_) => {
                    let entry = found.1.entry(&token)?;
                    (Some(entry.key_span), &entry.node)
                }
                Content::List(items) => (None, items.get(token.parse::<usize>().ok()?)?),
                _ => return None,
            };
        }
        Some(found)
    }

    /// The value without places. Members of objects come in the order of `serde_json`'s map.
    pub fn to_value(&self) -> serde_json::Value {
        match &self.content {
            Content::Null => serde_json::Value::Null,
            Content::Bool(flag) => (*flag).into(),
            Content::Number(number) => number.clone().into(),
            Content::String(text) => text.clone().into(),
            Content::List(items) => items.iter().map(Node::to_value).collect(),
            Content::Map(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.node.to_value()))
                    .collect(),
            ),
        }
    }
}

/// Writes the value in the order of the document.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.content {
            Content::Null => serializer.serialize_unit(),
            Content::Bool(flag) => serializer.serialize_bool(*flag),
            Content::Number(number) => number.serialize(serializer),
            Content::String(text) => serializer.serialize_str(text),
            Content::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Content::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(&entry.key, &entry.node)?;
                }
                map.end()
            }
        }
    }
}

/// The tokens of a JSON pointer, each as it is written. They are short: byte after byte is found sooner than by words.
fn tokens(pointer: &str) -> impl Iterator<Item = &str> {
    let mut rest = pointer.split_once('/').map(|(_, rest)| rest);
    std::iter::from_fn(move || {
        let all = rest?;
        let end = all.bytes().position(|byte| byte == b'/');
        let (token, more) = match end {
            Some(end) => (&all[..end], Some(&all[end + 1..])),
            None => (all, None),
        };
        rest = more;
        Some(token)
    })
}

/// One token of a JSON pointer, escaped (RFC 6901).
pub fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// One token of a JSON pointer, as it is meant.
pub(crate) fn unescaped(token: &str) -> Cow<'_, str> {
    if token.bytes().any(|byte| byte == b'~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}
