//! Generated files: compared, shown as a difference, or written; never touched when equal.

use anyhow::Context;
use similar::{ChangeTag, TextDiff};
use std::io::ErrorKind;
use std::path::Path;

/// A file that a generator owns.
pub(crate) struct File {
    /// Relative to the root of the workspace.
    pub(crate) path: &'static str,
    content: String,
}

/// How a file on disk stands to what it should be.
pub(crate) enum State {
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
    pub(crate) fn new(path: &'static str, content: String) -> Self {
        File { path, content }
    }

    /// Compares the file with what it should be.
    pub(crate) fn compare(&self, root: &Path) -> anyhow::Result<State> {
        let path = root.join(self.path);
        let before = match std::fs::read_to_string(&path) {
            Ok(before) => before,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        if before == self.content {
            return Ok(State::Fresh);
        }
        let (mut added, mut removed) = (0, 0);
        for change in TextDiff::from_lines(&before, &self.content).iter_all_changes() {
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
    pub(crate) fn diff(&self, before: &str) -> String {
        let (old, new) = (format!("a/{}", self.path), format!("b/{}", self.path));
        TextDiff::from_lines(before, &self.content)
            .unified_diff()
            .header(&old, &new)
            .to_string()
    }

    /// Writes the file, by way of a neighbour, so that it is never half there.
    pub(crate) fn write(&self, root: &Path) -> anyhow::Result<()> {
        let path = root.join(self.path);
        let neighbour = path.with_extension("new");
        std::fs::write(&neighbour, &self.content)
            .and_then(|()| std::fs::rename(&neighbour, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
