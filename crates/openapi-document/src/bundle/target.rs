//! Where a `$ref` leads: to which file, which is read when it is first referred to, and to which pointer in it.

use super::{Bundler, nothing};
use crate::node::{Node, Span};
use crate::pointer::{of_fragment, percent_decoded};
use crate::{Diagnostic, Source, read};

/// The most files that one document is read from.
pub const MAX_FILES: usize = 2000;
/// The most text of them all, in bytes.
const MAX_TEXT: usize = 256 << 20;

impl Bundler<'_> {
    /// The file and pointer that a `$ref` leads to, and where it is written; `None` when that is told, or another rule
    /// tells it.
    pub(super) fn target(&mut self, node: &Node, file: usize) -> Option<(usize, String, Span)> {
        let reference = node.get("$ref")?;
        let (text, span) = (reference.as_str()?, reference.span);
        let (path, fragment) = text.split_once('#').unwrap_or((text, ""));
        if !path.contains(['/', '.']) && !text.contains('#') {
            return None;
        }
        let pointer = match of_fragment(fragment) {
            Ok(pointer) => pointer.into_owned(),
            Err((why, help)) => {
                let message = format!("`{text}` is no reference");
                let told = Diagnostic::new("K0103", span, message)
                    .label(why)
                    .help(help);
                self.diagnostics.push(told);
                return None;
            }
        };
        if path.is_empty() {
            return Some((file, pointer, span));
        }
        if path.contains("://") || path.starts_with("//") || path.starts_with('/') {
            let message = format!("`{text}` leads out of the directory of the document");
            let help = "save what it leads to beside the document: nothing is read over the network, or from elsewhere";
            self.tell(span, &message, help);
            return None;
        }
        let from = self.paths.get(file).cloned().unwrap_or_default();
        let Some(path) = join(&from, path) else {
            let message = format!("`{text}` leads out of the directory of the document");
            self.tell(
                span,
                &message,
                "move the file into that directory, or below it",
            );
            return None;
        };
        match self.load(&path) {
            Ok(target) => Some((target, pointer, span)),
            Err(why) if why.is_empty() => None,
            Err(why) => {
                let shown = format!("{}{path}", self.directory);
                let message = format!("`{shown}` cannot be read");
                self.diagnostics.push(
                    Diagnostic::new("K0103", span, message)
                        .label(why)
                        .help("file names in references are relative to the file that they are in"),
                );
                None
            }
        }
    }

    fn load(&mut self, path: &str) -> Result<usize, String> {
        if let Some(known) = self.loaded.get(path) {
            return known.clone();
        }
        let loaded = self.read(path);
        self.loaded.insert(path.to_owned(), loaded.clone());
        loaded
    }

    fn read(&mut self, path: &str) -> Result<usize, String> {
        let file = self.sources.len();
        if file >= MAX_FILES {
            return Err(format!("there are more than {MAX_FILES} files"));
        }
        let text = self.files.text(path)?;
        self.size += text.len();
        if self.size > MAX_TEXT {
            return Err(format!("the files are larger than {MAX_TEXT} bytes"));
        }
        let root = read::read(path, &text, file);
        self.sources.push(Source {
            name: format!("{}{path}", self.directory),
            text,
        });
        self.paths.push(path.to_owned());
        match root {
            Ok(root) => {
                self.roots.push(root);
                Ok(file)
            }
            Err(found) => {
                self.roots.push(nothing());
                self.diagnostics.extend(found);
                // What is wrong with it is told where it is.
                Err(String::new())
            }
        }
    }
}

/// `path` as it stands in the file `from`, without `.` and `..`; `None` when it leads above the directory.
fn join(from: &str, path: &str) -> Option<String> {
    let decoded = percent_decoded(path).unwrap_or_else(|_| path.to_owned());
    let (directory, _) = from.rsplit_once('/').unwrap_or(("", from));
    let mut names: Vec<&str> = directory
        .split('/')
        .filter(|name| !name.is_empty())
        .collect();
    for name in decoded.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    if names.iter().any(|name| name.contains(['\\', '\0', ':'])) {
        return None;
    }
    Some(names.join("/"))
}
