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
