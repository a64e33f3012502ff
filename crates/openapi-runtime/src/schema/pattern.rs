//! Regular expressions for constants, compiled when they are first needed.

use std::sync::OnceLock;

/// A regular expression of ECMA 262 with the `u` flag, as JSON Schema wants it.
///
/// The engine backtracks: a pattern with nested quantifiers, such as `(a+)+$`, takes exponential time on a string that
/// was made for it. Patterns come from our own document, never from a client; give the string a `max_length`, which
/// is enforced before the pattern is tried.
pub struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<regress::Regex>>,
}

impl Pattern {
    /// The pattern with this source. It is not compiled yet, so errors in it are not seen yet:
    /// see [`Self::is_valid`].
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    /// The source, as in the document.
    #[must_use]
    pub const fn source(&self) -> &'static str {
        self.source
    }

    /// Whether the source is a regular expression. For the generator and for tests of generated code.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.regex().is_some()
    }

    /// Whether the pattern matches somewhere in the text. A pattern that is no regular expression matches nothing,
    /// so that a mistake refuses values instead of letting them pass.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.find(text).is_some())
    }

    /// The first character of the text that the pattern takes nowhere, and its place, counted from 0. `None` where the
    /// pattern is more than one class of characters for all of the text (`^[a-z]*$`), so that no single one is at fault.
    #[must_use]
    pub fn stranger(&self, text: &str) -> Option<(usize, char)> {
        let class = self.source.strip_prefix("^[")?;
        let class = class
            .strip_suffix("]*$")
            .or_else(|| class.strip_suffix("]+$"))?;
        let mut escaped = false;
        for c in class.chars() {
            if c == ']' && !escaped {
                return None;
            }
            escaped = c == '\\' && !escaped;
        }
        let is_taken = |c: char| self.matches(c.encode_utf8(&mut [0; 4]));
        text.chars().enumerate().find(|(_, c)| !is_taken(*c))
    }

    fn regex(&self) -> Option<&regress::Regex> {
        self.compiled
            .get_or_init(|| regress::Regex::with_flags(self.source, "u").ok())
            .as_ref()
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}

/// A `&'static` [`Pattern`] with this source, in place, also within a constant.
#[macro_export]
macro_rules! pattern {
    ($source:expr) => {{
        static PATTERN: $crate::schema::Pattern = $crate::schema::Pattern::new($source);
        &PATTERN
    }};
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn what_is_wrong_is_told_where_each_character_is_judged_by_itself() {
        for (source, text, stranger) in [
            ("^[a-z]*$", "abC", Some((2, 'C'))),
            ("^[!-~]+$", "é b", Some((0, 'é'))),
            (
                r"^[^\u0000-\u0008\u202A-\u202E]*$",
                "a\n\u{202e}",
                Some((2, '\u{202e}')),
            ),
            (r"^[a\]b]*$", "a]b-", Some((3, '-'))),
            (r"^[\\]*$", "\\/", Some((1, '/'))),
            ("^[a-z]+$", "", None),
            ("^[a-z]*$", "abc", None),
            ("^[a-z]([-a-z]*[a-z])?$", "a-", None),
            ("^[a]|[b]*$", "c", None),
            ("[a-z]*$", "C", None),
            ("^a*$", "b", None),
        ] {
            assert_eq!(
                Pattern::new(source).stranger(text),
                stranger,
                "{source} {text:?}"
            );
        }
    }
}
