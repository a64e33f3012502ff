//! Leaves out the operations that cannot be served, if the author allows it, and lists which and why.

use openapi_document::{Alone, Diagnostic, Diagnostics, Document, Files, METHODS, Node, owners};
use std::collections::BTreeMap;

/// An operation that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The path template.
    pub path: String,
    /// The method, in lower case.
    pub method: String,
    /// What is wrong with it, or with what it refers to.
    pub because: Vec<Diagnostic>,
}

/// What was read, and everything that an author should be told about it.
#[derive(Debug, Clone)]
pub struct Read {
    /// The document, without the operations that were left out.
    pub document: Document,
    /// The operations that were left out.
    pub skipped: Vec<Skipped>,
    /// Parts of other operations that were left out, such as a media type, a status or `links`; each diagnostic is at its part.
    pub spared: Vec<Diagnostic>,
    /// Warnings and notes. What is generated is sound in spite of them.
    pub warnings: Diagnostics,
}

/// Reads a document and runs the rules of this crate.
///
/// With `skip_unsupported`, operations with mistakes are left out of the document and listed; or only a part of one, where a
/// server without it offers less and breaks nothing ([`read_and_warn`] lists those). Mistakes that belong to no operation are
/// still errors.
///
/// # Errors
/// Everything that is wrong; with `skip_unsupported`, what leaving out operations does not solve.
pub fn read(
    name: &str,
    text: &str,
    skip_unsupported: bool,
) -> Result<(Document, Vec<Skipped>), Diagnostics> {
    read_with(name, text, &Alone, skip_unsupported)
}

/// As [`read`], for a document that refers to other files; `files` supplies them.
///
/// # Errors
/// As [`read`].
pub fn read_with(
    name: &str,
    text: &str,
    files: &dyn Files,
    skip_unsupported: bool,
) -> Result<(Document, Vec<Skipped>), Diagnostics> {
    let read = read_and_warn(name, text, files, skip_unsupported)?;
    Ok((read.document, read.skipped))
}

/// As [`read_with`], and returns warnings and left-out parts too.
///
/// # Errors
/// As [`read`].
pub fn read_and_warn(
    name: &str,
    text: &str,
    files: &dyn Files,
    skip_unsupported: bool,
) -> Result<Read, Diagnostics> {
    let (mut document, mut found) = Document::examine_with(name, text, files);
    let written = document.as_ref().filter(|_| skip_unsupported);
    let written = written.map(|document| document.root.clone());
    let mut skipped: BTreeMap<(String, String), Vec<Diagnostic>> = BTreeMap::new();
    let mut spared: Vec<Diagnostic> = Vec::new();
    loop {
        if let Some(document) = &document {
            found.append(crate::rules::examine(document));
            if found.only_warnings() && skip_unsupported {
                found.append(crate::types::untypable(document));
            }
        }
        if found.only_warnings() {
            let Some(document) = document else {
                return Err(found.deny_warnings());
            };
            found.sort();
            if let Some(written) = &written {
                spared.retain(|part| is_kept(written, part, &skipped));
            }
            let listed = skipped.into_iter();
            return Ok(Read {
                document,
                skipped: listed
                    .map(|((path, method), because)| Skipped {
                        path,
                        method,
                        because,
                    })
                    .collect(),
                spared,
                warnings: found,
            });
        }
        let Some(whole) = document.as_ref().filter(|_| skip_unsupported) else {
            found.sort();
            return Err(found);
        };
        let errors = || found.iter().filter(|diagnostic| !diagnostic.warning);
        let known = |part: &Diagnostic| spared.iter().any(|other| other.span == part.span);
        let parts: Vec<Diagnostic> = errors()
            .filter(|part| part.spare || is_idle(&whole.root, part))
            .filter(|part| !known(part))
            .cloned()
            .collect();
        let mut more = !parts.is_empty();
        // Another mistake may lie in such a part, so what is left without the parts is judged first.
        if parts.is_empty() {
            for diagnostic in errors() {
                for owner in owners(&whole.root, diagnostic.span) {
                    skipped.entry(owner).or_default().push(diagnostic.clone());
                    more = true;
                }
            }
        }
        spared.extend(parts);
        if !more {
            found.sort();
            return Err(found);
        }
        let keep =
            |path: &str, method: &str| !skipped.contains_key(&(path.to_owned(), method.to_owned()));
        let places: Vec<_> = spared.iter().map(|diagnostic| diagnostic.span).collect();
        (document, found) = whole.without(&keep, &places);
    }
}

/// Whether the mistake is the name of a path without operations, where nothing is served.
fn is_idle(root: &Node, mistake: &Diagnostic) -> bool {
    let paths = root.get("paths").map_or(&[][..], Node::entries);
    let mut named = paths.iter().filter(|path| path.key_span == mistake.span);
    let is_method = |key: &str| METHODS.contains(&key);
    named.any(|path| {
        !path
            .node
            .entries()
            .iter()
            .any(|entry| is_method(&entry.key))
    })
}

/// Whether the part is one of an operation that is kept, or of none.
fn is_kept(
    written: &Node,
    part: &Diagnostic,
    skipped: &BTreeMap<(String, String), Vec<Diagnostic>>,
) -> bool {
    let owners = owners(written, part.span);
    owners.is_empty() || owners.iter().any(|owner| !skipped.contains_key(owner))
}
