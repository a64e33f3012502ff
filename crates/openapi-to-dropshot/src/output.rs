//! Generated files: compared with those on disk, shown as a difference, or written; never touched when equal.
//!
//! ```
//! use openapi_to_dropshot::output::{File, State};
//!
//! # fn main() -> std::io::Result<()> {
//! # let folder = std::env::temp_dir().join(format!("openapi-to-dropshot-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let file = File::new("types.rs", "pub struct Thing;\n".to_owned());
//! assert!(matches!(file.compare(&folder)?, State::Differs { added: 1, removed: 0, .. }));
//! file.write(&folder)?;
//! assert!(matches!(file.compare(&folder)?, State::Fresh));
//! # std::fs::remove_dir_all(&folder)
//! # }
//! ```

use openapi_document::Diagnostic;
use similar::{ChangeTag, TextDiff};
use std::io::{Error, ErrorKind, Result, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file that a generator owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, relative to the root that it is compared and written below.
    pub path: String,
    content: String,
}

/// How a file on disk compares with what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Equal.
    Fresh,
    /// Different, or not there.
    Differs {
        /// Lines that it lacks.
        added: usize,
        /// Lines that it should not have.
        removed: usize,
        /// What it holds; empty when it is not there.
        before: String,
    },
}

impl File {
    /// A file that should hold `content`.
    pub fn new(path: impl Into<String>, content: String) -> Self {
        let path = path.into();
        File { path, content }
    }

    /// Compares the file below `root` with what it should be.
    ///
    /// # Errors
    /// It is there and cannot be read as text.
    pub fn compare(&self, root: &Path) -> Result<State> {
        let before = match std::fs::read_to_string(root.join(&self.path)) {
            Ok(before) => before,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(named(&error, "read", &root.join(&self.path))),
        };
        if before == self.content {
            return Ok(State::Fresh);
        }
        let (mut added, mut removed) = (0, 0);
        if before.is_empty() {
            // A byte after the other is counted sooner than lines are looked for.
            added = self.content.bytes().filter(|byte| *byte == b'\n').count();
            added += usize::from(!self.content.is_empty() && !self.content.ends_with('\n'));
            return Ok(State::Differs {
                added,
                removed,
                before,
            });
        }
        for change in differences(&before, &self.content).iter_all_changes() {
            match change.tag() {
                ChangeTag::Insert => added += 1,
                ChangeTag::Delete => removed += 1,
                ChangeTag::Equal => {}
            }
        }
        Ok(State::Differs {
            added,
            removed,
            before,
        })
    }

    /// The unified difference from `before` to what the file should be.
    pub fn diff(&self, before: &str) -> String {
        let (old, new) = (format!("a/{}", self.path), format!("b/{}", self.path));
        differences(before, &self.content)
            .unified_diff()
            .header(&old, &new)
            .to_string()
    }

    /// Writes the file by renaming a temporary one beside it, so that it is never half written. Missing folders are created.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, root: &Path) -> Result<()> {
        self.prepare(root)?.put()
    }

    /// Writes the neighbour.
    fn prepare(&self, root: &Path) -> Result<Prepared> {
        let path = root.join(&self.path);
        let neighbour = path.with_extension("new");
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| named(&error, "make", folder))?;
        }
        let prepared = Prepared { path, neighbour };
        std::fs::write(&prepared.neighbour, &self.content)
            .map_err(|error| named(&error, "write", &prepared.path))?;
        Ok(prepared)
    }
}

/// The difference of two texts by lines. Of two that have little in common, the least difference takes minutes to find, and
/// says no more than another one.
fn differences<'a>(before: &'a str, after: &'a str) -> TextDiff<'a, 'a, 'a, str> {
    TextDiff::configure()
        .timeout(Duration::from_millis(500))
        .diff_lines(before, after)
}

/// A file that is written, but not where it belongs. Dropped, it leaves nothing behind.
struct Prepared {
    path: PathBuf,
    neighbour: PathBuf,
}

impl Prepared {
    fn put(self) -> Result<()> {
        std::fs::rename(&self.neighbour, &self.path)
            .map_err(|error| named(&error, "write", &self.path))
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // It is no longer there when it was put where it belongs.
        let _ = std::fs::remove_file(&self.neighbour);
    }
}

/// Compares every file, and replaces them only after all could be read and written beside their places, so that a full disk leaves
/// everything as it was. With `check`, writes nothing and prints the difference of each to standard output. `say` is called with a
/// verb (`Unchanged`, `Stale`, `Writing`) and the file. Returns how many differ.
///
/// # Errors
/// A file cannot be read or written.
pub fn settle(root: &Path, files: &[File], check: bool, say: &dyn Fn(&str, &str)) -> Result<usize> {
    let states = files
        .iter()
        .map(|file| file.compare(root))
        .collect::<Result<Vec<State>>>()?;
    let lengths = files.iter().map(|file| file.path.len());
    let width = lengths.max().unwrap_or_default();
    let mut prepared = Vec::new();
    for (file, state) in files.iter().zip(&states) {
        if !check && matches!(state, State::Differs { .. }) {
            prepared.push(file.prepare(root)?);
        }
    }
    let mut prepared = prepared.into_iter();
    let mut stale = 0;
    for (file, state) in files.iter().zip(&states) {
        let path = &file.path;
        let State::Differs {
            added,
            removed,
            before,
        } = state
        else {
            say("Unchanged", path);
            continue;
        };
        stale += 1;
        let verb = if check { "Stale" } else { "Writing" };
        if let Some(prepared) = prepared.next() {
            prepared.put()?;
        }
        say(verb, &format!("{path:width$}  +{added} -{removed}"));
        if check {
            print(&file.diff(before));
        }
    }
    Ok(stale)
}

/// The error, with what was tried.
fn named(error: &Error, verb: &str, path: &Path) -> Error {
    let message = format!("cannot {verb} {}: {error}", path.display());
    Error::new(error.kind(), message)
}

/// Prints a line on standard output as Cargo does: the verb, right-aligned, and what. A closed pipe is no error.
pub fn say(verb: &str, what: &str) {
    print(&line(verb, what));
}

/// The line that [`say`] prints.
pub(crate) fn line(verb: &str, what: &str) -> String {
    format!("{verb:>10} {what}\n")
}

/// A diagnosis about `file` in one line: `file:line:column: code: message`, and what is beside its caret.
pub fn place(file: &str, diagnostic: &Diagnostic) -> String {
    let (line, column) = (diagnostic.span.line, diagnostic.span.column);
    let (code, message) = (diagnostic.code, &diagnostic.message);
    let beside = match diagnostic.label.as_str() {
        label if diagnostic.spare && !label.is_empty() => format!(" ({label})"),
        _ => String::new(),
    };
    format!("{file}:{line}:{column}: {code}: {message}{beside}")
}

/// Writes a line to standard error, and goes on when nobody reads it.
pub fn aside(text: &str) {
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Writes to standard output, and goes on when nobody reads it.
pub fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
