//! A copy of the tree, so that the tree itself is never changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::tidy::root;

/// Makes the copy, or makes it as the tree is now. What is the same is left alone, so that it is not built again.
///
/// # Errors
/// git is not there, or a file cannot be read or written.
pub(crate) fn renew(to: &Path) -> Result<()> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .context("cannot run git")?;
    if !listed.status.success() {
        bail!("git cannot list the tree's files");
    }
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let files: BTreeSet<&str> = listed.split('\0').filter(|name| !name.is_empty()).collect();
    for name in &files {
        // A file that was deleted is listed until that is committed.
        if let Ok(text) = std::fs::read(root().join(name)) {
            write(&to.join(name), &text)?;
        }
    }
    let known: BTreeSet<PathBuf> = files.iter().map(|name| to.join(name)).collect();
    remove_others(to, &known)
}

/// Writes the file unless it is like this already.
///
/// # Errors
/// It cannot be written.
pub(crate) fn write(file: &Path, text: &[u8]) -> Result<()> {
    if std::fs::read(file).is_ok_and(|there| there == text) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn remove_others(folder: &Path, known: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, known)?;
        } else if !known.contains(&path) {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}
