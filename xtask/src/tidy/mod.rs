//! `cargo xtask tidy`: the house's rules that no compiler checks.

mod crates;
mod files;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Checks every rule, prints every breach, and fails if there is one.
pub(crate) fn run() -> Result<()> {
    let root = root();
    let mut breaches = crates::breaches(&crates::Graph::read(&root)?);
    for path in tracked(&root)? {
        let Ok(text) = std::fs::read_to_string(root.join(&path)) else {
            continue; // Not text, or deleted and not yet committed.
        };
        breaches.extend(files::breaches(&path, &text));
    }
    for breach in &breaches {
        eprintln!("tidy: {breach}");
    }
    if !breaches.is_empty() {
        bail!(
            "{} breaches of the house's rules (ARCHITECTURE.md tells them)",
            breaches.len()
        );
    }
    println!("tidy: ok");
    Ok(())
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

fn tracked(root: &Path) -> Result<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot run `git ls-files`; tidy needs git and a checkout")?;
    if !listed.status.success() {
        bail!(
            "`git ls-files` failed: {}",
            String::from_utf8_lossy(&listed.stderr)
        );
    }
    Ok(String::from_utf8(listed.stdout)?
        .lines()
        .map(str::to_owned)
        .collect())
}
