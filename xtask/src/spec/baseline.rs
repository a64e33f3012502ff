//! The document that callers were made for: the newest release, or what git has.

use super::{RELEASED, SPEC};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// An older document.
pub(crate) struct Baseline {
    /// How it is called: its path, or `REVISION:PATH`.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) text: String,
}

/// The newest release, or else the document at git's HEAD; `None` when there is neither.
pub(crate) fn find(root: &Path) -> Result<Option<Baseline>> {
    match releases(root)?.pop() {
        Some(version) => {
            let name = format!("{RELEASED}/{version}.yaml");
            let text = crate::generate::read(&root.join(&name))?;
            Ok(Some(Baseline { name, text }))
        }
        None => Ok(committed(root, "HEAD")),
    }
}

/// What the caller names: a file, or a revision of git.
pub(crate) fn named(root: &Path, against: &str) -> Result<Option<Baseline>> {
    let path = Path::new(against);
    if path.is_file() {
        let text = crate::generate::read(path)?;
        let name = against.to_owned();
        return Ok(Some(Baseline { name, text }));
    }
    match committed(root, against) {
        Some(baseline) => Ok(Some(baseline)),
        None => bail!("`{against}` is neither a file nor a git revision that has {SPEC}"),
    }
}

/// The released versions, the newest last.
pub(super) fn releases(root: &Path) -> Result<Vec<String>> {
    let folder = root.join(RELEASED);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).context("cannot read spec/released")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(version) = name.strip_suffix(".yaml") {
            found.push(version.to_owned());
        }
    }
    found.sort_by_key(|version| order(version));
    Ok(found)
}

/// The numbers of a version, for sorting; then its text.
fn order(version: &str) -> (Vec<u64>, String) {
    let numbers = version.split(|c: char| !c.is_ascii_digit());
    let numbers = numbers.filter_map(|number| number.parse().ok());
    (numbers.collect(), version.to_owned())
}

fn committed(root: &Path, revision: &str) -> Option<Baseline> {
    if revision.starts_with('-') {
        return None;
    }
    // `./`: relative to the root, which need not be that of the repository.
    let output = Command::new("git")
        .args(["show", &format!("{revision}:./{SPEC}")])
        .current_dir(root)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| Baseline {
        name: format!("{revision}:{SPEC}"),
        text,
    })
}
