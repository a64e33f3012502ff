//! The document that callers were made for: the newest release, or what git has.

use super::{RELEASED, SPEC};
use anyhow::{Context, bail};
use openapi_document::{Diagnostics, Document, Files, Folder};
use std::path::{Path, PathBuf};
use std::process::Command;

/// An older document.
pub(crate) struct Baseline {
    /// How it is called: its path, or `REVISION:PATH`.
    pub(crate) name: String,
    /// What it holds.
    text: String,
    from: From,
}

/// Where the files are that it refers to.
enum From {
    Folder(Folder),
    Git(Revision),
}

/// The files of a revision.
struct Revision {
    root: PathBuf,
    revision: String,
}

impl Files for Revision {
    fn text(&self, path: &str) -> Result<String, String> {
        let folder = Path::new(SPEC).parent().unwrap_or(Path::new("."));
        let path = folder.join(path).display().to_string();
        show(&self.root, &self.revision, &path).ok_or_else(|| "git has no such file".to_owned())
    }
}

impl Baseline {
    fn file(name: String, path: &Path) -> anyhow::Result<Baseline> {
        Ok(Baseline {
            name,
            text: crate::generate::read(path)?,
            from: From::Folder(Folder::of(path)),
        })
    }

    /// The document, unless its shape does not allow it, and what is wrong with it.
    pub(crate) fn document(&self) -> (Option<Document>, Diagnostics) {
        let files: &dyn Files = match &self.from {
            From::Folder(folder) => folder,
            From::Git(revision) => revision,
        };
        let (document, found) = Document::examine_with(&self.name, &self.text, files);
        (document.filter(Document::is_whole), found)
    }
}

/// The newest release, or else the document at git's HEAD; `None` when there is neither.
pub(crate) fn find(root: &Path) -> anyhow::Result<Option<Baseline>> {
    match releases(root)?.pop() {
        Some(version) => {
            let name = format!("{RELEASED}/{version}.yaml");
            let path = root.join(&name);
            Ok(Some(Baseline::file(name, &path)?))
        }
        None => Ok(committed(root, "HEAD")),
    }
}

/// What the caller names: a file, or a revision of git, for which the root is needed.
pub(crate) fn named(
    root: impl FnOnce() -> anyhow::Result<PathBuf>,
    against: &str,
) -> anyhow::Result<Option<Baseline>> {
    let path = Path::new(against);
    if path.is_file() {
        return Ok(Some(Baseline::file(against.to_owned(), path)?));
    }
    match committed(&root()?, against) {
        Some(baseline) => Ok(Some(baseline)),
        None => bail!("`{against}` is neither a file nor a git revision that has {SPEC}"),
    }
}

/// The released versions, the newest last.
pub(super) fn releases(root: &Path) -> anyhow::Result<Vec<String>> {
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
    let text = show(root, revision, SPEC)?;
    Some(Baseline {
        name: format!("{revision}:{SPEC}"),
        text,
        from: From::Git(Revision {
            root: root.to_owned(),
            revision: revision.to_owned(),
        }),
    })
}

/// A file of a revision, if git has it.
fn show(root: &Path, revision: &str, path: &str) -> Option<String> {
    if revision.starts_with('-') {
        return None;
    }
    // `./`: relative to the root, which need not be that of the repository.
    let output = Command::new("git")
        .args(["show", &format!("{revision}:./{path}")])
        .current_dir(root)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}
