//! `gen --watch`: generates again whenever the document changes.

use super::{GenArgs, find_root, once};
use crate::spec::SPEC;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

/// How often the folder of the document is looked at. Polling needs no library, and works on every file system.
const EVERY: Duration = Duration::from_millis(200);

/// What tells one state of the folder from another: the time and length of each file, recursively.
type Stamp = Vec<(PathBuf, SystemTime, u64)>;

/// Runs until it is interrupted, or the document's folder cannot be found.
pub(super) fn run(args: &GenArgs) -> ExitCode {
    let root = match &args.root {
        Some(root) => root.clone(),
        None => match find_root() {
            Ok(root) => root,
            Err(error) => {
                eprintln!("error: {error:#}");
                return ExitCode::FAILURE;
            }
        },
    };
    let document = root.join(SPEC);
    let folder = document.parent().unwrap_or(&root).to_owned();
    loop {
        let before = stamp(&folder);
        // What is wrong was told; the author mends it, and it runs again.
        let _ = once(args);
        println!("{:>10} {}", "Watching", folder.display());
        while stamp(&folder) == before {
            std::thread::sleep(EVERY);
        }
    }
}

fn stamp(folder: &Path) -> Stamp {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                let time = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((entry.path(), time, metadata.len()));
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_in_any_file_of_the_folder_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(folder.path().join("a.yaml"), "a").unwrap();
        let before = stamp(folder.path());
        assert_eq!(stamp(folder.path()), before, "nothing changed");
        std::fs::write(inner.join("b.yaml"), "b").unwrap();
        let with_another = stamp(folder.path());
        assert_ne!(with_another, before);
        std::fs::write(inner.join("b.yaml"), "longer").unwrap();
        assert_ne!(stamp(folder.path()), with_another);
    }
}
