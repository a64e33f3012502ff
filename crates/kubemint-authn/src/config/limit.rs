//! For what an issuer may speak: the scopes that its tokens may claim.
//!
//! A token says itself where its roles hold. With one issuer that is its word; with several, each could speak for what is
//! another's, unless it is kept to its own.

use super::MAX_NAME;

/// The kinds of scope that a token may have.
const KINDS: [&str; 3] = ["project", "folder", "organization"];

/// The scopes that an issuer may speak for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Any, because nothing was written.
    #[default]
    Unsaid,
    /// Any, because the operator says so.
    Anything,
    /// These, as kind and id.
    Only(Vec<(String, String)>),
}

impl Limit {
    /// The limit that is written: `["*"]`, or a `KIND:ID` for each.
    pub(super) fn read(written: Option<&[String]>) -> Result<Self, String> {
        let Some(written) = written else {
            return Ok(Self::Unsaid);
        };
        if written == ["*"] {
            return Ok(Self::Anything);
        }
        if written.is_empty() {
            return Err("must name at least one; [\"*\"] is any".to_owned());
        }
        let scope = |text: &String| {
            let (kind, id) = text.split_once(':')?;
            let fits = KINDS.contains(&kind) && (1..=MAX_NAME).contains(&id.len());
            fits.then(|| (kind.to_owned(), id.to_owned()))
        };
        let scopes = written.iter().map(|text| {
            scope(text).ok_or_else(|| {
                format!("{text:?} must be project:ID, folder:ID or organization:ID; [\"*\"] alone is any")
            })
        });
        scopes.collect::<Result<_, _>>().map(Self::Only)
    }

    /// Whether a token of this scope is within it.
    pub(crate) fn admits(&self, scope: Option<&str>, id: Option<&str>) -> bool {
        match self {
            Self::Unsaid | Self::Anything => true,
            Self::Only(scopes) => scopes
                .iter()
                .any(|(kind, of)| Some(kind.as_str()) == scope && Some(of.as_str()) == id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &[&str]) -> Result<Limit, String> {
        let written: Vec<String> = written.iter().map(|text| (*text).to_owned()).collect();
        Limit::read(Some(&written))
    }

    #[test]
    fn only_what_is_written_is_admitted_by_kind_and_id() {
        let limit = read(&["project:a", "organization:o:1"]).unwrap();
        assert!(limit.admits(Some("project"), Some("a")));
        assert!(limit.admits(Some("organization"), Some("o:1")));
        for (scope, id) in [
            (Some("project"), Some("b")),
            (Some("folder"), Some("a")),
            (Some("project"), None),
            (None, Some("a")),
            (None, None),
        ] {
            assert!(!limit.admits(scope, id), "{scope:?} {id:?}");
        }
        assert!(read(&["*"]).unwrap().admits(None, None));
        assert!(
            Limit::read(None)
                .unwrap()
                .admits(Some("project"), Some("b"))
        );
    }

    #[test]
    fn what_is_no_scope_is_told() {
        for written in [
            &["tenant:a"][..],
            &["project"],
            &["project:"],
            &["*", "project:a"],
            &[],
        ] {
            assert!(read(written).is_err(), "{written:?}");
        }
    }
}
