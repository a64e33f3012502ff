//! Releasing a document: it becomes what the next ones are compared with.

use super::{
    FINE, Failure, MessageFormat, RELEASED, SPEC, UNSAID, advice, baseline, document, judge,
};
use crate::message;
use anyhow::{Context, anyhow};
use openapi_document::{Document, Folder};
use std::path::Path;

/// Copies the document to `spec/released/VERSION.yaml`, when nothing is wrong with it, its `info.version` is `version`,
/// and that steps as far from the newest release as the changes do. A release is never changed.
pub(super) fn run(root: &Path, version: &str, format: MessageFormat) -> Result<u8, Failure> {
    let text = crate::generate::read(&root.join(SPEC))?;
    let path = root.join(SPEC);
    let (new, found) = Document::examine_with(SPEC, &text, &Folder::of(&path));
    let Some(new) = new else {
        return Err(Failure::Document(found));
    };
    if !Document::examine(SPEC, &text).1.only_warnings() && found.only_warnings() {
        return Err(anyhow!(
            "{SPEC} refers to other files, but a release is one file: put them together first"
        )
        .into());
    }
    judge(&new, found).map_err(Failure::Document)?;
    let told = new.root.at("/info/version").and_then(|node| node.as_str());
    if told != Some(version) {
        let told = told.unwrap_or_default();
        return Err(
            anyhow!("info.version of {SPEC} is `{told}`, not `{version}`: edit it first").into(),
        );
    }
    if version.contains(['/', '\\']) || version.starts_with('.') {
        return Err(anyhow!("`{version}` cannot be the name of a file").into());
    }
    let name = format!("{RELEASED}/{version}.yaml");
    let path = root.join(&name);
    if path.is_file() {
        if crate::generate::read(&path)? == text {
            println!("{:>10} {name} was blessed before", "Unchanged");
            return Ok(FINE);
        }
        return Err(anyhow!("{name} was released, and stays as it is: raise info.version").into());
    }
    if let Some(newest) = baseline::releases(root)?.pop() {
        let old_name = format!("{RELEASED}/{newest}.yaml");
        let old = document(&root.join(&old_name), &old_name)?;
        let changes = openapi_check::changes(&old, &new);
        if let Some(advice) = advice(&changes) {
            for change in changes.iter() {
                print!("{}", message::change(&changes, change, format));
            }
            eprintln!("error: {advice}; nothing was released");
            return Ok(UNSAID);
        }
    }
    std::fs::create_dir_all(root.join(RELEASED))
        .and_then(|()| std::fs::write(&path, text))
        .with_context(|| format!("cannot write {name}"))?;
    println!("{:>10} {name}", "Blessed");
    Ok(FINE)
}
