//! What is wrong with an input.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::path::Path;

/// One thing that is wrong. It never holds a submitted value; names of members are escaped and cut to 64 characters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Violation {
    /// Where: a JSON pointer (RFC 6901) into the body, or into the parameter's value. Empty: the whole of it.
    pub pointer: String,
    /// Where, for people: `ttl`, `spec.items[2].name`; `body` for the whole body.
    pub field: String,
    /// Why: one of [`super::reason`].
    pub reason: &'static str,
    /// The bound that applies, as [`super::reason`] says for each reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Value>,
    /// The same for people, as what is said of the field: `must be at least 1`.
    pub message: String,
}

impl Violation {
    pub(super) fn new(
        path: &Path<'_>,
        reason: &'static str,
        limit: Option<Value>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            pointer: path.pointer(),
            field: path.field(),
            reason,
            limit,
            message: message.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Everything that is wrong: at least one violation, at most as many as the limits say. Members of an object come in
/// the order of the schema, then those that it does not name.
#[derive(Clone, Debug, PartialEq)]
pub struct Violations {
    list: Vec<Violation>,
    truncated: bool,
}

impl Violations {
    /// `list` is not empty.
    pub(super) fn new(list: Vec<Violation>, truncated: bool) -> Self {
        debug_assert!(!list.is_empty());
        Self { list, truncated }
    }

    /// Whether there may be more than are listed.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }
}

impl From<Violation> for Violations {
    fn from(violation: Violation) -> Self {
        Self::new(vec![violation], false)
    }
}

impl std::ops::Deref for Violations {
    type Target = [Violation];

    fn deref(&self) -> &[Violation] {
        &self.list
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.list.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        if self.truncated {
            f.write_str("; and more")?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

#[cfg(test)]
mod tests {
    use super::super::reason;
    use super::*;

    #[test]
    fn violations_are_told_in_one_line_and_whether_there_are_more() {
        let of =
            |name: &&str| Violation::new(&Path::Parameter(name), reason::TOO_SMALL, None, "is bad");
        let told = |names: &[&str], truncated| {
            Violations::new(names.iter().map(of).collect(), truncated).to_string()
        };
        assert_eq!(told(&["a"], false), "a: is bad");
        assert_eq!(
            told(&["a", "b", "c"], false),
            "a: is bad; b: is bad; c: is bad"
        );
        assert_eq!(told(&["a", "b"], true), "a: is bad; b: is bad; and more");
    }
}
