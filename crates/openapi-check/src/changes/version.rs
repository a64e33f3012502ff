//! How far `info.version` must step for changes of a level.

use super::Level;

/// Three numbers, as semantic versions begin.
type Numbers = (u64, u64, u64);

/// What `info.version` does about the changes since an older document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The version of the old document.
    pub old: String,
    /// The version of the new document.
    pub new: String,
    /// The lowest version that says what the changes are; `None` when the old version is not of three numbers, so
    /// that any other version will do.
    pub wanted: Option<String>,
    /// Whether the new version is enough.
    pub enough: bool,
}

/// The step that changes up to `level` demand; `None` is no change at all.
///
/// The rules are those of Cargo: after 1.0.0, breaking changes raise the first number, additions the second, the
/// rest the third. Before, breaking changes raise the second number, and everything else the third.
pub(super) fn step(old: &str, new: &str, level: Option<Level>) -> Step {
    let wanted = numbers(old).map(|(major, minor, patch)| match (level, major) {
        (None, _) => (major, minor, patch),
        (Some(Level::Major), 0) => (0, minor + 1, 0),
        (Some(_), 0) => (0, minor, patch + 1),
        (Some(Level::Major), _) => (major + 1, 0, 0),
        (Some(Level::Minor), _) => (major, minor + 1, 0),
        (Some(Level::Patch), _) => (major, minor, patch + 1),
    });
    let enough = match (wanted, numbers(new)) {
        (Some(wanted), Some(new)) => new >= wanted,
        // No order between such versions: a different one is a step.
        _ => level.is_none() || old != new,
    };
    Step {
        old: old.to_owned(),
        new: new.to_owned(),
        wanted: wanted.map(|(major, minor, patch)| format!("{major}.{minor}.{patch}")),
        enough,
    }
}

/// The numbers of `1.2.3`, `v1.2.3`, `1.2` or `1.2.3-rc.1`.
fn numbers(version: &str) -> Option<Numbers> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let plain = version.split(['-', '+']).next()?;
    let mut parts = plain.split('.').map(|part| part.parse::<u64>());
    let numbers = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next().unwrap_or(Ok(0)).ok()?,
    );
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_step_as_cargo_steps_them() {
        let wanted = |old, level| step(old, old, level).wanted.unwrap_or_default();
        assert_eq!(wanted("1.3.0", Some(Level::Minor)), "1.4.0");
        assert_eq!(wanted("1.3.1", Some(Level::Major)), "2.0.0");
        assert_eq!(wanted("1.3.1", Some(Level::Patch)), "1.3.2");
        assert_eq!(wanted("0.3.1", Some(Level::Major)), "0.4.0");
        assert_eq!(wanted("0.3.1", Some(Level::Minor)), "0.3.2");
        assert_eq!(wanted("0.3.1", None), "0.3.1");
    }

    #[test]
    fn a_version_is_enough_when_it_is_not_below_the_wanted_one() {
        assert!(step("1.3.0", "1.4.0", Some(Level::Minor)).enough);
        assert!(step("1.3.0", "2.0.0", Some(Level::Minor)).enough);
        assert!(!step("1.3.0", "1.3.9", Some(Level::Minor)).enough);
        assert!(!step("1.3.0", "1.2.0", None).enough);
    }

    #[test]
    fn versions_without_numbers_must_only_differ() {
        assert!(step("2024-01-01", "2024-02-01", Some(Level::Major)).enough);
        assert!(!step("2024-01-01", "2024-01-01", Some(Level::Major)).enough);
        assert!(step("spring", "spring", None).enough);
    }
}
