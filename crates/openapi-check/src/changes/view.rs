//! A schema as one: itself and all that its `allOf` adds.

use super::at::At;
use std::collections::HashSet;

/// The most parts that a schema is looked at in; no document has as many.
const MOST_PARTS: usize = 64;

/// A schema with the members of its `allOf`, theirs included.
pub(super) struct View<'a> {
    parts: Vec<At<'a>>,
}

impl<'a> View<'a> {
    /// The schema at `at`, whose own references have been followed.
    pub(super) fn of(at: &At<'a>) -> View<'a> {
        let mut parts = vec![at.clone()];
        let mut next = 0;
        while let Some(part) = parts.get(next).filter(|_| parts.len() < MOST_PARTS) {
            for member in part.items("allOf") {
                let member = member.resolved();
                if !parts.iter().any(|part| part.pointer == member.pointer) {
                    parts.push(member);
                }
            }
            next += 1;
        }
        View { parts }
    }

    /// The schema, and all that its `allOf` adds.
    pub(super) fn parts(&self) -> &[At<'a>] {
        &self.parts
    }

    /// The keyword, of the first part that has it.
    pub(super) fn get(&self, key: &str) -> Option<At<'a>> {
        self.parts.iter().find_map(|part| part.unresolved(key))
    }

    /// The keyword of every part that has it.
    pub(super) fn all(&self, key: &str) -> Vec<At<'a>> {
        let parts = self.parts.iter();
        parts.filter_map(|part| part.unresolved(key)).collect()
    }

    /// The text of a keyword.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.parts.iter().find_map(|part| part.text(key))
    }

    /// Whether a keyword is `true` anywhere.
    pub(super) fn is_true(&self, key: &str) -> bool {
        self.parts.iter().any(|part| part.is_true(key))
    }

    /// Whether null is a value: every part says so, that says what the type is.
    pub(super) fn is_nullable(&self) -> bool {
        self.parts
            .first()
            .is_some_and(|part| part.is_true("nullable"))
            || (self.parts.len() > 1 && self.parts[1..].iter().all(|part| part.is_true("nullable")))
    }

    /// The type, told or implied.
    pub(super) fn kind(&self) -> Option<&'a str> {
        let implied = || {
            let has = |key: &str| self.parts.iter().any(|part| part.node.get(key).is_some());
            if has("properties") || has("additionalProperties") {
                Some("object")
            } else if has("items") {
                Some("array")
            } else {
                None
            }
        };
        self.text("type").or_else(implied)
    }

    /// The properties, as they are written.
    pub(super) fn properties(&self) -> Vec<(&'a str, At<'a>)> {
        let mut found: Vec<(&str, At<'a>)> = Vec::new();
        let mut seen = HashSet::new();
        for map in self.all("properties") {
            for entry in map.node.entries() {
                let name = entry.key.as_str();
                if seen.insert(name)
                    && let Some(at) = map.unresolved(name)
                {
                    found.push((name, at));
                }
            }
        }
        found
    }

    /// The properties that must be there.
    pub(super) fn required(&self) -> HashSet<&'a str> {
        let parts = self.parts.iter();
        parts.flat_map(|part| part.texts("required")).collect()
    }

    /// The place of the word that makes the property required.
    pub(super) fn requirement(&self, name: &str) -> Option<String> {
        self.parts.iter().find_map(|part| {
            let words = part.items("required").into_iter();
            let mut named = words.filter(|word| word.node.as_str() == Some(name));
            named.next().map(|word| word.pointer)
        })
    }
}

/// What a schema stands for when it only wraps another one: `allOf` of one, beside words.
fn unwrapped<'a>(at: &At<'a>) -> At<'a> {
    without(at, &["allOf"])
}

/// What two schemas stand for: as [`unwrapped`], and a choice of one is that one, unless the other is a choice too, whose
/// forms are compared with it.
pub(super) fn both_unwrapped<'a, 'b>(old: &At<'a>, new: &At<'b>) -> (At<'a>, At<'b>) {
    const WRAPPERS: [&str; 3] = ["allOf", "oneOf", "anyOf"];
    let (old, new) = (unwrapped(old), unwrapped(new));
    let is_choice = |at: &At<'_>| {
        let node = at.clone().resolved().node;
        node.get("oneOf").is_some() || node.get("anyOf").is_some()
    };
    match (is_choice(&old), is_choice(&new)) {
        (true, false) => (without(&old, &WRAPPERS), new),
        (false, true) => (old, without(&new, &WRAPPERS)),
        _ => (old, new),
    }
}

/// The schema inside those keywords, each of one alone, beside words.
fn without<'a>(at: &At<'a>, wrappers: &[&str]) -> At<'a> {
    let mut at = at.clone();
    for _ in 0..16 {
        let says_more = at.node.entries().iter().any(|entry| {
            let key = entry.key.as_str();
            !key.starts_with("x-")
                && !wrappers.contains(&key)
                && !matches!(
                    key,
                    "description" | "title" | "example" | "externalDocs" | "deprecated"
                )
        });
        let members: Vec<At<'a>> = wrappers.iter().flat_map(|key| at.items(key)).collect();
        match members.as_slice() {
            [only] if !says_more => at = only.clone(),
            _ => return at,
        }
    }
    at
}
