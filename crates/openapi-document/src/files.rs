//! The files that a document refers to, and nothing else on the disk.

use std::path::{Path, PathBuf};

/// Gives the texts of the files beside a document.
pub trait Files {
    /// The text of the file at `path`, which is relative to the directory of the document, has `/` between its names
    /// and never leads upwards.
    ///
    /// # Errors
    /// Why there is none, as a fragment of a sentence.
    fn text(&self, path: &str) -> Result<String, String>;
}

/// No files: a document that stands alone.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl Files for Alone {
    fn text(&self, _path: &str) -> Result<String, String> {
        Err("this document was given without the files beside it".to_owned())
    }
}

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 64 << 20;

/// The files in the directory of a document, and below it. A symbolic link may not lead out of it.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The directory that holds `document`.
    pub fn of(document: &Path) -> Folder {
        let parent = document.parent().filter(|p| !p.as_os_str().is_empty());
        Folder {
            root: parent.map_or_else(|| PathBuf::from("."), Path::to_path_buf),
        }
    }
}

impl Files for Folder {
    fn text(&self, path: &str) -> Result<String, String> {
        let told = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        };
        let root = self.root.canonicalize().map_err(told)?;
        let file = root.join(path).canonicalize().map_err(told)?;
        if !file.starts_with(&root) {
            return Err("it leads out of the directory of the document".to_owned());
        }
        let found = file.metadata().map_err(told)?;
        if !found.is_file() {
            return Err("it is not a file".to_owned());
        }
        if found.len() > MAX_FILE {
            return Err(format!("it is larger than {MAX_FILE} bytes"));
        }
        let bytes = std::fs::read(&file).map_err(told)?;
        crate::decoded(path, bytes).map_err(|found| {
            let first = found.iter().next();
            first.map_or_else(String::new, |first| {
                let (message, line, column) = (&first.message, first.span.line, first.span.column);
                format!("{message}, in line {line}, column {column}")
            })
        })
    }
}
